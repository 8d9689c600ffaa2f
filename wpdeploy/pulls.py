"""Why an image cannot be pulled, where a pod says no more than that its kubelet waits.

Between two attempts many a kubelet tells "Back-off pulling image" alone. Who watched the attempt
knows more (pods.py); who comes later finds it in the event that the attempt left.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from wpdeploy.observed import Event, dated
from wpdeploy.pods import IMAGE, Container, Pod

_MUTE = re.compile(r'Back-off pulling image "[^"]*"')
_FAILED = "Failed"


def mute(pod: Pod) -> bool:
    """Whether it waits for another attempt, and does not say what came of the last one."""
    return pod.trouble == IMAGE and any(map(_is_mute, pod.containers))


def by_name(pods: Iterable[Pod], events: Mapping[str, Sequence[Event]]) -> tuple[Pod, ...]:
    """The pods in the order of their names, explained by the events about each, by its UID."""
    known = (explained(pod, events.get(pod.uid, ())) for pod in pods)
    return tuple(sorted(known, key=lambda pod: pod.name))


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
    told = [item.message.removeprefix(begun) for item in dated(events) if _tells(item, begun)]
    return dataclasses.replace(container, message=[container.message, *told][-1])


def _tells(event: Event, begun: str) -> bool:
    return event.reason == _FAILED and event.message.startswith(begun)


def _is_mute(container: Container) -> bool:
    return bool(_MUTE.fullmatch(container.message))
