"""Containers' logs: what applications write, and what the kubelet answers about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.kubelet.pods import Container, LogLine, Pod
from sandbox.kubelet.timestamps import nanoseconds

SERVER_START = (
    "AH00094: Command line: 'apache2 -D FOREGROUND'",
    "AH00163: Apache/2.4 (Debian) PHP/8.2 configured -- resuming normal operations",
)
JOB_START = ("Checking the database.",)
JOB_END = ("Success: Done.",)
SERVER_END = ("AH00170: caught SIGWINCH, shutting down gracefully",)

_WAITING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class LogError(Exception):
    """Why there is no log to show, in the kubelet's words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class LogOptions:
    """What of a log is asked for."""

    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since_seconds: int | None = None
    since_time: datetime | None = None


def options(query: Mapping[str, str]) -> LogOptions:
    """Read the parameters of a request; raises ValueError."""

    def number(key: str) -> int | None:
        return int(query[key]) if key in query else None

    since = query.get("sinceTime")
    return LogOptions(
        previous=query.get("previous", "false") in {"true", "1"},
        timestamps=query.get("timestamps", "false") in {"true", "1"},
        tail_lines=number("tailLines"),
        limit_bytes=number("limitBytes"),
        since_seconds=number("sinceSeconds"),
        since_time=datetime.fromisoformat(since) if since else None,
    )


def read(pod: Pod, name: str, wanted: LogOptions, now: datetime) -> str:
    """Answer a request for a container's log; raises LogError."""
    container = pod.container(name)
    if container is None:
        raise LogError(404, f'container "{name}" not found in pod "{pod.name}"')
    lines = container.logs.get(_run(pod, container, previous=wanted.previous), [])
    return _render(lines, wanted, now)


def _run(pod: Pod, container: Container, *, previous: bool) -> str:
    """Choose the run whose log is meant, by its container ID."""
    subject = f'container "{container.name}" in pod "{pod.name}"'
    last: str = container.last_state.get("terminated", {}).get("containerID", "")
    if previous and not last:
        raise LogError(400, f"previous terminated {subject} not found")
    if previous:
        return last
    if "waiting" not in container.state:
        return container.container_id
    if last:
        return last
    reason = container.state["waiting"]["reason"]
    raise LogError(400, f"{subject} is waiting to start: {_WAITING.get(reason, reason)}")


def _render(lines: list[LogLine], wanted: LogOptions, now: datetime) -> str:
    since = wanted.since_time
    if wanted.since_seconds is not None:
        since = now - timedelta(seconds=wanted.since_seconds)
    chosen = [line for line in lines if since is None or line[0] >= since]
    if wanted.tail_lines is not None:
        chosen = chosen[max(len(chosen) - wanted.tail_lines, 0) :]
    text = "".join(
        f"{nanoseconds(moment)} {line}\n" if wanted.timestamps else f"{line}\n"
        for moment, line in chosen
    )
    # The lines are ASCII: a character is a byte.
    return text[: wanted.limit_bytes]
