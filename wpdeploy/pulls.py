"""Why an image cannot be pulled, where a pod says no more than that its kubelet waits.

Between two attempts many a kubelet tells "Back-off pulling image" alone. Who watched the attempt
knows more (pods.py); who comes later finds it in the event that the attempt left.
"""

import dataclasses
import re
from collections.abc import Sequence

from wpdeploy.observed import Event
from wpdeploy.pods import IMAGE, Container, Pod

_MUTE = re.compile(r'Back-off pulling image "[^"]*"')
_FAILED = "Failed"


def mute(pod: Pod) -> bool:
    """Whether it waits for another attempt, and does not say what came of the last one."""
    return pod.trouble == IMAGE and any(map(_is_mute, pod.containers))


def explained(pod: Pod, events: Sequence[Event]) -> Pod:
    """The pod with the words of the events about it where it has none of its own."""
    if not mute(pod):
        return pod
    containers = tuple(_explained(item, events) for item in pod.containers)
    return dataclasses.replace(pod, containers=containers)


def _explained(container: Container, events: Sequence[Event]) -> Container:
    if not _is_mute(container):
        return container
    begun = f'Failed to pull image "{container.image}": '
    told = [item for item in events if item.reason == _FAILED and item.message.startswith(begun)]
    last = max(told, key=lambda item: str(item.last), default=None)
    said = last.message.removeprefix(begun) if last else container.message
    return dataclasses.replace(container, message=said)


def _is_mute(container: Container) -> bool:
    return bool(_MUTE.fullmatch(container.message))
