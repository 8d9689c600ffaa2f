"""`scan`: waits for ECR's scan of the image, and holds it to SCAN_THRESHOLD."""

from collections.abc import Mapping

from pipeline.building import Build
from pipeline.errors import BuildError
from pipeline.registry import FINISHED, Scan
from pipeline.variables import NO_SCAN, SEVERITIES

_RUNNING = ("IN_PROGRESS", "PENDING")
_POLL, _LONGEST = 5.0, 600.0
# A scan on push begins with the push, or there is none.
_BEGINS = 60.0
_SHOWN = 20
_NONE = "set SCAN_THRESHOLD to NONE"


def run(build: Build) -> None:
    """Wait for the scan, and fail where it found too much. BuildError."""
    threshold = build.variables.threshold
    if threshold == NO_SCAN:
        build.say("SCAN_THRESHOLD is NONE: the image's scan is not waited for")
        return
    scan = _await(build, build.digest())
    counts = scan.counts or {}
    if not exceeds(counts, threshold):
        build.say(f"the scan found nothing of {threshold} or worse ({_told(counts)})")
        return
    for line in scan.findings[:_SHOWN]:
        build.say(f"  {line}")
    problem = f"the image has {_told(counts)}, and SCAN_THRESHOLD is {threshold}"
    hint = (
        "where Debian has fixes any new commit gets them, as no layer of this image is used again; "
        "else raise SCAN_THRESHOLD"
    )
    raise BuildError("scan", problem, hint)


def counted(build: Build, digest: str) -> Mapping[str, int]:
    """What an earlier image's scan found, as far as that is known and wanted."""
    wanted = build.variables.threshold != NO_SCAN
    scan = build.registry.scan(digest) if wanted else None
    return (scan and scan.counts) or {}


def exceeds(counts: Mapping[str, int], threshold: str) -> bool:
    """Whether there is a finding of the threshold's severity or a worse one."""
    if threshold == NO_SCAN:
        return False
    counting = SEVERITIES[: SEVERITIES.index(threshold) + 1]
    return any(counts.get(severity, 0) for severity in counting)


def _await(build: Build, digest: str) -> Scan:
    started = build.clock.monotonic()
    while True:
        scan = build.registry.scan(digest)
        waited = build.clock.monotonic() - started
        if scan is None and waited >= _BEGINS:
            hint = f"switch on scan on push for the repository, or {_NONE}"
            raise BuildError("scan", "ECR does not scan the image", hint)
        if scan is not None and scan.status in FINISHED:
            return scan
        if scan is not None and scan.status not in _RUNNING:
            problem = f"ECR could not scan the image: {scan.status} {scan.description}".rstrip()
            raise BuildError("scan", problem, f"scan it again in ECR's console, or {_NONE}")
        if waited >= _LONGEST:
            problem = f"not done after {_LONGEST:.0f} s"
            raise BuildError("scan", problem, f"start the build again, or {_NONE}")
        build.clock.sleep(_POLL)


def _told(counts: Mapping[str, int]) -> str:
    known = [f"{counts[name]} {name}" for name in SEVERITIES if counts.get(name)]
    others = sum(count for name, count in counts.items() if name not in SEVERITIES)
    known += [f"{others} other"] if others else []
    return ", ".join(known) or "no finding"
