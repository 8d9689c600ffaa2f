"""When a rollout is done, and when it is not yet."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.rollout_states import (
    NOW,
    ago,
    container,
    pod,
    snapshot,
    starting,
    unready,
    waiting,
    workload,
)
from wpdeploy.observed import ReplicaSet, Snapshot, Workload
from wpdeploy.rollout import assess
from wpdeploy.verdict import Outcome, Verdict

READY = tuple(pod(f"web-{number}") for number in (1, 2, 3))
OLD = pod("web-old", owner="old", created=ago(9000))
NO_ENDPOINT = "the Service has no ready endpoint among the new pods"


def succeeded(sentence: str) -> Verdict:
    return Verdict(Outcome.SUCCEEDED, sentence)


def progressing(sentence: str) -> Verdict:
    return Verdict(Outcome.PROGRESSING, sentence)


def stabilising(seconds: float) -> Verdict:
    sentence = "ready 3/3, until it is stable"
    return Verdict(Outcome.PROGRESSING, sentence, recheck=min(seconds, 30), steady=seconds)


def ready_of_three(count: int) -> Workload:
    return workload(replicas=count, updated=count, ready=count, available=count)


DONE = {
    "all counters and pods agree": (snapshot(), "ready 3/3"),
    "old pods that are terminating do not count": (
        snapshot(*READY, replace(OLD, deleting=True)),
        "ready 3/3",
    ),
    "new pods that are terminating do not count": (
        snapshot(*READY, pod("web-4", deleting=True)),
        "ready 3/3",
    ),
    "pods of nobody's ReplicaSet do not count": (
        snapshot(*READY, pod("debug", owner="", ready=False)),
        "ready 3/3",
    ),
    "pods of another Deployment do not count": (
        snapshot(*READY, pod("other", owner="somebody else's", ready=False)),
        "ready 3/3",
    ),
    "a restart before the stability window is forgiven": (
        snapshot(*READY[:2], pod("web-3", containers=(container(restarts=4),), changed=ago(11))),
        "ready 3/3",
    ),
    "the stability window ends on the second": (
        snapshot(*READY[:2], pod("web-3", changed=ago(10))),
        "ready 3/3",
    ),
    "no stability window is asked for": (
        snapshot(pod("web-1", changed=NOW), *READY[1:], window=timedelta(0)),
        "ready 3/3",
    ),
    "a stale ProgressDeadlineExceeded from before the apply": (
        snapshot(
            workload=workload(
                progress_reason="ProgressDeadlineExceeded", progress_updated=ago(1000)
            )
        ),
        "ready 3/3",
    ),
    "a ProgressDeadlineExceeded that was overtaken by the last pod": (
        snapshot(
            workload=workload(progress_reason="ProgressDeadlineExceeded", progress_updated=ago(15))
        ),
        "ready 3/3",
    ),
    "an apply that changed nothing: its pods are older": (
        snapshot(*(replace(item, created=ago(9000), changed=ago(8000)) for item in READY)),
        "ready 3/3",
    ),
    "no apply is known: the current generation": (
        snapshot(since=None, generation=0),
        "ready 3/3",
    ),
    "the Deployment has no progress deadline": (
        snapshot(workload=workload(progress_reason="", progress_updated=None)),
        "ready 3/3",
    ),
    "a controller's clock is ahead": (
        snapshot(workload=workload(progress_updated=ago(-1))),
        "ready 3/3",
    ),
}


@pytest.mark.parametrize(("state", "sentence"), DONE.values(), ids=DONE)
def test_it_is_done(state: Snapshot, sentence: str) -> None:
    assert assess(state) == succeeded(sentence)


UNFINISHED = {
    "the controller has not seen the generation that the apply returned": (
        snapshot(workload=workload(observed_generation=6)),
        "waiting for the controller to see the new generation",
    ),
    "the controller has not seen a generation newer than the apply's": (
        snapshot(workload=workload(generation=8)),
        "waiting for the controller to see the new generation",
    ),
    "the new ReplicaSet is not there": (
        snapshot(replica_sets=(ReplicaSet("old", "deployment", 3),)),
        "waiting for the new ReplicaSet",
    ),
    "the revision's ReplicaSet is another Deployment's": (
        snapshot(replica_sets=(ReplicaSet("new", "another deployment", 4),)),
        "waiting for the new ReplicaSet",
    ),
    "the new ReplicaSet cannot be made": (
        snapshot(replica_sets=(), workload=workload(replica_failure="exceeded quota: pods")),
        "waiting for the new ReplicaSet exceeded quota: pods",
    ),
    "a pod is missing": (
        snapshot(*READY[:2], workload=workload(replicas=2, updated=2, ready=2, available=2)),
        "ready 2/3, 2 of 3 new pods exist",
    ),
    "no pod may be made": (
        snapshot(
            pods=(),
            workload=ready_of_three(0),
            replica_sets=(
                ReplicaSet("new", "deployment", 4, "web-new", "exceeded quota: q", ago(19)),
            ),
        ),
        f"ready 0/3, no pod can be created: exceeded quota: q; {NO_ENDPOINT}",
    ),
    "there is one pod too many": (
        snapshot(*READY, pod("web-4")),
        "ready 3/3, 4 of 3 new pods exist",
    ),
    "the counter of updated pods lags": (
        snapshot(workload=workload(updated=2, replicas=2)),
        "ready 3/3, waiting for the controller to count them",
    ),
    "the counter of ready pods lags": (
        snapshot(workload=workload(ready=2)),
        "ready 3/3, waiting for the controller to count them",
    ),
    "the counter of available pods lags": (
        snapshot(workload=workload(available=1)),
        "ready 1/3, waiting for the controller to count them",
    ),
    "the counters are ahead of the pods": (
        snapshot(*READY[:2]),
        "ready 2/3, 2 of 3 new pods exist",
    ),
    "an old pod is left": (
        snapshot(*READY, OLD),
        "old pods left: 1, web-old",
    ),
    "only the counters know of an old pod": (
        snapshot(workload=workload(replicas=5)),
        "old pods left: 2",
    ),
    "the Service serves nobody": (
        snapshot(serving=frozenset()),
        NO_ENDPOINT,
    ),
    "the Service serves old pods alone": (
        snapshot(serving=frozenset({OLD.uid})),
        NO_ENDPOINT,
    ),
    "one pod is new, one is old, and neither serves": (
        snapshot(READY[0], OLD, serving=frozenset(), workload=workload(replicas=4, updated=1)),
        f"ready 1/3, 1 of 3 new pods exist; old pods left: 1, web-old; {NO_ENDPOINT}",
    ),
}


@pytest.mark.parametrize(("state", "sentence"), UNFINISHED.values(), ids=UNFINISHED)
def test_it_is_not_done_yet(state: Snapshot, sentence: str) -> None:
    verdict = assess(state)
    assert (verdict.outcome, verdict.sentence) == (Outcome.PROGRESSING, sentence)
    assert not verdict.steady


@pytest.mark.parametrize("counter", ["updated", "ready", "available"])
def test_no_counter_is_enough_without_the_others(counter: str) -> None:
    none = {"replicas": 3, "updated": 0, "ready": 0, "available": 0}
    behind = workload(**none | {counter: 3})
    assert assess(snapshot(workload=behind)).outcome is Outcome.PROGRESSING


def test_a_pod_that_changed_within_the_window_is_looked_at_again_when_it_ends() -> None:
    state = snapshot(*READY[:2], pod("web-3", changed=ago(3.5)))
    assert assess(state) == stabilising(6.5)


def test_a_long_window_is_looked_at_from_time_to_time() -> None:
    state = snapshot(*READY[:2], pod("web-3", changed=ago(3)), window=timedelta(seconds=300))
    assert assess(state) == stabilising(297)


def test_the_controllers_time_counts_where_a_nodes_clock_is_behind() -> None:
    state = snapshot(workload=workload(progress_updated=ago(4)))
    assert assess(state) == stabilising(6)


def test_a_progress_deadline_that_was_exceeded_does_not_end_the_stability_window() -> None:
    stuck = workload(progress_reason="ProgressDeadlineExceeded", progress_updated=ago(5))
    state = snapshot(*READY[:2], pod("web-3", changed=ago(4)), workload=stuck)
    assert assess(state) == stabilising(6)


def test_the_newest_change_of_all_pods_counts() -> None:
    pods = [pod(f"web-{number}", changed=ago(number)) for number in (4, 2, 3)]
    assert assess(snapshot(*pods)).recheck == 8


def test_a_revision_that_the_deployment_does_not_know_yet_is_waited_for() -> None:
    # In a rollback the ReplicaSet is the newest before the Deployment's own annotation says so;
    # until then the annotation points to the pods that are being rolled back.
    rolled_back_to = ReplicaSet("older", "deployment", 5)
    crashing = unready("web-1", *waiting("CrashLoopBackOff", began=ago(1)))
    state = starting(crashing, replica_sets=(*snapshot().replica_sets, rolled_back_to))
    assert assess(state) == progressing("waiting for the new ReplicaSet")
