"""A Job and its pods as the API server's JSON, three minutes after the deployment came to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from wpdeploy import jobs, observed, pods
from wpdeploy.jobs import Snapshot
from wpdeploy.kinds import Manifest

NOW = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
NAME = "site-upgrade-0123456789"
IMAGE = "registry.example/wordpress@sha256:" + "a" * 64


def stamp(seconds: float) -> str:
    """A time so many seconds ago, as Kubernetes writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, status: str = "True", **more: str) -> Manifest:
    """A condition of a status."""
    return {"type": kind, "status": status, **more}


def job(*conditions: Manifest, **spec: Any) -> Manifest:
    """A Job that was made three minutes ago."""
    metadata = {"name": NAME, "uid": "job", "creationTimestamp": stamp(180)}
    return {"metadata": metadata, "spec": spec, "status": {"conditions": list(conditions)}}


def pod(name: str = "x", *states: Manifest, age: float = 170, **changes: Any) -> Manifest:
    """A pod of the Job with a container in each of these states; without one it runs."""
    status: Manifest = {
        "phase": "Pending" if states else "Running",
        "conditions": [
            condition("PodScheduled"),
            condition("Ready", "False" if states else "True", lastTransitionTime=stamp(age)),
        ],
        "containerStatuses": list(states or (container(),)),
    }
    metadata = {
        "name": f"{NAME}-{name}",
        "uid": name,
        "creationTimestamp": stamp(age),
        "ownerReferences": [{"uid": changes.pop("owner", "job"), "controller": True}],
    }
    return {"metadata": metadata, "status": status | changes}


def container(**state: Manifest) -> Manifest:
    """A container in that state; without one it runs."""
    shown = state or {"running": {"startedAt": stamp(60)}}
    return {"name": "upgrade", "image": IMAGE, "restartCount": 0, "state": shown}


def waiting(reason: str, message: str = "") -> Manifest:
    """A container that waits."""
    return container(waiting={"reason": reason, "message": message})


def ended(code: int, reason: str = "Error", message: str = "") -> Manifest:
    """A container that has ended."""
    shown = {"exitCode": code, "reason": reason, "message": message}
    return container(terminated={**shown, "startedAt": stamp(50), "finishedAt": stamp(40)})


def unplaced(message: str = "0/3 nodes are available: 3 Insufficient memory.") -> Manifest:
    """A pod that no node has room for."""
    reasons = {"reason": "Unschedulable", "message": message, "lastTransitionTime": stamp(170)}
    return pod(
        phase="Pending",
        conditions=[condition("PodScheduled", "False", **reasons)],
        containerStatuses=[],
    )


def event(about: str, reason: str, message: str = "", age: float = 10) -> Manifest:
    """An event of so many seconds ago about what has that UID."""
    metadata = {"name": f"{about}-{reason}-{age}", "uid": f"{about}-{reason}-{age}"}
    told = {"reason": reason, "message": message, "lastTimestamp": stamp(age)}
    own = NAME if about == "job" else f"{NAME}-{about}"
    return {"metadata": metadata, "involvedObject": {"uid": about, "name": own}, **told}


def snapshot(
    raw: Manifest | None, *found: Manifest, events: tuple[Manifest, ...] = (), came: float = 180
) -> Snapshot:
    """What is known of the Job; `came` is how many seconds ago the deployment came to it."""
    read = [pods.pod(each, NOW, None) for each in found]
    told = [observed.event(each) for each in events]
    uids = {each.about for each in told}
    there = jobs.job(raw) if raw else None
    own = [each for each in read if there and each.owner == there.uid]
    return Snapshot(
        now=NOW,
        job=there,
        pods=tuple(read),
        last=max(own, key=lambda each: each.created, default=None),
        since=NOW - timedelta(seconds=came),
        events={uid: tuple(each for each in told if each.about == uid) for uid in uids},
    )
