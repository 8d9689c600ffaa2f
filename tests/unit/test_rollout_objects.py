"""From the API server's objects to the verdict: states whose meaning is in how both read them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit import api_objects as api
from tests.unit.rollout_states import APPLIED, NOW, ago
from wpdeploy import observed, pods
from wpdeploy.observed import Snapshot
from wpdeploy.rollout import assess
from wpdeploy.verdict import Outcome, Verdict

Json = dict[str, Any]


def verdict(*shown: Json, deployment: Json | None = None) -> Verdict:
    """On a rollout of one replica with these pods; web-1 serves."""
    return assess(
        Snapshot(
            now=NOW,
            workload=observed.workload(deployment or api.deployment()),
            replica_sets=(
                observed.replica_set(api.replica_set("old", "3")),
                observed.replica_set(api.replica_set("new", "4")),
            ),
            pods=tuple(pods.pod(pod, NOW, None) for pod in shown),
            serving=observed.serving(api.endpoint_slice(api.endpoint("uid-of-web-1"))),
            since=APPLIED,
            generation=7,
            window=timedelta(seconds=10),
        )
    )


def test_a_healthy_rollout() -> None:
    assert verdict(api.pod("web-1")) == Verdict(Outcome.SUCCEEDED, "ready 1/1")


# Pods that are over stay on until they are collected, which can take days; their controller does
# not count them and has made others.
OVER = {
    "put out by its node": {"phase": "Failed", "reason": "Evicted"},
    "refused by its node": {"phase": "Failed", "reason": "OutOfcpu"},
    "its node was shut down": {"phase": "Failed", "reason": "Terminated"},
    "it ended": {"phase": "Succeeded"},
}


@pytest.mark.parametrize("status", OVER.values(), ids=OVER)
@pytest.mark.parametrize("owner", ["new", "old"])
def test_a_pod_that_is_over_does_not_count(owner: str, status: Json) -> None:
    over = api.pod("web-0", ready=False, containerStatuses=[], **status)
    over["metadata"]["ownerReferences"] = api.owned_by(owner)
    assert verdict(over, api.pod("web-1")) == Verdict(Outcome.SUCCEEDED, "ready 1/1")


def test_a_pod_that_is_over_is_no_pod_that_is_ready() -> None:
    over = api.pod("web-1", phase="Failed", reason="Evicted")
    assert verdict(over).outcome is Outcome.PROGRESSING


def crash(began: float, ended: float) -> Json:
    """A pod older than the apply whose last run was from then to then, in seconds before now."""
    terminated = {
        "exitCode": 1,
        "startedAt": api.stamp(ago(began)),
        "finishedAt": api.stamp(ago(ended)),
    }
    loop = api.waiting("CrashLoopBackOff", "back-off", lastState={"terminated": terminated})
    found = api.pod("web-1", loop, ready=False)
    found["metadata"]["creationTimestamp"] = api.stamp(ago(9000))
    return found


def test_a_run_that_began_before_the_apply_says_nothing_of_it() -> None:
    # Whoever repairs the database and deploys again must not be told of the attempt before.
    assert verdict(crash(began=125, ended=110)).outcome is Outcome.PROGRESSING


def test_a_run_that_began_after_the_apply_and_crashed_is_a_failure() -> None:
    assert verdict(crash(began=115, ended=110)).outcome is Outcome.FAILED
