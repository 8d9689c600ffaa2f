"""The words of a failed pull, from the events where the pod has none."""

import pytest

from tests.unit.rollout_states import BACK_OFF, IMAGE, ago, container, unready
from wpdeploy import pulls
from wpdeploy.observed import Event
from wpdeploy.pods import Pod


def told(message: str, seconds: float = 5, reason: str = "Failed") -> Event:
    return Event("uid-of-web-1", reason, message, ago(seconds))


def pulling(message: str, waits: str = "ImagePullBackOff") -> Pod:
    return unready("web-1", container(waiting=waits, message=message), trouble="image")


def test_the_last_attempt_counts() -> None:
    events = [
        told(f'Failed to pull image "{IMAGE}": denied', 9),
        told(f'Failed to pull image "{IMAGE}": not found', 5),
        told("Error: ErrImagePull", 5),
        told(BACK_OFF, 3, "BackOff"),
        told("Error: ImagePullBackOff", 3),
    ]
    for order in (events, events[::-1]):
        (found,) = pulls.explained(pulling(BACK_OFF), order).containers
        assert (found.waiting, found.message) == ("ImagePullBackOff", "not found")


@pytest.mark.parametrize(
    "events",
    [
        [],
        [told("Error: ImagePullBackOff")],
        [told('Failed to pull image "another": not found')],
        [told(f'Failed to pull image "{IMAGE}": not found', reason="Other")],
    ],
    ids=["no event", "an event without a cause", "another image", "another reason"],
)
def test_without_such_an_event_it_says_what_it_said(events: list[Event]) -> None:
    pod = pulling(BACK_OFF)
    assert pulls.mute(pod)
    assert pulls.explained(pod, events) == pod


@pytest.mark.parametrize(
    "pod",
    [
        pulling(f"{BACK_OFF}: ErrImagePull: denied"),
        pulling("manifest unknown"),
        pulling("denied", "ErrImagePull"),
        unready("web-1", container()),
    ],
    ids=["a kubelet that tells all", "words that were seen", "the attempt itself", "no pull"],
)
def test_what_a_pod_says_itself_stays(pod: Pod) -> None:
    assert not pulls.mute(pod)
    assert pulls.explained(pod, [told(f'Failed to pull image "{IMAGE}": not found')]) == pod


def test_a_container_that_does_not_pull_keeps_its_own_words() -> None:
    other = container(name="other", image="other", message="Back-off pulling")
    pod = unready("web-1", container(message=BACK_OFF), other, trouble="image")
    found = pulls.explained(pod, [told(f'Failed to pull image "{IMAGE}": not found')])
    assert [item.message for item in found.containers] == ["not found", "Back-off pulling"]
