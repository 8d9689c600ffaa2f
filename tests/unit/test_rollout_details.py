"""What is told of a rollout beside its sentence: whose pod, whose container, what is odd."""

from dataclasses import replace

import pytest

from tests.unit.rollout_states import (
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
from wpdeploy.observed import Snapshot
from wpdeploy.pods import Pod
from wpdeploy.rollout import assess
from wpdeploy.verdict import Culprit, Outcome, Verdict

READY = tuple(pod(f"web-{number}") for number in (1, 2, 3))
OLD = pod("web-old", owner="old", created=ago(9000))
GONE = f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'


LATE = {
    "a pod is not ready": (
        unready("web-3", container(restarts=2)),
        "not ready",
        (("container", "wordpress, restarts: 2"), ("image", IMAGE)),
    ),
    "a pod crashes while others are ready": (
        unready(
            "web-3",
            *waiting("CrashLoopBackOff", f"back-off {IMAGE}", restarts=1, last_exit="exit code 1"),
        ),
        "CrashLoopBackOff (exit code 1)",
        (
            ("container", "wordpress, restarts: 1"),
            ("image", IMAGE),
            ("message", "back-off IMAGE"),
        ),
    ),
    "a pod is not ready though no container waits: the last one is the application's": (
        unready("web-3", container(name="install"), container()),
        "not ready",
        (("container", "wordpress, restarts: 0"), ("image", IMAGE)),
    ),
    "a pod waits for the first of its containers": (
        unready("web-3", *waiting("PodInitializing", name="install"), container()),
        "being created",
        (("container", "install, restarts: 0"), ("image", IMAGE)),
    ),
    "a container in trouble is told of before one that waits": (
        unready(
            "web-3", *waiting("PodInitializing", name="app"), *waiting("ErrImagePull", name="proxy")
        ),
        "ErrImagePull",
        (("container", "proxy, restarts: 0"), ("image", IMAGE)),
    ),
}


@pytest.mark.parametrize(("late", "doing", "rows"), LATE.values(), ids=LATE)
def test_of_a_pod_that_is_not_ready_the_container_it_waits_for_is_told(
    late: Pod, doing: str, rows: tuple[tuple[str, str], ...]
) -> None:
    verdict = assess(snapshot(*READY[:2], late))
    sentence = f"ready 2/3, waiting for web-3: {doing}"
    assert (verdict.outcome, verdict.sentence) == (Outcome.PROGRESSING, sentence)
    first, reason = ("pod", "web-3"), ("reason", doing)
    assert verdict.details == (first, rows[0], reason, *rows[1:])
    name = rows[0][1].partition(",")[0]
    assert verdict.culprit == Culprit("web-3", "uid-of-web-3", name)


NOTES = {
    "an old pod hangs": (
        snapshot(*READY, replace(OLD, deleting=True, due=ago(31))),
        "pod web-old should have ended 31 s ago: its node may be gone",
    ),
    "nothing is wanted": (
        snapshot(
            pods=(), workload=workload(desired=0, replicas=0, updated=0, ready=0, available=0)
        ),
        "replicas is 0: nothing serves",
    ),
}


@pytest.mark.parametrize(("state", "note"), NOTES.values(), ids=NOTES)
def test_a_success_does_not_hide_what_is_odd(state: Snapshot, note: str) -> None:
    verdict = assess(state)
    assert (verdict.outcome, verdict.details) == (Outcome.SUCCEEDED, (("note", note),))


def test_a_pod_that_a_kubelet_clears_away_does_not_hang() -> None:
    state = snapshot(*READY, replace(OLD, deleting=True, due=ago(30)))
    assert assess(state).details == ()


def test_a_pod_in_trouble_is_told_of_before_others() -> None:
    late = unready("web-1", *waiting("ContainerCreating"))
    unplaced = unready("web-2", unschedulable="0/3 nodes", placed=False, seconds=59)
    verdict = assess(snapshot(late, unplaced, READY[2]))
    sentence = "ready 1/3, waiting for web-2: no node has room: 0/3 nodes"
    rows = (("pod", "web-2"), ("reason", "no node has room: 0/3 nodes"))
    assert verdict == Verdict(
        Outcome.PROGRESSING, sentence, rows, 1, Culprit("web-2", "uid-of-web-2")
    )


def test_a_failure_tells_pod_container_reason_image_message_and_what_to_do() -> None:
    assert assess(starting(unready("web-1", *waiting("ErrImagePull", GONE)))) == Verdict(
        Outcome.FAILED,
        "pod web-1: the registry has no such image (ErrImagePull)",
        (
            ("pod", "web-1"),
            ("container", "wordpress, restarts: 0"),
            ("reason", "ErrImagePull"),
            ("image", IMAGE),
            ("message", 'failed to resolve reference "IMAGE": IMAGE: not found'),
            ("to do", "push the image, or deploy a release whose image is there"),
        ),
        culprit=Culprit("web-1", "uid-of-web-1", "wordpress"),
    )


def test_a_crash_tells_how_the_container_ended() -> None:
    crash = container(
        waiting="CrashLoopBackOff",
        restarts=3,
        last_exit="exit code 137, signal 9, OOMKilled",
        began=ago(5),
    )
    rows = dict(assess(starting(unready("web-1", crash))).details)
    assert rows["reason"] == "CrashLoopBackOff (exit code 137, signal 9, OOMKilled)"


def test_a_message_stays_as_it_is_where_the_container_names_no_image() -> None:
    nameless = waiting("InvalidImageName", "invalid reference format", image="")
    rows = dict(assess(starting(unready("web-1", *nameless))).details)
    assert rows["message"] == "invalid reference format"


def test_a_pod_without_a_node_has_no_container_to_blame() -> None:
    verdict = assess(starting(unready("web-1", unschedulable="0/3 nodes")))
    assert [label for label, _ in verdict.details] == ["pod", "reason", "message", "to do"]
    assert verdict.culprit == Culprit("web-1", "uid-of-web-1")
