"""Pods and their containers, read from the API server's JSON, and when they last changed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import api_objects as api
from tests.unit.rollout_states import IMAGE, NOW, ago
from wpdeploy import observed
from wpdeploy.observed import Container, Pod

LATER = ago(-30)


def test_a_ready_pod_changed_when_it_became_ready() -> None:
    assert observed.pod(api.pod("web-1"), NOW, None) == Pod(
        uid="uid-of-web-1",
        name="web-1",
        owner="new",
        created=ago(90),
        deleting=False,
        over=False,
        ready=True,
        unschedulable="",
        containers=(Container("wordpress", IMAGE, 0, "", "", "", None),),
        transition=ago(60),
        changed=ago(60),
    )


def test_a_pod_that_is_not_ready_changed_when_it_was_first_seen() -> None:
    assert observed.pod(api.pod(ready=False), NOW, None).changed == NOW


def test_a_pod_cannot_have_become_ready_in_the_future() -> None:
    # The kubelet wrote the time, by a node's clock that may be ahead of the API server's.
    ahead = api.condition("Ready", "True", lastTransitionTime=api.stamp(ago(-3600)))
    assert observed.pod(api.pod(conditions=[ahead]), NOW, None).changed == NOW


@pytest.mark.parametrize("status", [{}, None], ids=["empty", "null"])
def test_a_pod_that_no_kubelet_has_seen(status: object) -> None:
    found = observed.pod(api.pod() | {"status": status}, NOW, None)
    assert (found.ready, found.containers, found.changed) == (False, (), NOW)


def test_a_pod_that_has_no_node() -> None:
    unplaced = api.condition("PodScheduled", "False", message="0/3 nodes are available")
    found = observed.pod(api.pod(conditions=[unplaced]), NOW, None)
    assert found.unschedulable == "0/3 nodes are available"


def test_a_pod_that_has_a_node() -> None:
    placed = api.condition("PodScheduled", "True", message="left from before")
    assert observed.pod(api.pod(conditions=[placed]), NOW, None).unschedulable == ""


def test_a_pod_that_is_being_deleted() -> None:
    raw = api.pod()
    raw["metadata"]["deletionTimestamp"] = api.stamp(NOW)
    assert observed.pod(raw, NOW, None).deleting


def test_init_containers_come_first() -> None:
    raw = api.pod(initContainerStatuses=[api.container("install")])
    assert [item.name for item in observed.pod(raw, NOW, None).containers] == [
        "install",
        "wordpress",
    ]


def container(raw: dict[str, Any], before: Pod | None = None) -> Container:
    return observed.pod(api.pod("web-1", raw), NOW, before).containers[0]


ENDED = {
    "exitCode": 137,
    "startedAt": "2026-11-05T02:59:40Z",
    "finishedAt": "2026-11-05T02:59:55Z",
}
ENDS = {
    "an exit code alone": (ENDED, "exit code 137"),
    "a reason": (ENDED | {"reason": "OOMKilled"}, "exit code 137, OOMKilled"),
    "a signal": (ENDED | {"signal": 9}, "exit code 137, signal 9"),
    "all of it": (
        ENDED | {"signal": 9, "reason": "OOMKilled"},
        "exit code 137, signal 9, OOMKilled",
    ),
    "a success": (ENDED | {"exitCode": 0, "reason": "Completed"}, "exit code 0, Completed"),
}


@pytest.mark.parametrize(("terminated", "told"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("where", ["state", "lastState"])
def test_how_a_container_ended(where: str, terminated: dict[str, Any], told: str) -> None:
    found = container(api.container() | {where: {"terminated": terminated}})
    assert (found.last_exit, found.began) == (told, ago(20))


def test_the_present_end_hides_the_one_before() -> None:
    first = {"terminated": {"exitCode": 1, "startedAt": "2026-11-05T02:00:00Z"}}
    found = container(api.container(state={"terminated": ENDED}, lastState=first))
    assert (found.last_exit, found.began) == ("exit code 137", ago(20))


@pytest.mark.parametrize("started", [None, "1970-01-01T00:00:00Z"])
def test_what_could_not_be_started_began_when_it_ended(started: str | None) -> None:
    ended = ENDED | {"startedAt": started, "reason": "StartError"}
    assert container(api.container(state={"terminated": ended})).began == ago(5)


def test_a_pull_in_back_off_keeps_the_words_of_the_error_before() -> None:
    error = api.waiting("ErrImagePull", "manifest unknown")
    before = observed.pod(api.pod("web-1", error), NOW, None)
    found = container(api.waiting("ImagePullBackOff", 'Back-off pulling image "x"'), before)
    assert (found.waiting, found.message) == ("ImagePullBackOff", "manifest unknown")


@pytest.mark.parametrize(
    "before",
    [
        None,
        api.pod("web-1", api.waiting("ErrImagePull", "")),
        api.pod("web-1", api.waiting("ErrImagePull", "manifest unknown", name="other")),
    ],
    ids=["nothing was known", "no words were known", "another container's words"],
)
def test_a_pull_in_back_off_says_what_it_says_itself(before: dict[str, Any] | None) -> None:
    known = observed.pod(before, NOW, None) if before else None
    found = container(api.waiting("ImagePullBackOff", "Back-off"), known)
    assert found.message == "Back-off"


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
    before = observed.pod(first, ago(20), None)
    assert observed.pod(then, LATER, before).changed == LATER


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
    before = observed.pod(first, ago(20), None)
    assert observed.pod(then, LATER, before).changed == before.changed


def test_a_flap_that_nobody_saw_is_told_by_the_condition() -> None:
    # While a watch was broken the pod was not ready and became so again, without a restart.
    before = observed.pod(api.pod(), ago(30), None)
    again = api.pod(conditions=[api.condition("Ready", "True", lastTransitionTime=api.stamp(NOW))])
    assert observed.pod(again, LATER, before).changed == LATER


NAMES = st.text(max_size=20)


@settings(max_examples=50)
@given(name=NAMES, reason=NAMES, message=NAMES, restarts=st.integers(0, 99))
def test_a_containers_words_are_kept_as_they_are(
    name: str, reason: str, message: str, restarts: int
) -> None:
    raw = api.waiting(reason, message, name=name, restartCount=restarts)
    assert container(raw) == Container(name, IMAGE, restarts, reason, message, "", None)
