"""A preview of a copy of this checkout, started as its developers start it."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from preview.state import State
from tests.cluster.component import Guard
from tests.image import downloads
from tests.image.building import AS_OF, BASE_IMAGE, ROOT, load_base, served
from tests.image.engine import Engine, cache, locked
from tests.image.services import listens, wait_until
from tests.image.web import Visitor

# What is built once is found by the next run's build.
_KEPT = "localhost/wordpress-preview-{part}:tested"
_PARTS = ("site", "services")
# Downloads come from loopback.
_BUILD = "--build-option=--network=host"
_NUMBERS = itertools.count(1)
_START_SECONDS, _STOP_SECONDS = 240, 60


class Preview:
    """One that was started; `output` is what its terminal shows."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process, self._output = process, output

    @property
    def text(self) -> str:
        """What it has printed."""
        return self._output.read_text()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def await_text(self, expression: str, seconds: float = 20) -> re.Match[str]:
        """Wait until it has printed this, or has ended without."""
        found: list[re.Match[str]] = []

        def printed() -> bool:
            ended = self._process.poll() is not None
            if match := re.search(expression, self.text):
                found.append(match)
            assert found or not ended, self.text
            return bool(found)

        wait_until(printed, f"{expression} from the preview", seconds)
        return found[0]

    def await_start(self) -> str:
        """Wait for what it prints when the site is there; the password."""
        return self.await_text(r"password  (\w+)\n(?:.*\n)+    end ", _START_SECONDS)[1]

    def end(self, number: int = signal.SIGINT) -> int:
        """Send it a signal; its exit code."""
        self._process.send_signal(number)
        return self._process.wait(_STOP_SECONDS)


class Checkout:
    """What a preview needs of a checkout, in a directory of its own."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.engine, self.directory = engine, directory
        for name in ("build", "preview", "sources"):
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, directory / name, ignore=unwanted)
        shutil.copy(ROOT / ".dockerignore", directory)
        self.content = directory / "sources/wp-content"
        self.identity = State(directory / ".preview").identity

    @property
    def containers(self) -> Sequence[str]:
        """The names of this checkout's containers, running or not."""
        label = f"label=wordpress-preview={self.identity}"
        return self.engine.do("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()

    @contextmanager
    def started(
        self, *options: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Preview]:
        """A preview that is starting; it is ended with the block."""
        output = self.directory / f"terminal-{next(_NUMBERS)}"
        with output.open("wb") as terminal:
            process = self._start([_BUILD, *options], terminal, environment or {})
        preview = Preview(process, output)
        try:
            yield preview
        finally:
            if process.poll() is None:
                preview.end(signal.SIGTERM)

    @contextmanager
    def running(
        self, port: int, *options: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Preview, str]]:
        """A preview whose site answers at the port, and the password that it prints."""
        core = downloads.core(downloads.NEW)
        load_base(self.engine)
        with ExitStack() as stack:
            with locked(cache() / "build.lock"), served(core.file.parent) as url:
                where = {
                    "WORDPRESS_VERSION": core.version,
                    "WORDPRESS_URL": f"{url}/{core.file.name}",
                    "WORDPRESS_SHA256": core.sha256,
                    "AS_OF": AS_OF,
                    **(environment or {}),
                }
                started = self.started("--port", str(port), *options, environment=where)
                preview = stack.enter_context(started)
                password = preview.await_start()
            yield preview, password

    def keep_layers(self) -> None:
        """Remove the images of this checkout, but for what makes the next build short."""
        for part in _PARTS:
            name = f"localhost/wordpress-preview-{part}:{self.identity}"
            if self.engine.has_image(name):
                self.engine.do("tag", name, _KEPT.format(part=part))
                self.engine.do("untag", name, name)

    def _start(
        self, options: Sequence[str], terminal: IO[bytes], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "preview", *options],
            cwd=self.directory,
            env={**self.engine.environment, "BASE_IMAGE": BASE_IMAGE, **environment},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
        )


def visitor(port: int) -> Visitor:
    """Somebody with a browser on this machine."""
    return Visitor(f"http://127.0.0.1:{port}", "127.0.0.1", port=port)


@contextmanager
def docker_engine(engine: Engine) -> Iterator[Mapping[str, str]]:
    """An engine for docker's client: podman's own, by its socket. What leads the client to it."""
    # The path of a socket must be short.
    with TemporaryDirectory(prefix="wpdeploy-") as directory, closing(Guard()) as guard:
        address = f"unix://{directory}/socket"
        command = ["/usr/bin/podman", "system", "service", "--time=0", address]
        process = subprocess.Popen(command, env=engine.environment, stdin=subprocess.DEVNULL)
        guard.watch(process.pid)
        try:
            wait_until(lambda: listens(Path(directory, "socket")), "podman's service")
            yield {"DOCKER_HOST": address, "PATH": os.environ["PATH"]}
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
