"""Clues: what a snapshot and the API server's objects tell of a failure, as others wrote it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wpdeploy import observed, view
from wpdeploy.observed import ReplicaSet, Snapshot
from wpdeploy.parts import condition, time
from wpdeploy.pods import CONTAINER, INIT, SIDECAR, Pod
from wpdeploy.rollout import current_pods
from wpdeploy.verdict import Verdict

WARNING = "Warning"
# Of two runs of a container, which.
CURRENT, PREVIOUS = "current", "previous"
# Events whose message holds what a probe or a hook in a container has said.
_QUOTES = re.compile(r"Unhealthy|Probe\w+|Failed(PostStart|PreStop)Hook")


@dataclass(frozen=True)
class Told:
    """An Event: what was told of which object, how often, and when last."""

    last: datetime | None
    type: str
    about: str
    reason: str
    message: str
    count: int


@dataclass(frozen=True)
class Run:
    """A run of a container; `which` is one of the two above, `state` running, waiting or ended.

    `message` is the container's own if it has ended, else the kubelet's.
    """

    container: str
    role: str
    which: str
    state: str
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None
    started: datetime | None = None
    finished: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.exit_code is not None

    @property
    def exit(self) -> str:
        """How it ended; empty where it has not."""
        if self.exit_code is None:
            return ""
        signal = f", signal {self.signal}" if self.signal else ""
        return f"exit code {self.exit_code}{signal}" + (f", {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class PodRow:
    """A pod of the rollout; `age` is in seconds, `node` is empty where it is not known."""

    name: str
    kind: str
    restarts: int
    node: str
    age: int
    state: str


@dataclass(frozen=True)
class Used:
    """What a ResourceQuota says of one resource."""

    quota: str
    resource: str
    used: str
    hard: str


def quotes(reason: str) -> bool:
    """Whether an Event for this reason holds a container's own words."""
    return bool(_QUOTES.fullmatch(reason))


def told(raw: Mapping[str, Any]) -> Told:
    """An Event's JSON, read."""
    about = raw.get("involvedObject") or {}
    known = observed.event({**raw, "involvedObject": about})
    count = raw.get("count") or (raw.get("series") or {}).get("count") or 1
    name = f"{about.get('kind', '')} {about.get('name', '')}"
    return Told(known.last, raw.get("type") or "", name, known.reason, known.message, count)


def used(quota: Mapping[str, Any]) -> Iterator[Used]:
    """A ResourceQuota's JSON, read."""
    status, name = quota.get("status") or {}, quota["metadata"]["name"]
    for resource, hard in (status.get("hard") or {}).items():
        yield Used(name, resource, (status.get("used") or {}).get(resource, "0"), hard)


def scheduler(pod: Mapping[str, Any]) -> str:
    """The scheduler's own message on a pod that has no node."""
    found = condition(pod.get("status") or {}, "PodScheduled")
    return found.get("message", "") if found.get("status") == "False" else ""


def runs(pod: Mapping[str, Any]) -> Iterator[Run]:
    """The runs of a pod's containers, of each the previous one first."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    sidecars = {
        item["name"]
        for item in spec.get("initContainers") or []
        if item.get("restartPolicy") == "Always"
    }
    for item in status.get("initContainerStatuses") or []:
        yield from _runs(item, SIDECAR if item["name"] in sidecars else INIT)
    for item in status.get("containerStatuses") or []:
        yield from _runs(item, CONTAINER)


def current(snapshot: Snapshot) -> ReplicaSet | None:
    """The newest ReplicaSet of the Deployment."""
    uid = snapshot.workload.uid if snapshot.workload else ""
    own = [item for item in snapshot.replica_sets if item.owner == uid]
    return max(own, key=lambda item: item.revision, default=None)


def tells_of_quota(verdict: Verdict, snapshot: Snapshot) -> bool:
    """Whether a quota may have to do with it."""
    newest = current(snapshot)
    texts = [
        verdict.sentence,
        *(text for _, text in verdict.details),
        newest.failure if newest else "",
    ]
    return any("exceeded quota" in text for text in texts)


def pod_rows(snapshot: Snapshot, nodes: Mapping[str, str]) -> list[PodRow]:
    """The pods of the rollout, in the order in which they matter; `nodes` are by name."""
    return [
        PodRow(
            name=row.pod,
            kind=row.kind.name.lower(),
            restarts=row.restarts,
            node=nodes.get(row.pod, ""),
            age=int(row.age.total_seconds()),
            state=row.state,
        )
        for row in view.rows(snapshot)
    ]


def unready(snapshot: Snapshot) -> Sequence[Pod]:
    """The new pods that are not ready, those in trouble first."""
    found = [pod for pod in current_pods(snapshot) if not pod.ready]
    return sorted(found, key=lambda pod: not pod.trouble)


def since(found: Sequence[Told], begun: datetime | None) -> list[Told]:
    """The Events since then, the newest last."""
    # An Event's time has no fractions of a second.
    start = begun.replace(microsecond=0) if begun else None
    kept = [item for item in found if not (start and item.last and item.last < start)]
    return sorted(kept, key=lambda item: str(item.last or ""))


def own_words(snapshot: Snapshot) -> Iterator[str]:
    """What containers have said of themselves: a verdict may have it in its sentence or rows."""
    for pod in snapshot.pods:
        for container in pod.containers:
            yield container.said
            yield container.said.replace(container.image or "\0", "IMAGE")
    for events in snapshot.events.values():
        yield from (event.message for event in events if quotes(event.reason))


def _runs(status: Mapping[str, Any], role: str) -> Iterator[Run]:
    name = status["name"]
    if last := (status.get("lastState") or {}).get("terminated"):
        yield _ended(name, role, PREVIOUS, last)
    state = status.get("state") or {}
    if ended := state.get("terminated"):
        yield _ended(name, role, CURRENT, ended)
    elif running := state.get("running"):
        started = time(running.get("startedAt"))
        yield Run(name, role, CURRENT, state="running", started=started)
    else:
        waits = state.get("waiting") or {}
        reason, message = waits.get("reason", ""), waits.get("message", "")
        yield Run(name, role, CURRENT, state="waiting", reason=reason, message=message)


def _ended(name: str, role: str, which: str, raw: Mapping[str, Any]) -> Run:
    return Run(
        container=name,
        role=role,
        which=which,
        state="ended",
        reason=raw.get("reason") or "",
        message=raw.get("message") or "",
        exit_code=raw["exitCode"],
        signal=raw.get("signal") or None,
        started=time(raw.get("startedAt")),
        finished=time(raw.get("finishedAt")),
    )
