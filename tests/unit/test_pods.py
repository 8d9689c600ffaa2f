"""Pods and their containers, read from the API server's JSON, and when they last changed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import api_objects as api
from tests.unit.rollout_states import IMAGE, NOW, ago
from wpdeploy import pods
from wpdeploy.pods import Container, Pod

LATER = ago(-30)


def test_a_ready_pod_changed_when_it_became_ready() -> None:
    assert pods.pod(api.pod("web-1"), NOW, None) == Pod(
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
        troubled=ago(60),
        transition_within=ago(60),
    )


def test_a_pod_that_is_not_ready_changed_when_it_was_first_seen() -> None:
    assert pods.pod(api.pod(ready=False), NOW, None).changed == NOW


def test_a_pod_cannot_have_become_ready_in_the_future() -> None:
    # The kubelet wrote the time, by a node's clock that may be ahead of the API server's.
    ahead = api.condition("Ready", "True", lastTransitionTime=api.stamp(ago(-3600)))
    assert pods.pod(api.pod(conditions=[ahead]), NOW, None).changed == NOW


def test_a_pod_cannot_have_become_ready_before_it_was_made() -> None:
    behind = api.condition("Ready", "True", lastTransitionTime=api.stamp(ago(3600)))
    assert pods.pod(api.pod(conditions=[behind]), NOW, None).changed == ago(90)


def written(*entries: tuple[float, str]) -> list[dict[str, Any]]:
    """managedFields: who wrote what so many seconds ago, by the API server's clock."""
    return [{"time": api.stamp(ago(at)), "fieldsV1": {field: {}}} for at, field in entries]


WRITTEN = {
    "its status was written after a node's clock says": (written((5, "f:status")), 5),
    "its status was written before": (written((70, "f:status")), 60),
    "its status was last written by another": (written((30, "f:status"), (4, "f:status")), 4),
    "its labels were written": (written((5, "f:metadata"), (70, "f:status")), 60),
    "an entry without fields": ([{"manager": "somebody"}], 60),
    "nobody wrote": ([], 60),
    "in the future": (written((-5, "f:status")), 0),
}


@pytest.mark.parametrize(("entries", "seconds"), WRITTEN.values(), ids=WRITTEN)
def test_a_pod_is_not_taken_to_be_ready_since_before_that_was_written(
    entries: list[dict[str, Any]], seconds: float
) -> None:
    # A node's clock that is behind would let a stability window end before it began.
    raw = api.pod("web-1")
    raw["metadata"]["managedFields"] = entries
    assert pods.pod(raw, NOW, None).changed == ago(seconds)


@pytest.mark.parametrize("status", [{}, None], ids=["empty", "null"])
def test_a_pod_that_no_kubelet_has_seen(status: object) -> None:
    found = pods.pod(api.pod() | {"status": status}, NOW, None)
    assert (found.ready, found.containers, found.changed) == (False, (), NOW)


def test_a_pod_that_has_no_node() -> None:
    unplaced = api.condition("PodScheduled", "False", message="0/3 nodes are available")
    found = pods.pod(api.pod(conditions=[unplaced]), NOW, None)
    assert found.unschedulable == "0/3 nodes are available"
    assert (found.placed, found.held, found.trouble) == (False, False, pods.PLACE)


def test_a_scheduler_that_says_nothing_is_told_as_such() -> None:
    unplaced = api.condition("PodScheduled", "False", reason="SchedulerError")
    found = pods.pod(api.pod(conditions=[unplaced]), NOW, None)
    assert (found.unschedulable, found.trouble) == ("SchedulerError", pods.PLACE)


def test_a_pod_that_is_held_back_is_not_in_trouble() -> None:
    gated = api.condition("PodScheduled", "False", reason="SchedulingGated", message="blocked")
    found = pods.pod(api.pod(conditions=[gated]), NOW, None)
    assert (found.placed, found.held, found.trouble) == (False, True, "")


def test_a_pod_for_which_others_are_moved() -> None:
    assert pods.pod(api.pod(nominatedNodeName="node-1"), NOW, None).nominated


