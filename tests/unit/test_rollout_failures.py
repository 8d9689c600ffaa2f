"""When a rollout has failed: whose faults decide, after how long, and what is said of them."""

from dataclasses import fields, replace
from datetime import datetime

import pytest

from tests.unit.rollout_states import (
    APPLIED,
    IMAGE,
    ago,
    pod,
    snapshot,
    starting,
    unready,
    waiting,
    workload,
)
from wpdeploy.grace import Grace
from wpdeploy.observed import ReplicaSet, Snapshot
from wpdeploy.pods import Container, Pod
from wpdeploy.rollout import assess
from wpdeploy.verdict import Outcome

GONE = f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
BUSY = "unexpected status code 503 Service Unavailable"
JUST_NOW = ago(5)
NOWHERE = "the Service has no ready endpoint among the new pods"


def crashing(name: str, seconds: float = 60, began: datetime = JUST_NOW, restarts: int = 2) -> Pod:
    end = {"last_exit": "exit code 1", "began": began, "restarts": restarts}
    return unready(name, *waiting("CrashLoopBackOff", "back-off 10s", **end), seconds=seconds)


GRACED = {
    "image_pull": starting(
        unready("web-1", *waiting("ErrImagePull", BUSY), seconds=130), since=ago(900)
    ),
    "container": starting(unready("web-1", *waiting("CreateContainerError"))),
    "crash": starting(crashing("web-1")),
    "refused": starting(
        replica_sets=(ReplicaSet("new", "deployment", 4, "web-new", "exceeded quota", ago(60)),),
        pods=(),
    ),
    "unschedulable": starting(unready("web-1", unschedulable="0/3 nodes")),
    "restarts": snapshot(pod("web-1"), crashing("web-2", restarts=5), pod("web-3")),
}


# Of these one pod is enough, though the others are ready, and they are not waited for.
HOPELESS = {
    "an invalid image name": waiting("InvalidImageName"),
    "an image that must not be pulled": waiting("ErrImageNeverPull"),
    "an image that does not exist": waiting("ErrImagePull", GONE),
    "the same, in back-off": waiting("ImagePullBackOff", GONE),
    "a missing Secret": waiting("CreateContainerConfigError", 'secret "wordpress-x" not found'),
}


@pytest.mark.parametrize("containers", HOPELESS.values(), ids=HOPELESS)
def test_one_pod_without_hope_is_enough(containers: tuple[Container]) -> None:
    state = snapshot(pod("web-1"), pod("web-2"), unready("web-3", *containers, seconds=0))
    verdict = assess(state)
    assert (verdict.outcome, verdict.sentence.split(":")[0]) == (Outcome.FAILED, "pod web-3")


# What may pass: seconds of patience.
PATIENCE = {
    "a registry that is busy": (waiting("ErrImagePull", BUSY), 120),
    "the same, in back-off": (waiting("ImagePullBackOff", BUSY), 120),
    "a cache that is not synchronised": (
        waiting("CreateContainerConfigError", "failed to sync secret cache: timed out"),
        15,
    ),
    "a container that cannot be made": (waiting("CreateContainerError", "name in use"), 15),
    "a container that cannot be started": (waiting("RunContainerError", "exec: no such file"), 15),
    "a container that crashes": (waiting("CrashLoopBackOff", "back-off"), 15),
}
LONG_AGO = {"since": ago(900)}


@pytest.mark.parametrize(("containers", "grace"), PATIENCE.values(), ids=PATIENCE)
def test_what_may_pass_has_its_time(containers: tuple[Container], grace: int) -> None:
    waited = assess(starting(unready("web-1", *containers, seconds=grace - 4), **LONG_AGO))
    sentence = f"ready 0/3, waiting for web-1: {containers[0].waiting}; {NOWHERE}"
    assert (waited.outcome, waited.sentence, waited.recheck) == (Outcome.PROGRESSING, sentence, 4)
    too_long = starting(unready("web-1", *containers, seconds=grace), **LONG_AGO)
    assert assess(too_long).outcome is Outcome.FAILED


@pytest.mark.parametrize("field", [field.name for field in fields(Grace)])
def test_each_grace_of_the_environment_file_is_kept(field: str) -> None:
    state = GRACED[field]
    longer = replace(state, grace=replace(state.grace, **{field: 200}))
    assert assess(state).outcome is Outcome.FAILED
    assert assess(longer).outcome is Outcome.PROGRESSING


@pytest.mark.parametrize("grace", [0, 1])
def test_a_grace_begins_with_the_apply_at_the_earliest(grace: int) -> None:
    late = unready("web-1", *waiting("RunContainerError", began=ago(0)), created=ago(9000))
    state = starting(late, since=ago(1), grace=Grace(container=1 + grace))
    assert assess(state).outcome is (Outcome.PROGRESSING if grace else Outcome.FAILED)


