"""What the API server's objects tell of a failure, read as they are."""

from datetime import datetime
from typing import Any

import pytest

from tests.unit import api_objects as api
from tests.unit import rollout_states as states
from tests.unit.rollout_states import APPLIED, NOW, ago
from wpdeploy import clues
from wpdeploy.clues import CURRENT, PREVIOUS, PodRow, Run, Told, Used
from wpdeploy.observed import Event, ReplicaSet
from wpdeploy.verdict import failed

Json = dict[str, Any]


def event(**changes: Any) -> Json:
    """An Event as the kubelet writes it."""
    about = {"kind": "Pod", "name": "web-1", "uid": "uid-of-web-1"}
    found = {"involvedObject": about, "type": "Warning", "reason": "BackOff", "message": "again"}
    return {**found, "lastTimestamp": api.stamp(NOW), "count": 3} | changes


BACK_OFF = Told(NOW, "Warning", "Pod web-1", "BackOff", "again", 3)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        pytest.param(event(), BACK_OFF, id="as the kubelet writes it"),
        pytest.param(
            event(count=None, lastTimestamp=None, series={"count": 3, "lastObservedTime": None})
            | {"eventTime": api.stamp(NOW)},
            BACK_OFF,
            id="as the newer API has it",
        ),
        pytest.param({}, Told(None, "", " ", "", "", 1), id="as nobody should write it"),
    ],
)
def test_an_event_tells_what_of_which_object_how_often_and_when(raw: Json, told: Told) -> None:
    assert clues.told(raw) == told


@pytest.mark.parametrize(
    ("reason", "quotes"),
    [
        ("Unhealthy", True),
        ("ProbeWarning", True),
        ("FailedPostStartHook", True),
        ("FailedPreStopHook", True),
        ("BackOff", False),
        ("FailedMount", False),
    ],
)
def test_a_probe_and_a_hook_are_told_with_the_containers_own_words(
    reason: str, *, quotes: bool
) -> None:
    assert clues.quotes(reason) is quotes


def told(name: str, last: datetime | None) -> Told:
    return Told(last, "Normal", "Pod web-1", name, "", 1)


def test_of_the_events_those_since_the_apply_count_the_newest_last() -> None:
    found = [told("new", NOW), told("at once", APPLIED), told("old", ago(121)), told("some", None)]
    kept = clues.since(found, APPLIED.replace(microsecond=900_000))
    assert [item.reason for item in kept] == ["some", "at once", "new"]
    assert len(clues.since(found, None)) == 4


TIMES = {"startedAt": api.stamp(ago(30)), "finishedAt": api.stamp(ago(20))}
CRASHED = {"exitCode": 1, "reason": "Error", "message": "last words", **TIMES}


def test_each_run_of_each_container_is_told() -> None:
    status = api.container("wordpress", lastState={"terminated": CRASHED})
    first = api.container("first", state={"terminated": {"exitCode": 137, "signal": 9}})
    beside = api.waiting("CrashLoopBackOff", "back-off 10s", name="beside", lastState={})
    pod = api.pod("web-1", status, initContainerStatuses=[first, beside])
    spec = [{"name": "first"}, {"name": "beside", "restartPolicy": "Always"}]
    assert list(clues.runs({**pod, "spec": {"initContainers": spec}})) == [
        Run("first", "init container", CURRENT, "ended", exit_code=137, signal=9),
        Run("beside", "sidecar", CURRENT, "waiting", "CrashLoopBackOff", "back-off 10s"),
        Run(
            "wordpress",
            "container",
            PREVIOUS,
            "ended",
            "Error",
            "last words",
            1,
            None,
            ago(30),
            ago(20),
        ),
        Run("wordpress", "container", CURRENT, "running", started=ago(80)),
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"exit_code": 0, "reason": "Completed"}, "exit code 0, Completed"),
        ({"exit_code": 137, "signal": 9}, "exit code 137, signal 9"),
    ],
)
def test_how_a_run_ended(changes: Json, told: str) -> None:
    assert Run("c", "container", PREVIOUS, "ended", **changes).exit == told


UNPLACED = api.condition("PodScheduled", "False", reason="Unschedulable", message="0/3 nodes")


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ([UNPLACED], "0/3 nodes"),
        ([api.condition("PodScheduled", "True", message="x")], ""),
        ([], ""),
    ],
)
def test_the_scheduler_is_heard_as_long_as_a_pod_has_no_node(
    conditions: list[Json], told: str
) -> None:
    assert clues.scheduler(api.pod(conditions=conditions)) == told


def test_a_quota_tells_what_is_used_of_what() -> None:
    status = {"hard": {"pods": "3", "requests.cpu": "2"}, "used": {"pods": "3"}}
    assert list(clues.used({"metadata": {"name": "all"}, "status": status})) == [
        Used("all", "pods", "3", "3"),
        Used("all", "requests.cpu", "0", "2"),
    ]


def test_the_pods_are_told_those_first_that_are_waited_for() -> None:
    pods = (
        states.pod("old-1", owner="old"),
        states.pod("web-1"),
        states.unready("web-2", states.container(restarts=2)),
    )
    assert clues.pod_rows(states.snapshot(*pods), {"web-2": "node-1"}) == [
        PodRow("web-2", "unready", 2, "node-1", 90, "not ready"),
        PodRow("web-1", "ready", 0, "", 90, "ready"),
        PodRow("old-1", "old", 0, "", 90, "ready"),
    ]


def test_of_the_pods_that_are_not_ready_those_in_trouble_come_first() -> None:
    pods = [states.unready("web-1"), states.unready("web-2", trouble="start"), states.pod("web-3")]
    assert [pod.name for pod in clues.unready(states.snapshot(*pods))] == ["web-2", "web-1"]


REFUSED = 'pods "x" is forbidden: exceeded quota: all, requested: pods=1'
FULL = (ReplicaSet("new", "deployment", 4, failure=REFUSED),)


@pytest.mark.parametrize(
    ("sentence", "details", "replica_sets", "tells"),
    [
        pytest.param("crashes", (), (), False, id="nowhere"),
        pytest.param(REFUSED, (), (), True, id="in the sentence"),
        pytest.param("late", (("message", REFUSED),), (), True, id="in a row"),
        pytest.param("late", (), FULL, True, id="in the ReplicaSet"),
        pytest.param("late", (), (*FULL, ReplicaSet("4", "deployment", 5)), False, id="long ago"),
    ],
)
def test_a_quota_is_looked_at_where_something_is_said_of_one(
    sentence: str,
    details: tuple[tuple[str, str], ...],
    replica_sets: tuple[ReplicaSet, ...],
    *,
    tells: bool,
) -> None:
    snapshot = states.snapshot(replica_sets=replica_sets)
    assert clues.tells_of_quota(failed(sentence, details), snapshot) is tells


def test_a_containers_own_words_are_known_as_a_verdict_may_quote_them() -> None:
    said = states.container(said=f"cannot start {states.IMAGE}")
    pods = [states.unready("web-1", said)]
    told = [("Unhealthy", "probe said"), ("BackOff", "the kubelet's")]
    events = [Event("uid-of-web-1", reason, message, NOW) for reason, message in told]
    snapshot = states.snapshot(*pods, events={"uid-of-web-1": tuple(events)})
    assert set(clues.own_words(snapshot)) == {
        f"cannot start {states.IMAGE}",
        "cannot start IMAGE",
        "probe said",
    }
