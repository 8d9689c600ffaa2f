from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.kubernetes.controllers import conditions
from sandbox.kubernetes.controllers.rollout_status import calculated, counted, deadline_left

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)


def deployment(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    base = {"replicas": 2, "strategy": strategy, "progressDeadlineSeconds": 10}
    return {
        "metadata": {"name": "web", "generation": 3},
        "spec": base | spec,
        "status": status or {},
    }


def replica_set(name: str, wanted: int, ready: int, **status: Any) -> dict[str, Any]:
    counts = {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready}
    return {"metadata": {"name": name}, "spec": {"replicas": wanted}, "status": counts | status}


def reason(status: dict[str, Any], kind: str) -> str:
    found = conditions.find(status, kind)
    return "" if found is None else str(found["reason"])


def test_a_finished_rollout() -> None:
    new = replica_set("new", 2, 2)
    status = calculated(deployment(), new, [new], NOW)
    assert reason(status, "Progressing") == "NewReplicaSetAvailable"
    assert reason(status, "Available") == "MinimumReplicasAvailable"
    counts = {key: value for key, value in status.items() if key != "conditions"}
    assert counts == {
        "observedGeneration": 3,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }


def test_progress_moves_the_time_of_the_update_but_not_of_the_transition() -> None:
    new = replica_set("new", 2, 0)
    first = calculated(deployment(), new, [new], NOW)
    assert reason(first, "Progressing") == "ReplicaSetUpdated"
    later = replica_set("new", 2, 1)
    second = calculated(deployment(first), later, [later], NOW + timedelta(seconds=5))
    found = conditions.find(second, "Progressing")
    assert found is not None
    assert found["lastTransitionTime"] == "2026-11-01T12:00:00Z"
    assert found["lastUpdateTime"] == "2026-11-01T12:00:05Z"


@pytest.mark.parametrize(("seconds", "expected"), [(10, ""), (11, "ProgressDeadlineExceeded")])
def test_the_deadline_runs_from_the_last_progress(seconds: int, expected: str) -> None:
    new = replica_set("new", 2, 0)
    first = calculated(deployment(), new, [new], NOW)
    late = NOW + timedelta(seconds=seconds)
    after = calculated(deployment(first), new, [new], late)
    assert reason(after, "Progressing") == (expected or "ReplicaSetUpdated")
    assert deadline_left(deployment(first), NOW) == 11


def test_a_refused_pod_shows_in_the_deployment() -> None:
    refusal = conditions.new("ReplicaFailure", "True", "FailedCreate", "no room", "t")
    new = replica_set("new", 1, 0, conditions=[refusal])
    status = calculated(deployment(), new, [new], NOW)
    found = conditions.find(status, "ReplicaFailure")
    assert found is not None
    assert (found["reason"], found["message"]) == ("FailedCreate", "no room")


def test_what_is_only_counted_leaves_the_progress_alone() -> None:
    new, old = replica_set("new", 2, 1), replica_set("old", 1, 1)
    paused = {"type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused"}
    status = counted(deployment({"conditions": [paused]}, paused=True), new, [old, new], NOW)
    assert reason(status, "Progressing") == "DeploymentPaused"
    assert reason(status, "Available") == "MinimumReplicasAvailable"
    assert (status["updatedReplicas"], status["availableReplicas"]) == (2, 2)
