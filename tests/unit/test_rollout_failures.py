"""When a rollout has failed: whose faults decide, after how long, and what is said of them."""

from datetime import datetime

import pytest

from tests.unit.rollout_states import (
    APPLIED,
    IMAGE,
    ago,
    container,
    pod,
    snapshot,
    starting,
    unready,
    waiting,
    workload,
)
from wpdeploy.observed import Container, Pod, Snapshot
from wpdeploy.rollout import Outcome, Verdict, assess

GONE = f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
BUSY = "unexpected status code 503 Service Unavailable"
JUST_NOW = ago(5)
NOWHERE = "the Service has no ready endpoint among the new pods"


def failed(sentence: str, *details: tuple[str, str]) -> Verdict:
    return Verdict(Outcome.FAILED, sentence, details)


def crashing(name: str, seconds: float = 60, began: datetime = JUST_NOW) -> Pod:
    found = waiting("CrashLoopBackOff", "back-off 10s", last_exit="exit code 1", began=began)
    return unready(name, *found, seconds=seconds)


def test_a_failure_tells_pod_container_reason_image_and_message() -> None:
    late = unready("web-1", *waiting("ErrImagePull", GONE))
    assert assess(starting(late)) == failed(
        "pod web-1: ErrImagePull",
        ("pod", "web-1"),
        ("container", "wordpress, restarts: 0"),
        ("reason", "ErrImagePull"),
        ("image", IMAGE),
        ("message", 'failed to resolve reference "IMAGE": IMAGE: not found'),
    )


def test_a_crash_tells_how_the_container_ended() -> None:
    crash = container(
        waiting="CrashLoopBackOff",
        restarts=3,
        last_exit="exit code 137, signal 9, OOMKilled",
        began=ago(5),
    )
    assert assess(starting(unready("web-1", crash))) == failed(
        "pod web-1: CrashLoopBackOff (exit code 137, signal 9, OOMKilled)",
        ("pod", "web-1"),
        ("container", "wordpress, restarts: 3"),
        ("reason", "CrashLoopBackOff (exit code 137, signal 9, OOMKilled)"),
        ("image", IMAGE),
    )


def test_a_message_stays_as_it_is_where_the_container_names_no_image() -> None:
    nameless = waiting("InvalidImageName", "invalid reference format", image="")
    verdict = assess(starting(unready("web-1", *nameless)))
    assert verdict.details[-1] == ("message", "invalid reference format")


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
    "a registry that is busy": (waiting("ErrImagePull", BUSY), 60),
    "the same, in back-off": (waiting("ImagePullBackOff", BUSY), 60),
    "a cache that is not synchronised": (
        waiting("CreateContainerConfigError", "failed to sync secret cache: timed out"),
        15,
    ),
    "a container that cannot be made": (waiting("CreateContainerError", "name in use"), 15),
    "a container that cannot be started": (waiting("RunContainerError", "exec: no such file"), 15),
}


@pytest.mark.parametrize(("containers", "grace"), PATIENCE.values(), ids=PATIENCE)
def test_what_may_pass_has_its_time(containers: tuple[Container], grace: int) -> None:
    waited = starting(unready("web-1", *containers, seconds=grace - 4))
    assert assess(waited) == Verdict(
        Outcome.PROGRESSING,
        f"ready 0/3, waiting for web-1: {containers[0].waiting}; {NOWHERE}",
        (
            ("pod", "web-1"),
            ("container", "wordpress, restarts: 0"),
            ("reason", containers[0].waiting),
            ("image", IMAGE),
            ("message", containers[0].message),
        ),
        recheck=4,
    )
    too_long = starting(unready("web-1", *containers, seconds=grace))
    assert assess(too_long).outcome is Outcome.FAILED


@pytest.mark.parametrize(("containers", "grace"), PATIENCE.values(), ids=PATIENCE)
def test_what_may_pass_is_not_decided_while_another_new_pod_is_ready(
    containers: tuple[Container], grace: int
) -> None:
    late = unready("web-2", *containers, seconds=grace * 100)
    verdict = assess(snapshot(pod("web-1"), late, pod("web-3")))
    assert (verdict.outcome, verdict.recheck) == (Outcome.PROGRESSING, 30)


def test_the_least_patience_is_waited_for() -> None:
    pods = [unready(f"web-{n}", *waiting("ErrImagePull", BUSY), seconds=n) for n in (40, 50, 45)]
    assert assess(starting(*pods)).recheck == 10


def test_no_patience_is_longer_than_a_look_in_half_a_minute() -> None:
    late = unready("web-1", *waiting("ErrImagePull", BUSY), seconds=1)
    assert assess(starting(late)).recheck == 30


def test_one_crashing_pod_among_ready_ones_is_left_to_its_controller() -> None:
    verdict = assess(snapshot(pod("web-1"), crashing("web-2"), pod("web-3")))
    assert (verdict.outcome, verdict.sentence) == (
        Outcome.PROGRESSING,
        "ready 2/3, waiting for web-2: CrashLoopBackOff",
    )


def test_new_pods_that_all_crash_are_a_failure() -> None:
    verdict = assess(starting(crashing("web-1"), crashing("web-2")))
    assert (verdict.outcome, verdict.sentence) == (
        Outcome.FAILED,
        "pod web-1: CrashLoopBackOff (exit code 1)",
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
    assert assess(exceeded(ago(10))) == failed(
        "no progress within progressDeadlineSeconds: "
        f"ready 0/3, waiting for web-1: not ready; {NOWHERE}"
    )


@pytest.mark.parametrize("updated", [ago(121), APPLIED, None], ids=["before", "at", "never"])
def test_a_progress_deadline_that_says_nothing_of_this_apply_is_none(
    updated: datetime | None,
) -> None:
    assert assess(exceeded(updated)).outcome is Outcome.PROGRESSING


def test_without_an_apply_the_progress_deadline_counts_whenever_it_was_exceeded() -> None:
    state = exceeded(ago(90000), since=None, generation=0)
    assert assess(state).outcome is Outcome.FAILED
