"""Podman or docker: both take what is said to them here, in the same words."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from preview.errors import PreviewError

# In the order in which they are looked for.
PROGRAMS = ("podman", "docker")
INSTALL = (
    "install podman (Debian, Ubuntu: apt-get install podman; Fedora: dnf install podman; macOS: "
    "brew install podman, then podman machine init --now) or Docker"
)
_ROOTLESS = {"podman": "{{.Host.Security.Rootless}}", "docker": "{{json .SecurityOptions}}"}
_SECONDS = 60.0


@dataclass(frozen=True)
class Engine:
    """An engine that answers; `kind` is podman or docker, whatever its program is called."""

    program: str
    kind: str
    rootless: bool

    @property
    def owner(self) -> str:
        """Whom a container must run as to make files that belong to this user: UID:GID."""
        # Without root, this user is the container's root.
        return "0:0" if self.rootless else f"{os.getuid()}:{os.getgid()}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a short command to its end, whatever that is."""
        return _run(self.program, *arguments)

    def do(self, *arguments: str) -> str:
        """Run a short command; what it printed. PreviewError if it fails."""
        done = self.run(*arguments)
        if done.returncode:
            raise PreviewError(f"{self.program} {arguments[0]} fails: {last_line(done.stderr)}")
        return done.stdout.strip()

    def start(
        self, *arguments: str, output: IO[bytes] | int, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a long command; its stdout and stderr are apart if they go to a PIPE."""
        return subprocess.Popen(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if output == subprocess.PIPE else subprocess.STDOUT,
            # Variables that a container is given by name alone: no argument has their values.
            env=os.environ | dict(variables or {}),
            # Ctrl-C is for us alone: we end what we started, in order.
            start_new_session=True,
        )


@contextmanager
def ending(
    process: subprocess.Popen[bytes], number: int = signal.SIGTERM, *, seconds: float = 10
) -> Iterator[None]:
    """End a command with the block, by this signal, if it has not ended by then."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
        process.wait()


def find(wanted: str | None = None) -> Engine:
    """The first engine that is here and answers. PreviewError: what to install or to start."""
    programs = [name for name in ((wanted,) if wanted else PROGRAMS) if shutil.which(name)]
    if not programs:
        missing = f"{wanted} is not here" if wanted else "neither podman nor docker is here"
        raise PreviewError(f"{missing}: {INSTALL}")
    silent = []
    for program in programs:
        kind = "podman" if _run(program, "--version").stdout.startswith("podman") else "docker"
        about = _run(program, "info", "--format", _ROOTLESS[kind])
        if about.returncode == 0:
            rootless = about.stdout.strip() == "true" or "name=rootless" in about.stdout
            return Engine(program, kind, rootless)
        silent.append(f"{program} does not work: {last_line(about.stderr)}")
    raise PreviewError(f"{'; '.join(silent)} (start its service or machine, or {INSTALL})")


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [program, *arguments]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise PreviewError(f"{program} {arguments[0]} does not end in {_SECONDS:.0f} s") from None
    except OSError as error:
        raise PreviewError(f"{program} cannot be started: {error.strerror}") from None
