import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from sandbox.kubelet.faults import Behaviour, Exit, Faults, Flap
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.registry import NOT_FOUND, UNAVAILABLE

PACE = Pace(crash=0.1, crash_later=3.0, slow=5.0, job=0.3, outage=7.0, flap_after=4.0, flap=2.0)
FAULTS = Faults(PACE)
HEALTHY = FAULTS.of("wp:1.0")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("badpull", {"pull_error": NOT_FOUND}),
        ("registry5xx", {"pull_error": replace(UNAVAILABLE, lasts=7.0)}),
        ("badconfig", {"config_error": 'secret "absent" not found'}),
        ("notready", {"ready": math.inf}),
        ("slow", {"ready": 5.0}),
        ("flap", {"flap": Flap(4.0, 2.0)}),
        ("slowterm", {"ignores_sigterm": True}),
        ("oom", {"exit": Exit(137, "OOMKilled", 0.1)}),
    ],
)
def test_the_tag_chooses_one_fault(tag: str, expected: dict[str, object]) -> None:
    behaviour = FAULTS.of(f"registry:5000/wp:{tag}")
    changed = {
        key: value for key, value in vars(behaviour).items() if value != getattr(HEALTHY, key)
    }
    assert changed == expected


def test_crashes() -> None:
    soon, later = FAULTS.of("wp:crashloop").exit, FAULTS.of("wp:crashlater").exit
    assert soon is not None
    assert later is not None
    assert (soon.code, soon.reason, soon.after, soon.once_ready) == (1, "Error", 0.1, False)
    assert (later.code, later.reason, later.after, later.once_ready) == (1, "Error", 3.0, True)
    assert soon.last_words.startswith("PHP Fatal error: ")


def test_only_joberror_fails_a_job() -> None:
    assert HEALTHY.job_exit.code == 0
    assert FAULTS.of("wp:crashloop").job_exit.code == 0
    assert FAULTS.of("wp:joberror").job_exit.code == 1


def test_the_tag_counts_beside_a_digest() -> None:
    assert FAULTS.of("wp:badpull@sha256:" + "0" * 64).pull_error == NOT_FOUND


@pytest.mark.parametrize("image", ["registry:5000/badpull:1.0", "badpull", "wp:badpull2"])
def test_nothing_but_the_tag_counts(image: str) -> None:
    assert FAULTS.of(image) == HEALTHY


def test_an_invalid_reference_is_a_fault_of_its_own() -> None:
    assert FAULTS.of("wp:a b").invalid_name == "invalid reference format"
    lowercase = "invalid reference format: repository name must be lowercase"
    assert FAULTS.of("wp:invalidname").invalid_name == FAULTS.of("WP:1.0").invalid_name == lowercase


@pytest.mark.parametrize("view", [FAULTS.of_init, FAULTS.of_sidecar])
def test_before_the_others_only_the_image_is_at_fault(view: Callable[[str], Behaviour]) -> None:
    assert view("wp:badpull").pull_error == NOT_FOUND
    assert view("wp:crashloop") == view("wp:badconfig") == HEALTHY


def test_init_containers_and_sidecars_crash_by_tags_of_their_own() -> None:
    assert FAULTS.of_init("wp:initcrash").init_exit.code == 1
    assert FAULTS.of_init("wp:sidecarcrash") == HEALTHY
    crash = FAULTS.of_sidecar("wp:sidecarcrash").exit
    assert crash is not None
    assert crash.code == 1
    assert FAULTS.of_sidecar("wp:initcrash") == HEALTHY
