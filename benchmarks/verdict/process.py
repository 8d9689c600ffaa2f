"""A tool as a process: when it ended, and what it took."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.component import Guard

# After SIGTERM.
_GRACE_SECONDS = 10.0
# A process's peak of memory begins with that of who spawned it, so the tool is spawned by a small
# one. It tells the tool's id, and reaps the tool when its own input ends, so that the id is valid
# until then.
_LAUNCHER = """
import json, os, sys
log, *argv = sys.argv[1:]
files = (
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    (os.POSIX_SPAWN_DUP2, 1, 2),
)
pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=files)
print(pid, flush=True)
sys.stdin.read()
_, status, usage = os.wait4(pid, 0)
code = os.waitstatus_to_exitcode(status)
print(json.dumps([code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


@dataclass(frozen=True)
class Command:
    """What is run, with nothing of this process's environment."""

    argv: Sequence[str]
    environ: Mapping[str, str]
    directory: Path


@dataclass(frozen=True)
class Finished:
    """A process that ended, at a moment of the monotonic clock; without a code it was ended.

    `cpu` is in seconds, of it and its children; `rss` in bytes, of the largest of them.
    """

    code: int | None
    ended: float
    cpu: float
    rss: int
    output: str


def run(command: Command, guard: Guard, seconds: float) -> Finished:
    """Run it to its end, for so many seconds at most."""
    log = command.directory / "output.log"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(log), *command.argv],
        env=command.environ,
        cwd=command.directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as launcher:
        pid = int(launcher.stdout.readline()) if launcher.stdout else 0
        guard.watch(pid)
        in_time, ended = _await(pid, seconds)
        told, _ = launcher.communicate()
    code, cpu, rss = json.loads(told)
    output = log.read_text(errors="replace")
    return Finished(code if in_time else None, ended, cpu, rss * 1024, output)


def _await(pid: int, seconds: float) -> tuple[bool, float]:
    """Whether it ended by itself in that time, and when; it is ended else."""
    handle = os.pidfd_open(pid)
    try:
        return _ends(handle, seconds), time.monotonic()
    finally:
        if not _ends(handle, 0):
            signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _ends(handle, _GRACE_SECONDS):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)


def _ends(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
