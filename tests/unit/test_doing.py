"""What a pod that is not ready is doing, in words."""

import pytest

from tests.unit.rollout_states import ago, container, pod, unready, waiting
from wpdeploy import doing
from wpdeploy.observed import Event
from wpdeploy.pods import EVICTION, INIT, NODE, Pod

MAKING = waiting("ContainerCreating")
INITIALISING = (container(name="install", role=INIT), *waiting("PodInitializing"))
UNPLACED = unready("web-1", unschedulable="0/3 nodes", placed=False)


def told(reason: str, message: str = "", seconds: float = 5) -> Event:
    return Event("uid-of-web-1", reason, message, ago(seconds))


PROBE = "Readiness probe failed: HTTP probe failed with statuscode:"
WORDS = {
    "no node yet": (unready("web-1", placed=False), []),
    "no node has room: 0/3 nodes": (UNPLACED, []),
    "no node has room: 0/3 nodes; the autoscaler adds a node": (
        UNPLACED,
        [told("TriggeredScaleUp")],
    ),
    "no node has room: 0/3 nodes; others are moved for it": (
        unready("web-1", unschedulable="0/3 nodes", placed=False, nominated=True),
        [],
    ),
    "a scheduling gate holds it": (
        unready("web-1", unschedulable="blocked", placed=False, held=True),
        [],
    ),
    "its node does not answer": (unready("web-1", container(), unready_for=NODE), []),
    "it is being evicted": (unready("web-1", container(), unready_for=EVICTION), []),
    "readiness gate x": (unready("web-1", container(), unready_for="readiness gate x"), []),
    "starting": (unready("web-1"), []),
    "being created": (unready("web-1", *MAKING), [told("Scheduled")]),
    "pulling image": (unready("web-1", *MAKING), [told("Scheduled", "", 9), told("Pulling")]),
    "init container install runs": (unready("web-1", *INITIALISING), [told("Started")]),
    "FailedMount: no such volume": (
        unready("web-1", *MAKING),
        [told("FailedMount", "no such volume", 1), told("Pulling", "", 30)],
    ),
    "ErrImagePull": (unready("web-1", *waiting("ErrImagePull")), [told("Failed", "x")]),
    "CrashLoopBackOff (exit code 1)": (
        unready("web-1", *waiting("CrashLoopBackOff", last_exit="exit code 1")),
        [],
    ),
    "not ready": (unready("web-1", container()), []),
    f"not ready: {PROBE} 503": (
        unready("web-1", container()),
        [told("Unhealthy", f"{PROBE} 503", 1), told("Unhealthy", f"{PROBE} 500", 30)],
    ),
    "not ready: Startup probe failed": (
        unready("web-1", container()),
        [told("Unhealthy", "Startup probe failed: the words of the container, with a secret")],
    ),
    "FailedPostStartHook": (
        unready("web-1", *MAKING),
        [told("FailedPostStartHook", "the words of the hook, with a secret")],
    ),
}


@pytest.mark.parametrize(("words", "state"), WORDS.items(), ids=WORDS)
def test_what_is_waited_for(words: str, state: tuple[Pod, list[Event]]) -> None:
    assert doing.words(*state) == words


def test_an_event_without_a_time_tells_nothing() -> None:
    undated = Event("uid-of-web-1", "FailedMount", "no such volume", None)
    assert doing.words(unready("web-1", *MAKING), [undated]) == "being created"


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (None, ""),
        (ago(-20), ""),
        (ago(30), ""),
        (ago(31), "should have ended 31 s ago: its node may be gone"),
    ],
)
def test_what_hangs_on_its_way_out_is_told(due: object, words: str) -> None:
    assert doing.overdue(pod("web-1", deleting=bool(due), due=due), ago(0)) == words


def test_of_two_containers_the_one_in_trouble_is_waited_for() -> None:
    first, second = *MAKING, *waiting("ErrImagePull", name="proxy")
    assert doing.waiting(unready("web-1", first, second)) is second
    assert doing.waiting(unready("web-1", first, container())) is first
    assert doing.waiting(unready("web-1")) is None
