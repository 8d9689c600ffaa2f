"""What a pod that is not ready is doing, in a few words for somebody who waits for it."""

from collections.abc import Sequence

from wpdeploy import faults
from wpdeploy.observed import Event
from wpdeploy.pods import INIT, Container, Pod

# What was told last of a pod whose containers are being made; the kubelet's chatter says nothing.
_TOLD = {"Pulling": "pulling image", "Scheduled": "", "Created": "", "Started": "", "Pulled": ""}
_MAKING = {"ContainerCreating", "PodInitializing"}
_UNHEALTHY = "Unhealthy"


def words(pod: Pod, events: Sequence[Event]) -> str:
    """What is waited for."""
    if not pod.placed:
        return _place(pod, events)
    if pod.unready_for == "node":
        return "its node does not answer"
    if pod.unready_for:
        return pod.unready_for
    waits = waiting(pod)
    if waits is None:
        return "starting"
    if waits.waiting in _MAKING:
        return _making(pod, events)
    return _told(waits) if waits.waiting else _unready(events)


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
    dated = [item for item in events if item.last]
    return [item.reason for item in sorted(dated, key=lambda item: str(item.last))]


def _making(pod: Pod, events: Sequence[Event]) -> str:
    last = max(
        (item for item in events if item.last), key=lambda item: str(item.last), default=None
    )
    if last is None or last.reason in _TOLD:
        first = next(
            (item for item in pod.containers if item.role == INIT and not item.waiting), None
        )
        told = _TOLD[last.reason] if last else ""
        return told or (f"init container {first.name} runs" if first else "being created")
    return f"{last.reason}: {last.message}" if last.reason.startswith("Failed") else "being created"


def _told(container: Container) -> str:
    ended = f" ({container.last_exit})" if container.last_exit else ""
    return f"{container.waiting}{ended}"


def _unready(events: Sequence[Event]) -> str:
    unhealthy = [item for item in events if item.reason == _UNHEALTHY]
    return f"not ready: {unhealthy[-1].message}" if unhealthy else "not ready"