WELL = {"ready": pod("web-1"), "on its way": unready("web-1", *waiting("ContainerCreating"))}


@pytest.mark.parametrize(("containers", "grace"), PATIENCE.values(), ids=PATIENCE)
@pytest.mark.parametrize("other", WELL.values(), ids=WELL)
def test_what_may_pass_is_not_decided_while_another_new_pod_is_well(
    other: Pod, containers: tuple[Container], grace: int
) -> None:
    late = unready("web-2", *containers, seconds=grace * 100)
    verdict = assess(snapshot(other, late, pod("web-3")))
    assert (verdict.outcome, verdict.recheck) == (Outcome.PROGRESSING, 30)


def test_the_least_patience_is_waited_for() -> None:
    pods = [unready(f"web-{n}", *waiting("ErrImagePull", BUSY), seconds=n) for n in (100, 110, 105)]
    assert assess(starting(*pods, **LONG_AGO)).recheck == 10


def test_no_patience_is_longer_than_a_look_in_half_a_minute() -> None:
    late = unready("web-1", *waiting("ErrImagePull", BUSY), seconds=1)
    assert assess(starting(late)).recheck == 30


def test_one_crashing_pod_among_ready_ones_is_left_to_its_controller() -> None:
    verdict = assess(snapshot(pod("web-1"), crashing("web-2"), pod("web-3")))
    assert (verdict.outcome, verdict.sentence) == (
        Outcome.PROGRESSING,
        "ready 2/3, waiting for web-2: CrashLoopBackOff (exit code 1)",
    )


def test_one_that_crashes_too_often_is_not() -> None:
    state = snapshot(pod("web-1"), crashing("web-2", seconds=0, restarts=5), pod("web-3"))
    assert assess(state).outcome is Outcome.FAILED


def test_new_pods_that_all_crash_are_a_failure() -> None:
    verdict = assess(starting(crashing("web-1"), crashing("web-2")))
    assert (verdict.outcome, verdict.sentence) == (
        Outcome.FAILED,
        "pod web-1: container wordpress crashes: exit code 1 (CrashLoopBackOff, 2 restarts)",
    )


IGNORED: dict[str, Snapshot] = {
    "of an old ReplicaSet": starting(
        unready("web-1"), unready("web-0", *waiting("InvalidImageName"), owner="old")
    ),
    "of a pod that is terminating": starting(
        unready("web-1"), unready("web-0", *waiting("InvalidImageName"), deleting=True)
    ),
    "of a pod older than the apply": starting(
        unready("web-1", *waiting("ErrImagePull", GONE), created=ago(121))
    ),
    "of a run that began before the apply": starting(
        unready("web-1", *waiting("CrashLoopBackOff", began=ago(121)), created=ago(900))
    ),
}


@pytest.mark.parametrize("state", IGNORED.values(), ids=IGNORED)
def test_a_fault_does_not_count(state: Snapshot) -> None:
    assert assess(state).outcome is Outcome.PROGRESSING


def test_an_older_pod_that_crashes_again_after_the_apply_counts() -> None:
    again = unready("web-1", *waiting("CrashLoopBackOff", began=ago(60)), created=ago(900))
    assert assess(starting(again)).outcome is Outcome.FAILED


def test_without_an_apply_a_fault_of_any_age_counts() -> None:
    old = unready("web-1", *waiting("ErrImagePull", GONE), created=ago(90000))
    assert assess(starting(old, since=None, generation=0)).outcome is Outcome.FAILED


def exceeded(updated: datetime | None, **changes: object) -> Snapshot:
    stuck = workload(
        progress_reason="ProgressDeadlineExceeded",
        ready=0,
        available=0,
        progress_message='ReplicaSet "web-new" has timed out progressing.',
        progress_updated=updated,
    )
    return starting(unready("web-1"), **{"workload": stuck} | changes)


def test_a_progress_deadline_exceeded_after_the_apply_is_a_failure() -> None:
    verdict = assess(exceeded(ago(10)))
    why = f"ready 0/3, waiting for web-1: starting; {NOWHERE}"
    sentence = f"no progress within progressDeadlineSeconds: {why}"
    assert (verdict.outcome, verdict.sentence) == (Outcome.FAILED, sentence)


@pytest.mark.parametrize("updated", [ago(121), APPLIED, None], ids=["before", "at", "never"])
def test_a_progress_deadline_that_says_nothing_of_this_apply_is_none(
    updated: datetime | None,
) -> None:
    assert assess(exceeded(updated)).outcome is Outcome.PROGRESSING


def test_without_an_apply_the_progress_deadline_counts_whenever_it_was_exceeded() -> None:
    state = exceeded(ago(90000), since=None, generation=0)
    assert assess(state).outcome is Outcome.FAILED
