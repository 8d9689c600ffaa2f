"""What a pod waits for that will not come, told from what may still come."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rollout_states import (
    APPLIED,
    BACK_OFF,
    IMAGE,
    NOW,
    ago,
    container,
    unready,
    waiting,
)
from wpdeploy import faults
from wpdeploy.faults import NO_ROOM, Found
from wpdeploy.pods import SIDECAR, Container, Pod

AT_ONCE, ONE_IS_ENOUGH, ALL_OF_THEM = "", True, False

# The kubelet's and the registries' own words: the grace, whether one pod decides.
WORDS = [
    ("InvalidImageName", "couldn't parse image reference", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImageNeverPull", "Container image is not present", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", f"failed to resolve: {IMAGE}: not found", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "manifest for x:1 not found: manifest unknown", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "name unknown: The repository does not exist", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "pull access denied, repository does not exist", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "401 Unauthorized", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "403 Forbidden", AT_ONCE, ONE_IS_ENOUGH),
    ("ErrImagePull", "server message: insufficient_scope", AT_ONCE, ONE_IS_ENOUGH),
    ("ImagePullBackOff", "ErrImagePull: manifest unknown", AT_ONCE, ONE_IS_ENOUGH),
    ("ImagePullBackOff", BACK_OFF, "image_pull", ALL_OF_THEM),
    ("ErrImagePull", "503 Service Unavailable", "image_pull", ALL_OF_THEM),
    ("ErrImagePull", "toomanyrequests: You have reached your limit", "image_pull", ALL_OF_THEM),
    ("ErrImagePull", "net/http: TLS handshake timeout", "image_pull", ALL_OF_THEM),
    ("ErrImagePull", "lookup registry.example: no such host", "image_pull", ALL_OF_THEM),
    ("ErrImagePull", "", "image_pull", ALL_OF_THEM),
    ("RegistryUnavailable", "image registry is unavailable", "image_pull", ALL_OF_THEM),
    ("SignatureValidationFailed", "no signature", "image_pull", ALL_OF_THEM),
    ("ImageInspectError", "the image's index is broken", "image_pull", ALL_OF_THEM),
    ("CreateContainerConfigError", 'secret "web-1a2b" not found', AT_ONCE, ONE_IS_ENOUGH),
    ("CreateContainerConfigError", 'configmap "web-1a2b" not found', AT_ONCE, ONE_IS_ENOUGH),
    ("CreateContainerConfigError", "couldn't find key A in Secret x/y", AT_ONCE, ONE_IS_ENOUGH),
    (
        "CreateContainerConfigError",
        "failed to sync secret cache: timed out",
        "container",
        ALL_OF_THEM,
    ),
    ("CreateContainerConfigError", "image will run as root", "container", ALL_OF_THEM),
    ("CreateContainerError", "context deadline exceeded", "container", ALL_OF_THEM),
    ("RunContainerError", "exec: apache2: executable file not found", "container", ALL_OF_THEM),
    ("CrashLoopBackOff", "back-off 10s restarting failed container", "crash", ALL_OF_THEM),
]


def of(*containers: Container) -> Found | None:
    """The fault of a pod that is newer than the apply."""
    return faults.of(unready("web-1", *containers), APPLIED, NOW)


@pytest.mark.parametrize(("reason", "message", "grace", "by_one"), WORDS)
def test_the_first_row_that_fits_decides(
    reason: str, message: str, grace: str, *, by_one: bool
) -> None:
    found = of(*waiting(reason, message))
    assert found is not None
    assert (found.fault.grace, found.fault.by_one) == (grace, by_one)


@pytest.mark.parametrize(
    "image", ["reg.example/denied:1", "reg.example/forbidden-planet:not-found"]
)
@pytest.mark.parametrize("words", ['Back-off pulling image "{}"', 'resolve "docker.io/{}": 503'])
def test_an_images_name_is_no_answer_of_a_registry(image: str, words: str) -> None:
    found = of(*waiting("ImagePullBackOff", words.format(image), image=image))
    assert found is not None
    assert found.fault.grace == "image_pull"


@pytest.mark.parametrize(
    "reason", ["", "ContainerCreating", "PodInitializing", "NotImagePullBackOff", "ErrImagePull2"]
)
def test_what_is_on_its_way_is_no_fault(reason: str) -> None:
    assert of(*waiting(reason, "not found")) is None


def test_the_container_that_has_the_fault_is_named() -> None:
    broken = container(name="install", waiting="InvalidImageName")
    found = of(container(), broken)
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
    found = of(*waiting("CrashLoopBackOff", last_exit=last_exit))
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    ("last_exit", "to_do"),
    [
        ("exit code 137, signal 9, OOMKilled", "memory"),
        ("exit code 128, StartError", "command"),
        ("exit code 128, ContainerCannotRun", "command"),
        ("exit code 255, Error", "log"),
        ("", "log"),
    ],
)
def test_what_to_do_about_a_crash_is_known_by_how_it_ended(last_exit: str, to_do: str) -> None:
    found = of(*waiting("CrashLoopBackOff", last_exit=last_exit))
    assert found is not None
    assert to_do in found.fault.to_do


def test_what_the_container_said_last_tells_more_than_the_kubelet() -> None:
    said = waiting("CrashLoopBackOff", "back-off 10s", said="PHP Fatal error: no database")
    found = of(*said)
    assert found is not None
    assert found.message == "PHP Fatal error: no database"


def test_a_sidecar_is_told_from_the_application() -> None:
    found = of(*waiting("CrashLoopBackOff", role=SIDECAR, last_exit="exit code 1", restarts=2))
    assert found is not None
    assert found.sentence == (
        "pod web-1: sidecar wordpress crashes: exit code 1 (sidecar, CrashLoopBackOff, 2 restarts)"
    )


LONG = faults.LONGEST_BACK_OFF
# When the pod was made, its last run began, its trouble began; all before NOW, the apply 120 s.
AGES = {
    "the pod is newer than the apply": (APPLIED, ago(119), None, 60, True),
    "the pod was made in the second of the apply": (APPLIED, APPLIED, None, 60, True),
    "the pod is older and nothing ran": (APPLIED, ago(121), None, 60, False),
    "the pod is older and last ran before": (APPLIED, ago(900), ago(121), 60, False),
    "the pod is older and last ran after": (APPLIED, ago(900), ago(100), 60, True),
    "no apply is known": (None, ago(90000), None, 60, True),
    "the pod is older, and the apply a long time ago": (ago(LONG), ago(900), None, 900, True),
    "the pod is older, and the apply not that long": (ago(LONG - 1), ago(900), None, 900, False),
    "the pod is older, and came into trouble later": (ago(900), ago(990), None, LONG - 1, False),
}


@pytest.mark.parametrize(
    ("since", "created", "began", "seconds", "counts"), AGES.values(), ids=AGES
)
def test_only_what_is_newer_than_the_apply_counts(
    since: datetime | None, created: datetime, began: datetime | None, seconds: int, *, counts: bool
) -> None:
    crash = waiting("CrashLoopBackOff", began=began)
    found = faults.of(unready("web-1", *crash, created=created, seconds=seconds), since, NOW)
    assert (found is not None) is counts


def test_an_old_container_does_not_hide_a_fresh_one() -> None:
    stale = container(name="install", waiting="CrashLoopBackOff", began=ago(900))
    fresh = container(name="wordpress", waiting="CrashLoopBackOff", began=ago(10))
    found = faults.of(unready("web-1", stale, fresh, created=ago(1000)), APPLIED, NOW)
    assert found is not None
    assert found.container is fresh


def test_a_pod_without_room_has_its_own_fault_whenever_it_was_made() -> None:
    unplaced = unready("web-1", unschedulable="0/3 nodes", created=ago(900))
    assert faults.of(unplaced, APPLIED, NOW) == Found(NO_ROOM, unplaced)


@pytest.mark.parametrize(
    ("told", "scales"),
    [
        ([], False),
        (["FailedScheduling"], False),
        (["FailedScheduling", "TriggeredScaleUp"], True),
        (["Nominated", "FailedScheduling"], True),
        (["NotTriggerScaleUp"], False),
        (["TriggeredScaleUp", "NotTriggerScaleUp"], False),
        (["NotTriggerScaleUp", "TriggeredScaleUp", "FailedScheduling"], True),
    ],
)
def test_an_autoscaler_makes_room_if_that_is_its_last_word(
    told: list[str], *, scales: bool
) -> None:
    assert faults.scales(told) is scales


@given(reason=st.text(max_size=40), message=st.text(max_size=80))
def test_no_words_are_too_odd_to_be_judged(reason: str, message: str) -> None:
    odd: Pod = unready("web-1", *waiting(reason, message))
    found = faults.of(odd, None, NOW + timedelta(days=1))
    assert found is None or found.reason == reason
