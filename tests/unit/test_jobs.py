"""The verdict on a Job: what is waited for, what is lost, and what is said of it."""

import pytest

from tests.unit.job_states import (
    IMAGE,
    NAME,
    condition,
    container,
    ended,
    event,
    job,
    pod,
    snapshot,
    unplaced,
    waiting,
)
from wpdeploy import jobs
from wpdeploy.jobs import Snapshot
from wpdeploy.verdict import Culprit, Outcome

QUOTA = f'Error creating: pods "{NAME}-abcde" is forbidden: exceeded quota: small, used: pods=3'
MISSING = "a Secret, a ConfigMap or a key of one is missing"
ROOM = "0/3 nodes are available: 3 Insufficient memory."
BACKOFF = condition("Failed", reason="BackoffLimitExceeded", message="reached the backoff limit")
DEADLINE = condition("Failed", reason="DeadlineExceeded", message="was active too long")
FAILED = pod("x", ended(1), phase="Failed")
PULL = "rpc error: code = Unknown desc = 503 Service Unavailable"
DONE, GOES_ON, LOST = Outcome.SUCCEEDED, Outcome.PROGRESSING, Outcome.FAILED

# What is known, and what it comes to.
STATES = {
    "complete": (snapshot(job(condition("Complete"))), DONE, "complete"),
    "complete, though a try failed": (
        snapshot(job(condition("Complete")), FAILED),
        DONE,
        "complete",
    ),
    "not complete any more": (
        snapshot(job(condition("Complete", "False"))),
        GOES_ON,
        "waiting for its pod",
    ),
    "deleted": (snapshot(None, pod()), LOST, "it was deleted"),
    "suspended": (snapshot(job(suspend=True)), LOST, "it is suspended"),
    "failed, its pod there": (
        snapshot(job(BACKOFF), FAILED),
        LOST,
        f"BackoffLimitExceeded: pod {NAME}-x: container upgrade ended: exit code 1, Error",
    ),
    "failed, the last of its pods told": (
        snapshot(job(BACKOFF), FAILED, pod("y", ended(3), phase="Failed", age=30)),
        LOST,
        f"BackoffLimitExceeded: pod {NAME}-y: container upgrade ended: exit code 3, Error",
    ),
    "failed, one container was well": (
        snapshot(job(BACKOFF), pod("x", ended(0, "Completed"), ended(137, "OOMKilled"))),
        LOST,
        f"BackoffLimitExceeded: pod {NAME}-x: container upgrade ended: exit code 137, OOMKilled",
    ),
    "failed, no pod was seen": (
        snapshot(job(BACKOFF)),
        LOST,
        "BackoffLimitExceeded: reached the backoff limit",
    ),
    "too late, while it ran": (
        snapshot(job(DEADLINE), pod()),
        LOST,
        f"DeadlineExceeded: pod {NAME}-x: runs",
    ),
    "too late, evicted": (
        snapshot(job(DEADLINE), pod("x", phase="Failed", containerStatuses=[])),
        LOST,
        f"DeadlineExceeded: pod {NAME}-x: has ended",
    ),
    "lost, while a pod still ends": (
        snapshot(job(condition("FailureTarget", reason="PodFailurePolicy", message="m")), FAILED),
        LOST,
        f"PodFailurePolicy: pod {NAME}-x: container upgrade ended: exit code 1, Error",
    ),
    "no pod yet": (snapshot(job()), GOES_ON, "waiting for its pod"),
    "somebody else's pod": (
        snapshot(job(), pod("x", waiting("InvalidImageName"), owner="an older Job")),
        GOES_ON,
        "waiting for its pod",
    ),
    "it runs": (snapshot(job(), pod()), GOES_ON, f"pod {NAME}-x: runs"),
    "a try failed, the next one comes": (
        snapshot(job(), FAILED),
        GOES_ON,
        f"pod {NAME}-x: container upgrade ended: exit code 1, Error",
    ),
    "a try failed, the next one runs": (
        snapshot(job(), FAILED, pod("y", age=5)),
        GOES_ON,
        f"pod {NAME}-y: runs",
    ),
    "ended well, not yet counted": (
        snapshot(job(), pod("x", ended(0, "Completed"), phase="Succeeded")),
        GOES_ON,
        f"pod {NAME}-x: has ended",
    ),
    "crashes in its place, which its limit ends": (
        snapshot(job(), pod("x", waiting("CrashLoopBackOff", "back-off 5m0s"))),
        GOES_ON,
        f"pod {NAME}-x: CrashLoopBackOff",
    ),
    "no such image": (
        snapshot(job(), pod("x", waiting("ErrImagePull", "manifest unknown"))),
        LOST,
        f"pod {NAME}-x: the registry has no such image (ErrImagePull)",
    ),
    "no such image, while another pod runs": (
        snapshot(job(), pod("y"), pod("x", waiting("ErrImagePull", "manifest unknown"))),
        LOST,
        f"pod {NAME}-x: the registry has no such image (ErrImagePull)",
    ),
    "a missing Secret": (
        snapshot(
            job(), pod("x", waiting("CreateContainerConfigError", 'secret "salts" not found'))
        ),
        LOST,
        f"pod {NAME}-x: {MISSING} (CreateContainerConfigError)",
    ),
    "an image that may come": (
        snapshot(job(), pod("x", waiting("ErrImagePull", PULL), age=100)),
        GOES_ON,
        f"pod {NAME}-x: ErrImagePull",
    ),
    "an image that did not come": (
        snapshot(job(), pod("x", waiting("ErrImagePull", PULL), age=121)),
        LOST,
        f"pod {NAME}-x: the image cannot be pulled (ErrImagePull)",
    ),
    "an image that did not come, but we have": (
        snapshot(job(), pod("x", waiting("ErrImagePull", PULL), age=121), came=20),
        GOES_ON,
        f"pod {NAME}-x: ErrImagePull",
    ),
    "no such image, by an attempt before we came": (
        snapshot(job(), pod("x", waiting("ErrImagePull", "manifest unknown")), came=20),
        GOES_ON,
        f"pod {NAME}-x: ErrImagePull",
    ),
    "no room": (
        snapshot(job(), unplaced()),
        LOST,
        f"pod {NAME}-x: no node has room for it, and no autoscaler has heard of it (Unschedulable)",
    ),
    "no room, a node comes": (
        snapshot(job(), unplaced(), events=(event("x", "TriggeredScaleUp"),)),
        GOES_ON,
        f"pod {NAME}-x: no node has room: {ROOM}; the autoscaler adds a node",
    ),
    "a quota refuses it": (
        snapshot(job(), events=(event("job", "FailedCreate", QUOTA, age=5),)),
        GOES_ON,
        "no pod can be created: exceeded quota: small, used: pods=3",
    ),
    "a quota goes on refusing it": (
        snapshot(
            job(),
            events=(
                event("job", "FailedCreate", QUOTA, age=2),
                event("job", "FailedCreate", QUOTA, age=21),
            ),
        ),
        LOST,
        "cannot create its pod: exceeded quota: small, used: pods=3",
    ),
    "a quota refused it before we came": (
        snapshot(job(), events=(event("job", "FailedCreate", QUOTA, age=60),), came=50),
        GOES_ON,
        "waiting for its pod",
    ),
    "a quota refused it, and then it came": (
        snapshot(job(), FAILED, events=(event("job", "FailedCreate", QUOTA, age=170),)),
        GOES_ON,
        f"pod {NAME}-x: container upgrade ended: exit code 1, Error",
    ),
    "a quota refuses the next try": (
        snapshot(job(), FAILED, events=(event("job", "FailedCreate", QUOTA, age=25),)),
        LOST,
        "cannot create its pod: exceeded quota: small, used: pods=3",
    ),
    "a quota refuses one of two pods": (
        snapshot(job(), pod(), events=(event("job", "FailedCreate", QUOTA, age=25),)),
        GOES_ON,
        f"pod {NAME}-x: runs",
    ),
    "something else refuses it": (
        snapshot(job(), events=(event("job", "FailedCreate", "no such thing", age=25),)),
        LOST,
        "cannot create its pod: no such thing",
    ),
}


