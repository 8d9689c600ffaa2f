"""Docker's client: what it says is shown as it comes, and why it failed in one line."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO, cast

from pipeline.errors import BuildError

# An image is one manifest, which is scanned and deployed: no index with a statement beside it.
_ENVIRON = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
# By what docker says; where the problem is empty, its own words are shown.
_FAULTS = (
    (
        # The Dockerfile's own words, with what BuildKit puts in front of them or without.
        r"^(#\d+ [\d.]+ )?(WORDPRESS_SHA256 is not the|\S+ is not WordPress|DATABASE_CA_URL is no)",
        "",
        "set the variables of the download: docs/image.md has them",
    ),
    (
        r"Cannot connect to the Docker daemon|failed to connect to the docker API",
        "does not run here",
        "switch on privileged mode in the CodeBuild project",
    ),
    (
        r"tag is immutable",
        "the image of this commit has been pushed by another build meanwhile",
        "start the build again: it takes the image that is there",
    ),
    (
        r"toomanyrequests|rate limit",
        "",
        "set BASE_IMAGE to a registry without this limit, such as ECR's public gallery",
    ),
    (
        r"no basic auth credentials|unauthorized|denied: |403 Forbidden",
        "",
        "allow the build's role to pull from and to push to the repository",
    ),
)


class Docker:
    """The client on the PATH; all it does may raise BuildError."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def check(self) -> None:
        """See that there is an engine."""
        self._run("version", "--format", "docker {{.Client.Version}}, engine {{.Server.Version}}")

    @contextmanager
    def login(self, host: str, password: str) -> Iterator[None]:
        """Be logged in to a registry of ECR."""
        # It warns of the file that has the password until the end of the login.
        user = ("--username", "AWS", "--password-stdin", host)
        _run(("login", *user), lambda _: None, password)
        try:
            yield
        finally:
            # What it may say in vain: that is no reason to fail.
            _start(("logout", host)).communicate()

    def pull(self, image: str) -> bool:
        """Pull an image; False if that does not work."""
        try:
            self._run("pull", "--quiet", image)
        except BuildError as error:
            self._show(str(error))
            return False
        return True

    def build(self, image: str, arguments: Mapping[str, str], options: Sequence[str]) -> None:
        """Build the image of the checkout."""
        pairs = [p for pair in arguments.items() for p in ("--build-arg", "=".join(pair))]
        named = ("--file", "build/Dockerfile", "--tag", image)
        self._run("build", "--pull", *named, *pairs, *options, ".")

    def push(self, image: str) -> str:
        """Push an image; the digest that docker says it has."""
        said = self._run("push", image)
        found = _DIGEST.findall("\n".join(said))
        if not found:
            raise BuildError("docker push", "names no digest", "see the lines above")
        return str(found[-1])

    def _run(self, *arguments: str) -> list[str]:
        return _run(arguments, self._show)


def _run(arguments: Sequence[str], show: Callable[[str], None], stdin: str = "") -> list[str]:
    """What docker said on both of its streams."""
    said: list[str] = []
    with _start(arguments) as process:
        # One that ends before it has read fails for a reason that it tells.
        with suppress(BrokenPipeError), cast("TextIO", process.stdin) as stream:
            stream.write(stdin)
        for line in cast("TextIO", process.stdout):
            said.append(line.rstrip())
            show(said[-1])
    if process.returncode:
        raise _failed(arguments[0], said, process.returncode)
    return said


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(  # noqa: S603  # docker, with arguments of ours
            ["docker", *arguments],  # noqa: S607  # the one on the PATH
            env=os.environ | _ENVIRON,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        hint = "take an image of CodeBuild that has docker, or install its client"
        raise BuildError("docker", f"cannot be run: {error.strerror}", hint) from error


def _failed(command: str, said: Sequence[str], code: int) -> BuildError:
    lines = [plain for line in said if (plain := _COLOURS.sub("", line))]
    where = f"docker {command}"
    own = lines[-1] if lines else f"ended with exit code {code}"
    for pattern, problem, hint in _FAULTS:
        hit = next((line for line in reversed(lines) if re.search(pattern, line)), None)
        if hit:
            return BuildError(where, problem or hit, hint)
    return BuildError(where, own, "see the lines above")
