"""`image`: the commit's image is in ECR, tagged with the commit; a tag is never used twice.

The layers come from the image that was pushed last, as far as they can be used again: its tag need
not move for that, so all tags of the repository can be immutable.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline import scan
from pipeline.building import Build
from pipeline.errors import BuildError

_TRIES, _SECONDS = 6, 2.0


def run(build: Build) -> None:
    """Build the image and push it, if it is not there. BuildError."""
    commit = build.source.commit
    if there := build.registry.digest(commit):
        build.say(f"ECR has the image of this commit, which is not built again: {there}")
        return
    build.docker.check()
    image = f"{build.variables.repository}:{commit}"
    with build.docker.login(build.variables.repository.host, build.registry.password()):
        build.docker.build(image, arguments(build, datetime.now(UTC)), _reused(build))
        pushed = build.docker.push(image)
    _compare(pushed, _read_back(build))
    build.say(f"ECR has the image: {pushed}")


def arguments(build: Build, now: datetime) -> Mapping[str, str]:
    """The build arguments: what the variables say, and what the image says of itself."""
    return {
        "AS_OF": now.date().isoformat(),
        **build.variables.arguments,
        "REVISION": build.source.commit,
        "CREATED": now.isoformat(timespec="seconds"),
        "SOURCE": build.variables.source,
        # For the build that comes after this one; the builder before BuildKit does not need it.
        "BUILDKIT_INLINE_CACHE": "1",
    }


def _reused(build: Build) -> tuple[str, ...]:
    """Docker's options about layers that are there; of an image that must be mended none is."""
    newest = build.registry.newest()
    if newest is None:
        return ()
    threshold = build.variables.threshold
    if scan.exceeds(scan.counted(build, newest.digest), threshold):
        build.say(f"the image before this one has findings of {threshold} or worse: all is new")
        return ("--no-cache",)
    image = f"{build.variables.repository}:{newest.tag}"
    return ("--cache-from", image) if build.docker.pull(image) else ()


def _read_back(build: Build) -> str | None:
    """The digest that ECR has, which may take a moment to be seen."""
    for _ in range(_TRIES):
        if found := build.registry.digest(build.source.commit):
            return found
        build.clock.sleep(_SECONDS)
    return None


def _compare(pushed: str, found: str | None) -> None:
    if found != pushed:
        problem = f"docker has pushed {pushed}, and ECR has {found or 'nothing'} for the commit"
        hint = "see who else pushes to the repository, and start the build again"
        raise BuildError("ECR", problem, hint)
