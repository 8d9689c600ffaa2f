"""What a pod that is not ready is doing, in a few words for somebody who waits for it."""

import re
from collections.abc import Sequence
from datetime import datetime

from wpdeploy import faults
from wpdeploy.observed import Event, dated
from wpdeploy.pods import CLEARING, EVICTION, INIT, NODE, Container, Pod

# What was told last of a pod whose containers are being made; the kubelet's chatter says nothing.
_TOLD = {"Pulling": "pulling image", "Scheduled": "", "Created": "", "Started": "", "Pulled": ""}
_MAKING = {"ContainerCreating", "PodInitializing"}
_UNHEALTHY = "Unhealthy"
# What a kubelet says of a probe itself: the rest is what the container said, and may be a secret.
_OF_KUBELET = re.compile(
    r"\w+ probe \w+: (HTTP probe failed with statuscode: \d+|Get \"|dial tcp |command )"
)
_HOOK = "Hook"
_NOT_ITS_OWN = {NODE: "its node does not answer", EVICTION: "it is being evicted"}


def words(pod: Pod, events: Sequence[Event]) -> str:
    """What is waited for."""
    if not pod.placed:
        return _place(pod, events)
    if pod.unready_for:
        return _NOT_ITS_OWN.get(pod.unready_for, pod.unready_for)
    waits = waiting(pod)
    if waits is None:
        return "starting"
    if waits.waiting in _MAKING:
        return _making(pod, events)
    return _told(waits) if waits.waiting else _unready(events)


def overdue(pod: Pod, now: datetime) -> str:
    """That it hangs on its way out, if it does."""
    seconds = (now - pod.due).total_seconds() if pod.due else 0
    return (
        f"should have ended {seconds:.0f} s ago: its node may be gone" if seconds > CLEARING else ""
    )


def waiting(pod: Pod) -> Container | None:
    """The container in trouble, else the one that waits, else the last, the application's."""
    found = [item for item in pod.containers if item.waiting]
    troubled = [item for item in found if item.waiting not in _MAKING]
    return next(iter(troubled or found), next(reversed(pod.containers), None))


def _place(pod: Pod, events: Sequence[Event]) -> str:
    if pod.held:
        return "a scheduling gate holds it"
    if not pod.unschedulable:
        return "no node yet"
    room = f"no node has room: {pod.unschedulable}"
    if pod.nominated:
        return f"{room}; others are moved for it"
    if faults.scales(ordered(events)):
        return f"{room}; the autoscaler adds a node"
    return room


def ordered(events: Sequence[Event]) -> list[str]:
    """The reasons of what was told, the newest last."""
    return [item.reason for item in dated(events)]


def _making(pod: Pod, events: Sequence[Event]) -> str:
    last = next(reversed(dated(events)), None)
    if last is None or last.reason in _TOLD:
        first = next(
            (item for item in pod.containers if item.role == INIT and not item.waiting), None
        )
        told = _TOLD[last.reason] if last else ""
        return told or (f"init container {first.name} runs" if first else "being created")
    if not last.reason.startswith("Failed"):
        return "being created"
    return last.reason if last.reason.endswith(_HOOK) else f"{last.reason}: {last.message}"


def _told(container: Container) -> str:
    ended = f" ({container.last_exit})" if container.last_exit else ""
    return f"{container.waiting}{ended}"


def unhealthy(events: Sequence[Event]) -> str:
    """What the last probe that failed has to say; empty if none did."""
    found = [item.message for item in dated(events) if item.reason == _UNHEALTHY]
    said = found[-1] if found else ""
    return said if _OF_KUBELET.match(said) else said.partition(":")[0]


def _unready(events: Sequence[Event]) -> str:
    said = unhealthy(events)
    return f"not ready: {said}" if said else "not ready"
