"""What is observed of a pod: of its JSON only what the verdict reads.

The dataclasses, and the pure functions that make them from the API server's JSON.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wpdeploy.parts import condition, owner, required_time, time

# Evicted pods and the like stay on for days; their controller has made others.
_OVER = {"Failed", "Succeeded"}
# Seconds in which a kubelet clears away a pod whose time is over.
CLEARING = 30
_GATED, _UNPLACED = "SchedulingGated", "Unschedulable"
# What a waiting reason is a trouble of. A pull has two words that take turns, and a container that
# does not stay up has others; between two attempts it has none.
IMAGE, START, PLACE, SETUP = "image", "start", "place", "setup"
_TROUBLES: Mapping[str, str] = {
    "": "",
    "ContainerCreating": "",
    "PodInitializing": "",
    "InvalidImageName": IMAGE,
    "ErrImageNeverPull": IMAGE,
    "ErrImagePull": IMAGE,
    "ImagePullBackOff": IMAGE,
    "ImageInspectError": IMAGE,
    "RegistryUnavailable": IMAGE,
    "SignatureValidationFailed": IMAGE,
    "RunContainerError": START,
    "CrashLoopBackOff": START,
}
CONTAINER, INIT, SIDECAR = "container", "init container", "sidecar"
# What makes a pod not ready, whatever its containers do.
NODE, EVICTION = "node", "eviction"
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Container:
    """A container's state; `waiting` is the reason it waits for, `role` one of the three above.

    `last_exit` is how its last run ended, `said` what the runtime or the container said of that;
    `began` is when that run began, or when the last attempt to pull its image was seen to fail.
    """

    name: str
    image: str
    restarts: int
    waiting: str
    message: str
    last_exit: str
    began: datetime | None
    role: str = CONTAINER
    said: str = ""


@dataclass(frozen=True)
class Pod:
    """A pod; `owner` is its controller's UID, `transition` that of its Ready condition.

    `changed` is when its state last changed, by the API server's clock: what we saw change has the
    time at which we saw it, what we found has the time that its Ready condition tells. `troubled`
    is since when it has had its trouble, attempts to get out of it aside. `due` is when a pod that
    is on its way out should be gone. `unready_for` is what makes it not ready though its
    containers are not to blame: a readiness gate, or one of the two above; `transition_within` is
    that of its ContainersReady condition, which neither a gate nor a node changes.
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
    trouble: str = ""
    troubled: datetime = _NEVER
    due: datetime | None = None
    placed: bool = True
    held: bool = False
    nominated: bool = False
    unready_for: str = ""
    transition_within: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether its controller counts it: a pod that is over or on its way out is replaced."""
        return not (self.deleting or self.over)

    @property
    def restarts(self) -> int:
        """The restarts of all its containers."""
        return sum(item.restarts for item in self.containers)


def pod(raw: Mapping[str, Any], now: datetime, before: Pod | None) -> Pod:
    """A pod's JSON, read at `now`; `before` is what was known of the same pod."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    ready, scheduled = condition(status, "Ready"), condition(status, "PodScheduled")
    within = condition(status, "ContainersReady") or ready
    is_ready = ready.get("status") == "True"
    transition = time(ready.get("lastTransitionTime"))
    unplaced = scheduled.get("reason") or _UNPLACED if scheduled.get("status") == "False" else ""
    created = required_time(metadata["creationTimestamp"])
    found = Pod(
        uid=metadata["uid"],
        name=metadata["name"],
        owner=owner(metadata),
        created=created,
        deleting="deletionTimestamp" in metadata,
        due=time(metadata.get("deletionTimestamp")),
        ready=is_ready,
        unschedulable=(scheduled.get("message") or unplaced) if unplaced else "",
        placed=scheduled.get("status") == "True",
        held=unplaced == _GATED,
        nominated=bool(status.get("nominatedNodeName")),
        unready_for="" if is_ready else _unready_for(raw.get("spec") or {}, status),
        containers=tuple(_containers(raw, now, before)),
        transition=transition,
        transition_within=time(within.get("lastTransitionTime")),
        over=status.get("phase") in _OVER,
        changed=_since(max(transition, _written(metadata)), created, now)
        if is_ready and transition
        else now,
    )
    since = time((scheduled if unplaced else ready).get("lastTransitionTime"))
    return _remembering(found, now, before, _since(since or now, created, now))


def _since(moment: datetime, created: datetime, now: datetime) -> datetime:
    """When it was so: a node's clock may be ahead of the API server's, or behind it."""
    return max(min(moment, now), created)


