"""What is observed of a rollout: of each object only what the verdict reads.

The dataclasses, and the pure functions that make them from the API server's JSON; pods.py has
those of a pod.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from wpdeploy.grace import Grace
from wpdeploy.parts import condition, owner, time
from wpdeploy.pods import Pod

REVISION = "deployment.kubernetes.io/revision"
RECREATE = "Recreate"


@dataclass(frozen=True)
class Workload:
    """A Deployment: generations, counters, and its Progressing and ReplicaFailure conditions.

    `images` are those of its pod template, by container.
    """

    uid: str
    selector: str
    generation: int
    observed_generation: int
    revision: int
    desired: int
    replicas: int
    updated: int
    ready: int
    available: int
    progress_reason: str
    progress_message: str
    progress_updated: datetime | None
    replica_failure: str
    paused: bool = False
    strategy: str = "RollingUpdate"
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReplicaSet:
    """A ReplicaSet; `owner` is its Deployment's UID, `failure` why it cannot create pods."""

    uid: str
    owner: str
    revision: int
    name: str = ""
    failure: str = ""
    failing: datetime | None = None


@dataclass(frozen=True)
class Event:
    """What was last told about a pod, whose UID is `about`, for one reason; `last` is when."""

    about: str
    reason: str
    message: str
    last: datetime | None


@dataclass(frozen=True)
class Snapshot:
    """A rollout at one moment: `now`, and all that is known of it.

    `since`, `generation` and `images` are those of the apply (None, 0 and none without one);
    `serving` holds the UIDs of the pods that are ready endpoints of the Service; `window` is the
    stability window; `events` are by the UID of the pod that they are about, and `knows_events`
    tells none from not known. `freed` is when a pod was last seen to be gone.
    """

    now: datetime
    workload: Workload | None
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]
    serving: frozenset[str]
    since: datetime | None
    generation: int
    window: timedelta
    grace: Grace = field(default_factory=Grace)
    events: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    knows_events: bool = True
    freed: datetime | None = None
    images: Mapping[str, str] = field(default_factory=dict)


def workload(raw: Mapping[str, Any]) -> Workload:
    """A Deployment's JSON, read."""
    metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
    progress = condition(status, "Progressing")
    failure = condition(status, "ReplicaFailure")
    return Workload(
        uid=metadata["uid"],
        selector=_selector(spec["selector"]),
        generation=metadata["generation"],
        observed_generation=status.get("observedGeneration", 0),
        revision=_revision(metadata),
        desired=spec["replicas"],
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        progress_reason=progress.get("reason", ""),
        progress_message=progress.get("message", ""),
        progress_updated=time(progress.get("lastUpdateTime")),
        replica_failure=_failure(failure),
        paused=bool(spec.get("paused")),
        strategy=(spec.get("strategy") or {}).get("type", "RollingUpdate"),
        images=images(raw),
    )


def images(raw: Mapping[str, Any]) -> Mapping[str, str]:
    """The images of a Deployment's pod template, by container."""
    containers = ((raw["spec"].get("template") or {}).get("spec") or {}).get("containers") or []
    return {item["name"]: item["image"] for item in containers if item.get("image")}


def replica_set(raw: Mapping[str, Any]) -> ReplicaSet:
    """A ReplicaSet's JSON, read."""
    metadata = raw["metadata"]
    failure = condition(raw.get("status") or {}, "ReplicaFailure")
    return ReplicaSet(
        uid=metadata["uid"],
        owner=owner(metadata),
        revision=_revision(metadata),
        name=metadata.get("name", ""),
        failure=_failure(failure),
        failing=time(failure.get("lastTransitionTime")),
    )


def serving(raw: Mapping[str, Any]) -> frozenset[str]:
    """The UIDs of the pods that are ready endpoints, of an EndpointSlice or an Endpoints object."""
    ready = [
        endpoint
        for endpoint in raw.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready", True)
    ]
    for subset in raw.get("subsets") or []:
        ready += subset.get("addresses") or []
    return frozenset((endpoint.get("targetRef") or {}).get("uid", "") for endpoint in ready)


def event(raw: Mapping[str, Any]) -> Event:
    """An Event's JSON, read: by whichever of its times its source has set."""
    series = raw.get("series") or {}
    metadata = raw.get("metadata") or {}
    times = (
        series.get("lastObservedTime"),
        raw.get("lastTimestamp"),
        raw.get("eventTime"),
        metadata.get("creationTimestamp"),
    )
    last = time(next(filter(None, times), None))
    about = raw["involvedObject"].get("uid", "")
    return Event(about, raw.get("reason") or "", raw.get("message") or "", last)


def by_uid(events: Iterable[Event]) -> Mapping[str, tuple[Event, ...]]:
    """The events by the UID of what they are about."""
    found: dict[str, list[Event]] = {}
    for item in events:
        found.setdefault(item.about, []).append(item)
    return {uid: tuple(items) for uid, items in found.items()}


def dated(events: Iterable[Event]) -> list[Event]:
    """The events in the order in which they were told, the newest last."""
    return sorted((item for item in events if item.last), key=lambda item: str(item.last))


def _failure(condition: Mapping[str, str]) -> str:
    return condition.get("message", "") if condition.get("status") == "True" else ""


def _revision(metadata: Mapping[str, Any]) -> int:
    text = (metadata.get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdecimal() and text.isascii() else 0


def _selector(raw: Mapping[str, Any]) -> str:
    labels = sorted((raw.get("matchLabels") or {}).items())
    return ",".join(f"{key}={value}" for key, value in labels)
