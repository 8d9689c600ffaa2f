"""What happens in a stability window, and what it comes to."""

from collections.abc import Sequence
from typing import Any

from tests.unit import api_objects as api
from tests.unit.rollout_looks import Json, Look, changed, complete, ending, ready
from tests.unit.states_shown import (
    DONE,
    ENDED,
    LOST,
    STABLE,
    WAITS,
    State,
    ended,
    unready_without_fault,
    waits_among,
)


def broken(
    pod: Json, at: float = 5, counters: Json | None = None, events: Sequence[Json] = ()
) -> list[Look]:
    """A rollout that was complete for some seconds, and then one of its pods looks like that."""
    fresh = [changed(pod, 3) for pod in ready(3)]
    shown = [*fresh[:2], pod]
    return [Look(fresh), Look(shown, counters or complete(3), events=events, at=at)]


def crashing(*, ready: bool = True, **status: Any) -> Json:
    """A pod that has crashed once, or begins to do so again."""
    return api.pod("web-3", api.container(restartCount=1, **status), ready=ready)


def flapped(seconds: float) -> list[Look]:
    """A pod lost its readiness, and so many seconds ago one of its probes was told to fail."""
    said = api.told("web-3", "Unhealthy", PROBE, seconds)
    return broken(api.pod("web-3", ready=False), counters=NO_LONGER, events=[said])


PROBE = "Readiness probe failed: HTTP probe failed with statuscode: 500"
NO_LONGER = complete(3, readyReplicas=2, availableReplicas=2)
WINDOWS = {
    "ready a moment ago": State([Look([*ready(2), changed(api.pod("web-3"), 3)])], WAITS, STABLE),
    "stable": State([Look([*ready(2), changed(api.pod("web-3"), 10)])], DONE, "ready 3/3"),
    "seen to become complete, and not since for long": State(
        [Look(serving=[]), Look(at=1), Look(at=10)], WAITS, STABLE
    ),
    "seen to become complete, and stable since": State(
        [Look(serving=[]), Look(at=1), Look(at=11)], DONE, "ready 3/3"
    ),
    "a clock of a node is ahead": State(
        [Look([*ready(2), changed(api.pod("web-3"), -900)])], WAITS, STABLE
    ),
    "a restart": State(
        broken(changed(api.pod("web-3", api.container(restartCount=1)), -4)),
        LOST,
        "pod web-3: container wordpress restarted 8 s after it was ready",
    ),
    "killed for its memory": State(
        broken(
            changed(
                api.pod(
                    "web-3",
                    api.container(restartCount=1, lastState=ended(137, "OOMKilled", 1)),
                    ready=False,
                ),
                -4,
            ),
            counters=NO_LONGER,
        ),
        LOST,
        "pod web-3: container wordpress restarted (exit code 137, OOMKilled) "
        "8 s after it was ready",
    ),
    "a crash that is not a restart yet": State(
        broken(
            changed(api.pod("web-3", api.container(state=ended(1, "Error", 1)), ready=False), -4)
        ),
        LOST,
        "pod web-3: container wordpress restarted (exit code 1, Error) 8 s after it was ready",
    ),
    "a crash like the one before it": State(
        [
            Look([*ready(2), changed(crashing(lastState=ended(3, "Error", 60)), 3)]),
            Look(
                [
                    *ready(2),
                    crashing(
                        ready=False, state=ended(3, "Error", 9), lastState=ended(3, "Error", 60)
                    ),
                ],
                NO_LONGER,
                at=5,
            ),
        ],
        LOST,
        "pod web-3: container wordpress restarted (exit code 3, Error) 8 s after it was ready",
    ),
    "a flap": State(
        broken(changed(api.pod("web-3", ready=False), -4), counters=NO_LONGER),
        LOST,
        "pod web-3: was not ready any more 8 s after it was ready",
    ),
    "a flap of which its probe tells": State(
        flapped(-5), LOST, f"pod web-3: was not ready any more 8 s after it was ready: {PROBE}"
    ),
    "a flap of which no probe tells since it was ready": State(
        flapped(60), LOST, "pod web-3: was not ready any more 8 s after it was ready"
    ),
    "a flap that was over before we looked": State(
        broken(changed(api.pod("web-3"), -4)),
        LOST,
        "pod web-3: was not ready any more 8 s after it was ready",
    ),
    "an eviction": State(
        broken(api.pod("web-3", ready=False, phase="Failed", reason="Evicted")),
        WAITS,
        "ready 2/3, 2 of 3 new pods exist",
    ),
    "an eviction under way": State(
        broken(
            api.pod(
                "web-3",
                api.container(state=ended(137, "Error", 1)),
                conditions=[
                    api.condition("PodScheduled", "True"),
                    api.condition("DisruptionTarget", "True", reason="TerminationByKubelet"),
                    api.condition("Ready", "False"),
                ],
            ),
            counters=NO_LONGER,
        ),
        WAITS,
        waits_among("it is being evicted"),
    ),
    "a pod is deleted": State(
        broken(ending(api.pod("web-3", ready=False), 30)), WAITS, "ready 2/3, 2 of 3 new pods exist"
    ),
    "an autoscaler adds a pod": State(
        [
            Look([changed(pod, 3) for pod in ready(3)]),
            Look(
                [changed(pod, 3) for pod in ready(3)],
                deployment=complete(4, replicas=3, updatedReplicas=3),
                at=5,
            ),
        ],
        WAITS,
        "ready 3/4, 3 of 4 new pods exist",
    ),
    "a node is lost in it": State(
        broken(unready_without_fault(3), counters=NO_LONGER),
        WAITS,
        waits_among("its node does not answer"),
    ),
    "the last state of a container is forgotten": State(
        [
            Look([*ready(2), changed(api.pod("web-3", api.container(lastState=ENDED)), 3)]),
            Look([*ready(2), changed(api.pod("web-3"), 3)], at=7),
        ],
        DONE,
        "ready 3/3",
    ),
}
