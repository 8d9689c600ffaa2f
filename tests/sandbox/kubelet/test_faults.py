import math

import pytest

from sandbox.kubelet.faults import Exit, Faults
from sandbox.kubelet.pace import Pace

PACE = Pace(crash=0.1, crash_later=3.0, slow=5.0, job=0.3)
FAULTS = Faults(PACE)
HEALTHY = FAULTS.of("wp:1.0")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("badpull", {"pullable": False}),
        ("badconfig", {"config_error": 'secret "absent" not found'}),
        ("notready", {"ready": math.inf}),
        ("slow", {"ready": 5.0}),
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
    assert not FAULTS.of("wp:badpull@sha256:" + "0" * 64).pullable


@pytest.mark.parametrize("image", ["registry:5000/badpull:1.0", "badpull", "wp:badpull2"])
def test_nothing_but_the_tag_counts(image: str) -> None:
    assert FAULTS.of(image) == HEALTHY


def test_an_invalid_reference_is_a_fault_of_its_own() -> None:
    assert FAULTS.of("wp:a b").invalid_name == "invalid reference format"
    lowercase = "invalid reference format: repository name must be lowercase"
    assert FAULTS.of("wp:invalidname").invalid_name == FAULTS.of("WP:1.0").invalid_name == lowercase


def test_an_init_container_has_only_the_faults_of_its_image() -> None:
    assert not FAULTS.of_init("wp:badpull").pullable
    assert FAULTS.of_init("wp:crashloop") == HEALTHY
    assert FAULTS.of_init("wp:badconfig") == HEALTHY