WITHIN = api.condition("ContainersReady", "True", lastTransitionTime=api.stamp(ago(60)))
WITHOUT = api.condition("ContainersReady", "False", lastTransitionTime=api.stamp(ago(60)))
UNREADY = api.condition("Ready", "False", lastTransitionTime=api.stamp(ago(5)))
EVICTED = api.condition("DisruptionTarget", "True", reason="TerminationByKubelet")
STAYS = api.condition("DisruptionTarget", "False")
GATE = {"readinessGates": [{"conditionType": "first"}, {"conditionType": "alb/web"}]}
OPEN = [api.condition("first", "True"), api.condition("alb/web", "False")]
REASONS = {
    "its containers": ([WITHOUT, UNREADY], {}, ""),
    "its node": ([WITHIN, UNREADY], {}, pods.NODE),
    "its node, behind an open gate": (
        [WITHIN, UNREADY, *OPEN[:1]],
        {"readinessGates": GATE["readinessGates"][:1]},
        pods.NODE,
    ),
    "a gate that nobody has opened": ([WITHIN, UNREADY], GATE, "readiness gate first"),
    "a gate that is shut": ([WITHIN, UNREADY, *OPEN], GATE, "readiness gate alb/web"),
    "an eviction": ([WITHOUT, UNREADY, EVICTED], {}, pods.EVICTION),
    "no eviction": ([WITHOUT, UNREADY, STAYS], {}, ""),
}


@pytest.mark.parametrize(("conditions", "spec", "reason"), REASONS.values(), ids=REASONS)
def test_what_makes_a_pod_not_ready(
    conditions: list[dict[str, Any]], spec: dict[str, Any], reason: str
) -> None:
    found = pods.pod(api.pod(conditions=conditions) | {"spec": spec}, NOW, None)
    assert found.unready_for == reason
    assert (found.transition, found.transition_within) == (ago(5), ago(60))


def test_a_pod_that_has_a_node() -> None:
    placed = api.condition("PodScheduled", "True", message="left from before")
    assert pods.pod(api.pod(conditions=[placed]), NOW, None).unschedulable == ""


def test_a_pod_that_is_being_deleted() -> None:
    raw = api.pod()
    raw["metadata"]["deletionTimestamp"] = api.stamp(ago(-30))
    found = pods.pod(raw, NOW, None)
    assert (found.deleting, found.counts, found.due) == (True, False, ago(-30))


def test_init_containers_come_first() -> None:
    raw = api.pod(initContainerStatuses=[api.container("install")])
    assert [item.name for item in pods.pod(raw, NOW, None).containers] == [
        "install",
        "wordpress",
    ]


def test_a_sidecar_is_an_init_container_that_is_restarted() -> None:
    raw = api.pod(initContainerStatuses=[api.container("install"), api.container("proxy")])
    own = [{"name": "install"}, {"name": "proxy", "restartPolicy": "Always"}]
    found = pods.pod(raw | {"spec": {"initContainers": own}}, NOW, None)
    roles = [(item.name, item.role) for item in found.containers]
    assert roles == [
        ("install", pods.INIT),
        ("proxy", pods.SIDECAR),
        ("wordpress", pods.CONTAINER),
    ]


def container(raw: dict[str, Any], before: Pod | None = None) -> Container:
    return pods.pod(api.pod("web-1", raw), NOW, before).containers[0]


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
    before = pods.pod(api.pod("web-1", error), NOW, None)
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
    known = pods.pod(before, NOW, None) if before else None
    found = container(api.waiting("ImagePullBackOff", "Back-off"), known)
    assert found.message == "Back-off"


NAMES = st.text(max_size=20)


@settings(max_examples=50)
@given(name=NAMES, reason=NAMES, message=NAMES, restarts=st.integers(0, 99))
def test_a_containers_words_are_kept_as_they_are(
    name: str, reason: str, message: str, restarts: int
) -> None:
    raw = api.waiting(reason, message, name=name, restartCount=restarts)
    assert container(raw) == Container(name, IMAGE, restarts, reason, message, "", None)
