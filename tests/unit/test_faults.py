"""What a container waits for that will not come, told from what may still come."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rollout_states import APPLIED, IMAGE, ago, container, pod, waiting
from wpdeploy import faults

AT_ONCE, ONE_IS_ENOUGH, ALL_OF_THEM = 0, True, False

# The kubelet's and the registries' own words: grace in seconds, whether one pod decides.
WORDS = [
    ("InvalidImageName", "couldn't parse image reference", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImageNeverPull", "Container image is not present", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", f"failed to resolve: {IMAGE}: not found", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "manifest for x:1 not found: manifest unknown", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "name unknown: The repository does not exist", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "pull access denied, repository does not exist", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "401 Unauthorized", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "403 Forbidden", AT_ONCE, ONE_IS_ENOUGH),
    ("ImagePullBackOff", "ErrImagePull: manifest unknown", AT_ONCE, ONE_IS_ENOUGH),
    ("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"', 60, ALL_OF_THEM),
    ("ErrImagePull", "503 Service Unavailable", 60, ALL_OF_THEM),
    ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", 60, ALL_OF_THEM),
    ("ErrImagePull", "net/http: TLS handshake timeout", 60, ALL_OF_THEM),
    ("ErrImagePull", "lookup registry.example: no such host", 60, ALL_OF_THEM),
    ("ErrImagePull", "", 60, ALL_OF_THEM),
    ("CreateContainerConfigError", 'secret "web-1a2b" not found', AT_ONCE, ONE_IS_ENOUGH),
    ("CreateContainerConfigError", 'configmap "web-1a2b" not found', AT_ONCE, ONE_IS_ENOUGH),
    ("CreateContainerConfigError", "couldn't find key A in Secret x/y", AT_ONCE, ONE_IS_ENOUGH),
    ("CreateContainerConfigError", "failed to sync secret cache: timed out", 15, ALL_OF_THEM),
    ("CreateContainerConfigError", "failed to sync configmap cache", 15, ALL_OF_THEM),
    ("CreateContainerError", "context deadline exceeded", 15, ALL_OF_THEM),
    ("RunContainerError", "exec: apache2: executable file not found", 15, ALL_OF_THEM),
]


@pytest.mark.parametrize(("reason", "message", "grace", "by_one"), WORDS)
def test_the_first_row_that_fits_decides(
    reason: str, message: str, grace: float, *, by_one: bool
) -> None:
    found = faults.of(pod("web-1", containers=waiting(reason, message)), APPLIED)
    assert found is not None
    assert (found.fault.grace, found.fault.by_one) == (grace, by_one)


def test_a_crash_loop_is_a_fault_of_all_pods_or_none() -> None:
    found = faults.of(pod("web-1", containers=waiting("CrashLoopBackOff", "back-off")), APPLIED)
    assert found is not None
    assert not found.fault.by_one


@pytest.mark.parametrize(
    "reason", ["", "ContainerCreating", "PodInitializing", "NotImagePullBackOff", "ErrImagePull2"]
)
def test_what_is_on_its_way_is_no_fault(reason: str) -> None:
    assert faults.of(pod("web-1", containers=waiting(reason, "not found")), APPLIED) is None


def test_the_container_that_has_the_fault_is_named() -> None:
    broken = container(name="install", waiting="InvalidImageName")
    found = faults.of(pod("web-1", containers=(container(), broken)), APPLIED)
    assert found is not None
    assert found.container is broken


@pytest.mark.parametrize(
    ("last_exit", "reason"),
    [
        ("", "CrashLoopBackOff"),
        ("exit code 255, Error", "CrashLoopBackOff (exit code 255, Error)"),
    ],
)
def test_the_reason_says_how_the_container_ended_where_it_did(last_exit: str, reason: str) -> None:
    crash = waiting("CrashLoopBackOff", last_exit=last_exit)
    found = faults.of(pod("web-1", containers=crash), APPLIED)
    assert found is not None
    assert found.reason == reason


AGES = {
    "the pod is newer than the apply": (APPLIED, ago(119), None, True),
    "the pod was made in the second of the apply": (APPLIED, APPLIED, None, True),
    "the pod is older and nothing ran": (APPLIED, ago(121), None, False),
    "the pod is older and last ran before": (APPLIED, ago(900), ago(121), False),
    "the pod is older and last ran after": (APPLIED, ago(900), ago(100), True),
    "no apply is known": (None, ago(90000), None, True),
}


@pytest.mark.parametrize(("since", "created", "began", "counts"), AGES.values(), ids=AGES)
def test_only_what_is_newer_than_the_apply_counts(
    since: datetime | None, created: datetime, began: datetime | None, *, counts: bool
) -> None:
    crash = waiting("CrashLoopBackOff", began=began)
    found = faults.of(pod("web-1", created=created, containers=crash), since)
    assert (found is not None) is counts


def test_an_old_container_does_not_hide_a_fresh_one() -> None:
    stale = container(name="install", waiting="CrashLoopBackOff", began=ago(900))
    fresh = container(name="wordpress", waiting="CrashLoopBackOff", began=ago(10))
    found = faults.of(pod("web-1", created=ago(1000), containers=(stale, fresh)), APPLIED)
    assert found is not None
    assert found.container.name == "wordpress"


@given(reason=st.text(max_size=40), message=st.text(max_size=80))
def test_no_words_are_too_odd_to_be_judged(reason: str, message: str) -> None:
    found = faults.of(pod("web-1", containers=waiting(reason, message)), None)
    assert found is None or found.reason == reason
