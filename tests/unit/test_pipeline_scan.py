"""`scan`: what is waited for, for how long, and what fails the build."""

from collections.abc import Mapping

import pytest

from pipeline import scan
from pipeline.errors import BuildError
from pipeline.registry import Scan
from tests.unit.builds import COMMIT, DIGEST, PlayedBuild, PlayedRegistry

RUNNING, PENDING = Scan("IN_PROGRESS"), Scan("PENDING")
DONE = Scan("COMPLETE", "done", {"MEDIUM": 2, "LOW": 30, "UNDEFINED": 1})


def played(*scans: Scan | None) -> PlayedBuild:
    return PlayedBuild(PlayedRegistry([DIGEST], None, list(scans)))


def failure(build: PlayedBuild, threshold: str = "HIGH") -> BuildError:
    with pytest.raises(BuildError) as caught:
        scan.run(build.of(threshold=threshold))
    return caught.value


def test_without_a_threshold_nobody_waits() -> None:
    build = played()
    scan.run(build.of(threshold="NONE"))
    assert build.registry.asked == []
    assert build.said == ["SCAN_THRESHOLD is NONE: the image's scan is not waited for"]


def test_a_scan_is_waited_for() -> None:
    build = played(None, PENDING, RUNNING, DONE)
    scan.run(build.of(threshold="HIGH"))
    assert build.clock.slept == [5.0, 5.0, 5.0]
    assert build.registry.asked == [COMMIT, *[DIGEST] * 4]
    assert build.said == ["the scan found nothing of HIGH or worse (2 MEDIUM, 31 other)"]


@pytest.mark.parametrize(
    ("threshold", "counts", "told"),
    [
        ("CRITICAL", {"CRITICAL": 1, "HIGH": 5}, "1 CRITICAL, 5 HIGH"),
        ("HIGH", {"HIGH": 5, "INFORMATIONAL": 2}, "5 HIGH, 2 other"),
        ("MEDIUM", {"MEDIUM": 1}, "1 MEDIUM"),
    ],
)
def test_findings_at_the_threshold_fail_with_their_counts(
    threshold: str, counts: Mapping[str, int], told: str
) -> None:
    findings = tuple(f"CRITICAL CVE-{number}" for number in range(30))
    build = played(Scan("ACTIVE", "", counts, findings))
    error = failure(build, threshold)
    assert error.problems == (f"the image has {told}, and SCAN_THRESHOLD is {threshold}",)
    assert "any new commit gets them" in error.hint
    assert build.said == [f"  {line}" for line in findings[:20]]


@pytest.mark.parametrize(
    ("threshold", "counts"),
    [("CRITICAL", {"HIGH": 5}), ("MEDIUM", {"LOW": 9, "UNDEFINED": 3}), ("HIGH", {})],
)
def test_findings_below_the_threshold_pass(threshold: str, counts: Mapping[str, int]) -> None:
    scan.run(played(Scan("COMPLETE", "", counts)).of(threshold=threshold))


def test_a_registry_that_does_not_scan_is_told_after_a_minute() -> None:
    build = played(None)
    error = failure(build)
    assert error.problems == ("ECR does not scan the image",)
    assert error.hint == "switch on scan on push for the repository, or set SCAN_THRESHOLD to NONE"
    assert sum(build.clock.slept) == 60


def test_a_scan_that_does_not_end_is_given_up() -> None:
    build = played(RUNNING)
    assert failure(build).problems == ("not done after 600 s",)
    assert sum(build.clock.slept) == 600


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE", "NEW"])
def test_a_scan_that_fails_says_why(status: str) -> None:
    error = failure(played(PENDING, Scan(status, "UnsupportedImageError: The OS is not known")))
    told = f"ECR could not scan the image: {status} UnsupportedImageError: The OS is not known"
    assert error.problems == (told,)
    assert error.hint == "scan it again in ECR's console, or set SCAN_THRESHOLD to NONE"


def test_an_image_that_was_not_pushed_is_not_scanned() -> None:
    error = failure(PlayedBuild(PlayedRegistry([None])))
    assert error.problems == (f"wordpress has no image of commit {COMMIT}",)
