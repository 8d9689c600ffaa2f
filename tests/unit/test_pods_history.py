"""What a pod's history tells: when its state last changed, and since when it has its trouble."""

from typing import Any

import pytest

from tests.unit import api_objects as api
from tests.unit.rollout_states import NOW, ago
from wpdeploy import pods

LATER = ago(-30)
WAITS = api.waiting("ErrImagePull", "503")
CHANGES = {
    "it became ready": (api.pod(ready=False), api.pod()),
    "it is no longer ready": (api.pod(), api.pod(ready=False)),
    "it restarted": (api.pod(), api.pod("web-1", api.container(restartCount=1))),
    "it came into trouble": (
        api.pod("web-1", api.waiting("ContainerCreating")),
        api.pod("web-1", WAITS),
    ),
    "its trouble passed": (
        api.pod("web-1", WAITS),
        api.pod("web-1", api.waiting("PodInitializing")),
    ),
    "another trouble followed": (
        api.pod("web-1", WAITS),
        api.pod("web-1", api.waiting("CreateContainerConfigError", "failed to sync secret cache")),
    ),
}


@pytest.mark.parametrize(("first", "then"), CHANGES.values(), ids=CHANGES)
def test_what_we_saw_change_changed_when_we_saw_it(
    first: dict[str, Any], then: dict[str, Any]
) -> None:
    before = pods.pod(first, ago(20), None)
    assert pods.pod(then, LATER, before).changed == LATER


SAME = {
    "nothing happened": (api.pod(), api.pod()),
    "error and back-off take turns": (
        api.pod("web-1", WAITS, ready=False),
        api.pod("web-1", api.waiting("ImagePullBackOff", "Back-off"), ready=False),
    ),
    "an ordinary start goes on": (
        api.pod("web-1", api.waiting("PodInitializing"), ready=False),
        api.pod("web-1", api.waiting("ContainerCreating"), ready=False),
    ),
}


@pytest.mark.parametrize(("first", "then"), SAME.values(), ids=SAME)
def test_what_did_not_change_keeps_its_time(first: dict[str, Any], then: dict[str, Any]) -> None:
    before = pods.pod(first, ago(20), None)
    assert pods.pod(then, LATER, before).changed == before.changed


def test_a_flap_that_nobody_saw_is_told_by_the_condition() -> None:
    # While a watch was broken the pod was not ready and became so again, without a restart.
    before = pods.pod(api.pod(), ago(30), None)
    again = api.pod(conditions=[api.condition("Ready", "True", lastTransitionTime=api.stamp(NOW))])
    assert pods.pod(again, LATER, before).changed == LATER


CRASHED = {"terminated": {"exitCode": 1, "finishedAt": api.stamp(ago(25))}}
LOOP = api.waiting("CrashLoopBackOff", restartCount=2, lastState=CRASHED)
TROUBLES = {
    "a pull and its back-off are one": (WAITS, api.waiting("ImagePullBackOff"), pods.IMAGE, 20),
    "so are the runtimes' other words for it": (
        api.waiting("RegistryUnavailable"),
        api.waiting("ImagePullBackOff"),
        pods.IMAGE,
        20,
    ),
    "between two crashes it goes on": (LOOP, api.container(restartCount=3), pods.START, 20),
    "another kind begins anew": (
        WAITS,
        api.waiting("CreateContainerError"),
        pods.SETUP,
        -30,
    ),
    "a pull that goes on after an error is none": (
        WAITS,
        api.waiting("ContainerCreating"),
        "",
        -30,
    ),
}


@pytest.mark.parametrize(("first", "then", "kind", "since"), TROUBLES.values(), ids=TROUBLES)
def test_since_when_a_pod_has_its_trouble(
    first: dict[str, Any], then: dict[str, Any], kind: str, since: float
) -> None:
    made = [api.condition("Ready", "False", lastTransitionTime=api.stamp(ago(20)))]
    before = pods.pod(api.pod("web-1", first, conditions=made), NOW, None)
    assert before.troubled == ago(20)
    found = pods.pod(api.pod("web-1", then, conditions=made), LATER, before)
    assert (found.trouble, found.troubled) == (kind, ago(since))


def test_a_pod_that_is_ready_has_no_trouble_any_more() -> None:
    before = pods.pod(api.pod("web-1", LOOP, ready=False), NOW, None)
    assert pods.pod(api.pod("web-1", api.container(restartCount=3)), LATER, before).trouble == ""


def test_the_last_attempt_to_pull_began_when_it_was_seen_to_fail() -> None:
    before = pods.pod(api.pod("web-1", api.waiting("ImagePullBackOff"), ready=False), NOW, None)
    found = pods.pod(api.pod("web-1", WAITS, ready=False), LATER, before)
    again = pods.pod(api.pod("web-1", WAITS, ready=False), ago(-60), found)
    assert [item.containers[0].began for item in (before, found, again)] == [None, LATER, LATER]
