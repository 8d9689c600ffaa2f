"""A program that runs beside the tests: its log, its end, and that it never outlives them."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LOG_LINES = 15
# Reads pids, a line each; when our end of the pipe closes, for whatever reason, it kills them. A
# pidfd means the very process, even when its number has gone to another since.
_GUARD = """
import os, signal, sys
watched = []
for line in sys.stdin:
    try:
        watched.append(os.pidfd_open(int(line)))
    except ProcessLookupError:
        pass
for process in watched:
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Guard:
    """Kills what it watches when this process ends, however it ends."""

    def __init__(self) -> None:
        # In a session of its own, so that Ctrl-C at the terminal ends the tests first.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        """Take one more process under guard."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{pid}\n".encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """Kill what is left of the watched processes, and end."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


class Component:
    """One running program; its output is appended to `<name>.log` in the directory."""

    def __init__(self, command: Sequence[str], directory: Path) -> None:
        self.name = Path(command[0]).name
        self._log = directory / f"{self.name}.log"
        # No inherited environment: a proxy set for this machine must not catch the API server's
        # calls to a played kubelet. In a session of its own, so that Ctrl-C does not end it first.
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=directory,
                env={"HOME": str(directory), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def obituary(self) -> str:
        """How it ended, and its last log lines."""
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n    ".join([f"{self.name} ended with {self._process.poll()}:", *lines])

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait for its end until the deadline (of the monotonic clock), then kill it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
