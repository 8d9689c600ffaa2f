"""The two images of a preview: the site's own, and the one that has the database and the cache."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from preview.engine import Engine, ending, last_line
from preview.errors import PreviewError

# Build arguments that are taken from the environment; build/Dockerfile has their defaults.
ARGUMENTS = ("BASE_IMAGE", "AS_OF", "WORDPRESS_VERSION", "WORDPRESS_URL", "WORDPRESS_SHA256")
_REMINDER, _WIDTH = 15.0, 90


class _Fault(NamedTuple):
    """What a build that failed has said, as an expression, and what is told of it."""

    said: str
    told: str


# The first that is found counts. A line may have BuildKit's number and time before it; an engine
# repeats the commands of the Dockerfile, which have these words too.
_LINE = r"^(?:#\d+ [\d.]+ )?"
_TOGETHER = "{0}: WORDPRESS_VERSION, WORDPRESS_URL and WORDPRESS_SHA256 belong together"
_FAULTS = (
    _Fault(rf"{_LINE}(WORDPRESS_SHA256 is not the checksum of .*)", _TOGETHER),
    _Fault(rf"{_LINE}(\S+ is not WordPress \S+)$", _TOGETHER),
    _Fault(r"^((?:invalid argument|unknown flag|Error: unknown flag).*)", "--build-option: {0}"),
    _Fault(
        rf"{_LINE}(curl: \(\d+\) .*)",
        "WordPress cannot be downloaded: {0}. The same file from another place: "
        "WORDPRESS_URL=URL make preview",
    ),
    _Fault(
        rf"{_LINE}(?:PHP )?Parse error: +(.* in )/var/www/html/(wp-content/.* on line \d+)",
        "PHP that does not parse: {0}sources/{1}",
    ),
    _Fault(rf"{_LINE}(?:PHP )?Parse error: +(.* on line \d+)", "PHP that does not parse: {0}"),
    _Fault(
        rf"{_LINE}E: (.*)",
        "Debian's packages cannot be installed: {0}. Behind a proxy or a VPN this may help: "
        "make preview PREVIEW_ARGS=--build-option=--network=host",
    ),
    _Fault(
        r"(?:creating build container: (?=.)|failed to solve: (?=.*failed to resolve)|"
        r"(?=.*pull access denied)|(?=.*manifest unknown)|(?=Get .*/v2/))(.*)",
        "the base image cannot be had: {0}. Another Debian 13: BASE_IMAGE=IMAGE make preview",
    ),
)


@dataclass(frozen=True)
class Image:
    """An image to be made of a directory: `file` is its Dockerfile."""

    tag: str
    context: Path
    file: Path


def build(
    engine: Engine,
    image: Image,
    log: Path,
    options: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Build the image; what the engine says goes to the log. PreviewError: why it failed."""
    before = _identity(engine, image.tag)
    with log.open("wb") as output:
        command = [*_command(engine, image, os.environ), *options, str(image.context)]
        process = engine.start(*command, output=output)
        # Of the other signals podman dies before it has ended the command that the build runs.
        with ending(process, signal.SIGHUP):
            for seconds in _waits(process):
                say(f"still at it after {seconds:.0f} s: {last_line(_tail(log))[:_WIDTH]}")
    if process.returncode:
        raise PreviewError(f"{diagnose(_tail(log))} (all of it: {log})")
    if before != _identity(engine, image.tag):
        _forget(engine, before)


def diagnose(output: str) -> str:
    """Why a build failed, and what to do, in one line."""
    for fault in _FAULTS:
        if found := re.search(fault.said, output, re.MULTILINE):
            return fault.told.format(*found.groups())
    return f"the image cannot be built: {last_line(output)}"


def _command(engine: Engine, image: Image, environ: Mapping[str, str]) -> Iterator[str]:
    yield "build"
    if engine.kind == "podman":
        # The default format has no STOPSIGNAL and no SHELL.
        yield from ("--format", "docker")
    yield from ("--tag", image.tag, "--file", str(image.file))
    known = re.findall(r"^ARG (\w+)", image.file.read_text(), re.MULTILINE)
    for name in ARGUMENTS:
        if name in known and environ.get(name):
            yield from ("--build-arg", f"{name}={environ[name]}")


def _waits(process: subprocess.Popen[bytes]) -> Iterator[float]:
    """The seconds that have passed, now and then, until the process has ended."""
    started = time.monotonic()
    while True:
        try:
            process.wait(_REMINDER)
        except subprocess.TimeoutExpired:
            yield time.monotonic() - started
        else:
            return


def _identity(engine: Engine, tag: str) -> str:
    return engine.run("image", "inspect", "--format", "{{.Id}}", tag).stdout.strip()


def _forget(engine: Engine, identity: str) -> None:
    """Remove an image that has lost its name, unless it has another. Layers in use stay."""
    names = engine.run("image", "inspect", "--format", "{{len .RepoTags}}", identity).stdout
    if names.strip() == "0":
        engine.run("rmi", identity)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-20_000:]