@pytest.mark.parametrize(("known", "outcome", "sentence"), STATES.values(), ids=STATES)
def test_the_verdict(known: Snapshot, outcome: Outcome, sentence: str) -> None:
    verdict = jobs.assess(known)
    assert (verdict.outcome, verdict.sentence) == (outcome, sentence)


@pytest.mark.parametrize(
    ("known", "recheck"),
    [
        (snapshot(job(), pod("x", waiting("ErrImagePull", PULL), age=100)), 20),
        (snapshot(job(), events=(event("job", "FailedCreate", QUOTA, age=5),)), 15),
        (snapshot(job(), pod()), 30),
    ],
)
def test_it_is_looked_at_again_when_patience_ends(known: Snapshot, recheck: float) -> None:
    assert jobs.assess(known).recheck == recheck


def test_a_failure_has_the_container_and_its_last_words() -> None:
    last = pod("x", ended(1, message="Error establishing a database connection."), phase="Failed")
    verdict = jobs.assess(snapshot(job(BACKOFF), last))
    assert verdict.details == (
        ("pod", f"{NAME}-x"),
        ("container", "upgrade, restarts: 0"),
        ("reason", "exit code 1, Error"),
        ("image", IMAGE),
        ("message", "Error establishing a database connection."),
        ("to do", "the container's log says why it ends; mend that, and deploy again"),
    )
    assert verdict.culprit == Culprit(f"{NAME}-x", "x", "upgrade")


def test_a_pod_that_cannot_start_is_the_culprit_with_what_to_do() -> None:
    found = jobs.assess(snapshot(job(), pod("x", waiting("ErrImagePull", "manifest unknown"))))
    assert dict(found.details)["message"] == "manifest unknown"
    assert dict(found.details)["to do"].startswith("push the image")
    assert found.culprit == Culprit(f"{NAME}-x", "x", "upgrade")


def test_a_quota_has_no_culprit_and_says_what_to_do() -> None:
    refused = jobs.assess(snapshot(job(), events=(event("job", "FailedCreate", QUOTA, age=25),)))
    assert refused.culprit is None
    assert dict(refused.details)["to do"].startswith("raise the quota")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(snapshot(job()), True, id="it has no pod"),
        pytest.param(snapshot(job(), FAILED), True, id="between two tries"),
        pytest.param(snapshot(job(), unplaced()), True, id="its pod has no place"),
        pytest.param(
            snapshot(job(), pod("x", waiting("ContainerCreating"))), True, id="not yet started"
        ),
        pytest.param(
            snapshot(job(), pod("x", ended(0), waiting("ErrImagePull"))), True, id="half started"
        ),
        pytest.param(snapshot(job(), pod()), False, id="it runs"),
        pytest.param(
            snapshot(job(), pod("x", container(), waiting("PodInitializing"))),
            False,
            id="a part of it runs",
        ),
        pytest.param(snapshot(job(BACKOFF)), False, id="it has failed"),
        pytest.param(snapshot(job(condition("Complete"))), False, id="it is complete"),
        pytest.param(snapshot(job(suspend=True)), False, id="somebody holds it"),
        pytest.param(snapshot(None), False, id="it is gone"),
    ],
)
def test_whether_it_could_begin_when_nobody_waits(known: Snapshot, *, expected: bool) -> None:
    assert jobs.could_begin(known) is expected
