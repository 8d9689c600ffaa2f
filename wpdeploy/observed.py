"""What is observed of a rollout: of each object only what the verdict reads.

The dataclasses, and the pure functions that make them from the API server's JSON.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# Evicted pods and the like stay on for days; their controller has made others.
_OVER = {"Failed", "Succeeded"}
REVISION = "deployment.kubernetes.io/revision"
# What a container waits for: nothing or the ordinary way into life, and an image that it does not
# get, for which the kubelet has two words that take turns.
_TROUBLES = {
    "": "",
    "ContainerCreating": "",
    "PodInitializing": "",
    "ErrImagePull": "image",
    "ImagePullBackOff": "image",
}


@dataclass(frozen=True)
class Workload:
    """A Deployment: generations, counters, and its Progressing and ReplicaFailure conditions."""

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


@dataclass(frozen=True)
class ReplicaSet:
    """A ReplicaSet; `owner` is its Deployment's UID."""

    uid: str
    owner: str
    revision: int


@dataclass(frozen=True)
class Container:
    """A container's state; `waiting` is the reason it waits for.

    `last_exit` is how its last run ended, `began` when that run began.
    """

    name: str
    image: str
    restarts: int
    waiting: str
    message: str
    last_exit: str
    began: datetime | None


@dataclass(frozen=True)
class Pod:
    """A pod; `owner` is its ReplicaSet's UID, `transition` that of its Ready condition.

    `changed` is when its state last changed, by the API server's clock: what we saw change has the
    time at which we saw it, what we found has the time that its Ready condition tells.
    """

    uid: str
    name: str
    owner: str
    created: datetime
    deleting: bool
    ready: bool
    unschedulable: str
    containers: tuple[Container, ...]
    changed: datetime
    transition: datetime | None = None
    over: bool = False

    @property
    def counts(self) -> bool:
        """Whether its controller counts it: a pod that is over or on its way out is replaced."""
        return not (self.deleting or self.over)


@dataclass(frozen=True)
class Snapshot:
    """A rollout at one moment: `now`, and all that is known of it.

    `since` and `generation` are those of the apply (None and 0 without one); `serving` holds the
    UIDs of the pods that are ready endpoints of the Service; `window` is the stability window.
    """

    now: datetime
    workload: Workload | None
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]
    serving: frozenset[str]
    since: datetime | None
    generation: int
    window: timedelta


def workload(raw: Mapping[str, Any]) -> Workload:
    """A Deployment's JSON, read."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    progress = _condition(status, "Progressing")
    failure = _condition(status, "ReplicaFailure")
    return Workload(
        uid=metadata["uid"],
        selector=_selector(raw["spec"]["selector"]),
        generation=metadata["generation"],
        observed_generation=status.get("observedGeneration", 0),
        revision=_revision(metadata),
        desired=raw["spec"]["replicas"],
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        progress_reason=progress.get("reason", ""),
        progress_message=progress.get("message", ""),
        progress_updated=time(progress.get("lastUpdateTime")),
        replica_failure=failure.get("message", "") if failure.get("status") == "True" else "",
    )


def replica_set(raw: Mapping[str, Any]) -> ReplicaSet:
    """A ReplicaSet's JSON, read."""
    metadata = raw["metadata"]
    return ReplicaSet(metadata["uid"], _owner(metadata), _revision(metadata))


def pod(raw: Mapping[str, Any], now: datetime, before: Pod | None) -> Pod:
    """A pod's JSON, read at `now`; `before` is what was known of the same pod."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    ready = _condition(status, "Ready")
    scheduled = _condition(status, "PodScheduled")
    statuses = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
    is_ready = ready.get("status") == "True"
    transition = time(ready.get("lastTransitionTime"))
    found = Pod(
        uid=metadata["uid"],
        name=metadata["name"],
        owner=_owner(metadata),
        created=_required_time(metadata["creationTimestamp"]),
        deleting="deletionTimestamp" in metadata,
        ready=is_ready,
        unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
        containers=tuple(_container(item, before) for item in statuses),
        transition=transition,
        over=status.get("phase") in _OVER,
        # A node's clock may be ahead of the API server's.
        changed=min(transition, now) if is_ready and transition else now,
    )
    if before is None:
        return found
    same = _signature(found) == _signature(before)
    return dataclasses.replace(found, changed=before.changed if same else now)


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


def time(text: str | None) -> datetime | None:
    """A Kubernetes timestamp (RFC 3339)."""
    return _required_time(text) if text else None


def _required_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _signature(state: Pod) -> tuple[object, ...]:
    """What counts as a change; the transition shows a flap that was over before we looked."""
    troubles = tuple(_TROUBLES.get(item.waiting, item.waiting) for item in state.containers)
    restarts = sum(item.restarts for item in state.containers)
    seen = state.transition if state.ready else None
    return state.ready, seen, any(troubles) and troubles, restarts


def _container(raw: Mapping[str, Any], before: Pod | None) -> Container:
    state, last = raw.get("state") or {}, raw.get("lastState") or {}
    waiting = state.get("waiting") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    return Container(
        name=raw["name"],
        image=raw["image"],
        restarts=raw.get("restartCount", 0),
        waiting=waiting.get("reason", ""),
        message=_message(raw["name"], waiting, before),
        last_exit=_exit(ended),
        began=_began(ended),
    )


def _began(ended: Mapping[str, Any]) -> datetime | None:
    started = time(ended.get("startedAt"))
    # What could not be started has, by the runtime, begun with the epoch.
    return started if started and started.timestamp() else time(ended.get("finishedAt"))


def _message(name: str, waiting: Mapping[str, str], before: Pod | None) -> str:
    # ImagePullBackOff says only that it waits: the reason stood in the ErrImagePull before it.
    known = [item for item in (before.containers if before else ()) if item.name == name]
    if waiting.get("reason") == "ImagePullBackOff" and known and known[0].message:
        return known[0].message
    return waiting.get("message", "")


def _exit(ended: Mapping[str, Any]) -> str:
    if not ended:
        return ""
    signal = f", signal {ended['signal']}" if ended.get("signal") else ""
    reason = ended.get("reason") or ""
    return f"exit code {ended['exitCode']}{signal}" + (f", {reason}" if reason else "")


def _revision(metadata: Mapping[str, Any]) -> int:
    text = (metadata.get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdecimal() and text.isascii() else 0


def _selector(raw: Mapping[str, Any]) -> str:
    labels = sorted((raw.get("matchLabels") or {}).items())
    return ",".join(f"{key}={value}" for key, value in labels)


def _condition(status: Mapping[str, Any], name: str) -> Mapping[str, str]:
    for condition in status.get("conditions") or []:
        if condition["type"] == name:
            found: Mapping[str, str] = condition
            return found
    return {}


def _owner(metadata: Mapping[str, Any]) -> str:
    for reference in metadata.get("ownerReferences") or []:
        if reference.get("controller"):
            uid: str = reference["uid"]
            return uid
    return ""