def _written(metadata: Mapping[str, Any]) -> datetime:
    """When the pod's status was last written, by the API server's clock: no later is it ready."""
    entries = metadata.get("managedFields") or []
    times = [item.get("time", "") for item in entries if "f:status" in (item.get("fieldsV1") or {})]
    return time(max(times, default="")) or _NEVER


def _remembering(found: Pod, now: datetime, before: Pod | None, since: datetime) -> Pod:
    """The pod with what its history tells: since when it has been as it is."""
    trouble = _trouble(found, before)
    if before is None:
        return dataclasses.replace(found, trouble=trouble, troubled=since)
    return dataclasses.replace(
        found,
        changed=before.changed if _signature(found) == _signature(before) else now,
        trouble=trouble,
        troubled=before.troubled if trouble == before.trouble else now,
    )


def _trouble(found: Pod, before: Pod | None) -> str:
    if found.ready:
        return ""
    if found.unschedulable:
        return "" if found.held else PLACE
    own = (_TROUBLES.get(item.waiting, SETUP) for item in found.containers)
    # Between two crashes it runs, and between two pulls of many containers one is being made.
    again = before.trouble if before and found.restarts and before.trouble == START else ""
    return next(filter(None, own), again)


def _signature(state: Pod) -> tuple[object, ...]:
    """What counts as a change; the transition shows a flap that was over before we looked."""
    troubles = tuple(_TROUBLES.get(item.waiting, item.waiting) for item in state.containers)
    seen = state.transition if state.ready else None
    return state.ready, seen, any(troubles) and troubles, state.restarts


def _unready_for(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    if condition(status, "DisruptionTarget").get("status") == "True":
        return EVICTION
    if condition(status, "ContainersReady").get("status") != "True":
        return ""
    for gate in spec.get("readinessGates") or []:
        if condition(status, gate["conditionType"]).get("status") != "True":
            return f"readiness gate {gate['conditionType']}"
    # The node lifecycle controller takes away Ready and nothing else.
    return NODE


def _containers(raw: Mapping[str, Any], now: datetime, before: Pod | None) -> Iterator[Container]:
    status, spec = raw.get("status") or {}, raw.get("spec") or {}
    known = {item.name: item for item in before.containers} if before else {}
    sidecars = {
        item["name"]
        for item in spec.get("initContainers") or []
        if item.get("restartPolicy") == "Always"
    }
    for item in status.get("initContainerStatuses") or []:
        role = SIDECAR if item["name"] in sidecars else INIT
        yield _container(item, role, now, known.get(item["name"]))
    for item in status.get("containerStatuses") or []:
        yield _container(item, CONTAINER, now, known.get(item["name"]))


def _container(
    raw: Mapping[str, Any], role: str, now: datetime, before: Container | None
) -> Container:
    state, last = raw.get("state") or {}, raw.get("lastState") or {}
    waiting = state.get("waiting") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    reason = waiting.get("reason", "")
    pulled_anew = before is not None and reason == "ErrImagePull" and before.waiting != reason
    return Container(
        name=raw["name"],
        image=raw["image"],
        restarts=raw.get("restartCount", 0),
        waiting=reason,
        message=_message(waiting, before),
        last_exit=_exit(ended),
        began=now if pulled_anew else _began(ended) or (before.began if before else None),
        role=role,
        said=ended.get("message", ""),
    )


def _began(ended: Mapping[str, Any]) -> datetime | None:
    started = time(ended.get("startedAt"))
    # What could not be started has, by the runtime, begun with the epoch.
    return started if started and started.timestamp() else time(ended.get("finishedAt"))


def _message(waiting: Mapping[str, str], before: Container | None) -> str:
    # ImagePullBackOff says only that it waits: the reason stood in the ErrImagePull before it.
    if waiting.get("reason") == "ImagePullBackOff" and before and before.message:
        return before.message
    return waiting.get("message", "")


def _exit(ended: Mapping[str, Any]) -> str:
    if not ended:
        return ""
    signal = f", signal {ended['signal']}" if ended.get("signal") else ""
    reason = ended.get("reason") or ""
    return f"exit code {ended['exitCode']}{signal}" + (f", {reason}" if reason else "")


def late(pods: Sequence[Pod]) -> Pod | None:
    """The first pod that is not ready; one in trouble before others."""
    unready = [item for item in pods if not item.ready]
    return next((item for item in unready if item.trouble), next(iter(unready), None))
