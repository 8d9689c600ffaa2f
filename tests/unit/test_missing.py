"""What a rollout lacks, in words; what it comes to is in the table of states."""

from collections.abc import Sequence

import pytest

from tests.unit.rollout_states import ago, pod, snapshot, unready, waiting, workload
from wpdeploy import missing
from wpdeploy.observed import RECREATE, ReplicaSet, Snapshot
from wpdeploy.pods import Pod

NONE = {"updated": 0, "ready": 0, "available": 0, "replicas": 0}
UNSERVED = "the Service has no ready endpoint among the new pods"


def lacks(found: Snapshot, pods: Sequence[Pod]) -> list[str]:
    assert found.workload is not None
    return list(missing.of(found, found.workload, pods))


def test_what_is_complete_lacks_nothing() -> None:
    found = snapshot()
    assert lacks(found, found.pods) == []


def test_all_that_is_lacking_is_told_at_once() -> None:
    late, old = unready("web-1", *waiting("ErrImagePull")), pod("web-0", owner="old")
    found = snapshot(late, old, serving=frozenset({old.uid}))
    assert lacks(found, [late]) == [
        "ready 0/3, waiting for web-1: ErrImagePull",
        "old pods left: 1, web-0",
        UNSERVED,
    ]


REFUSALS = {
    'pods "web-x" is forbidden: exceeded quota: q': "exceeded quota: q",
    'Error creating: pods "web-x" is forbidden: no SA': "no SA",
    "admission webhook denied it": "admission webhook denied it",
}


@pytest.mark.parametrize(("message", "told"), REFUSALS.items(), ids=REFUSALS)
def test_a_refusal_is_told_without_the_name_of_a_pod_that_never_was(
    message: str, told: str
) -> None:
    refused = ReplicaSet("new", "deployment", 4, "web-new", message, ago(5))
    found = snapshot(pods=(), replica_sets=(refused,), workload=workload(**NONE))
    assert lacks(found, []) == [f"ready 0/3, no pod can be created: {told}", UNSERVED]


def test_what_is_refused_to_another_deployment_is_not_told() -> None:
    own = ReplicaSet("new", "deployment", 4)
    other = ReplicaSet("other", "another deployment", 4, "other", "exceeded quota", ago(5))
    found = snapshot(pods=(), replica_sets=(other, own), workload=workload(**NONE))
    assert lacks(found, [])[0] == "ready 0/3, 0 of 3 new pods exist"


@pytest.mark.parametrize(
    ("due", "why"),
    [
        (ago(-20), "new pods are created then (Recreate)"),
        (ago(90), "it should have ended 90 s ago: its node may be gone"),
    ],
)
def test_recreate_waits_for_the_pods_that_end(due: object, why: str) -> None:
    old = pod("web-0", owner="old", deleting=True, due=due)
    found = snapshot(old, workload=workload(strategy=RECREATE, **NONE))
    assert lacks(found, [])[0] == f"ready 0/3, waiting for web-0 to end: {why}"
