"""Runs one script as the agent does: a process group, stdin at its end, two pipes, a deadline."""

import io
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from subprocess import DEVNULL, PIPE, Popen
from threading import Event, Thread
from typing import IO, Any

from sandbox.codedeploy.generations import SECOND, Generation
from sandbox.codedeploy.script_log import UnreadableLineError

# A shell's way to tell of a signal.
_SIGNALLED = 128


class Fault(Enum):
    """Why a script failed that may have exited with 0."""

    TIMED_OUT = auto()
    STDOUT_OPEN = auto()
    STDERR_OPEN = auto()
    UNREADABLE = auto()


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit code, 128 + n if signal n ended it, and what else is wrong."""

    code: int
    signalled: bool
    fault: Fault | None


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    timeout: float,
    generation: Generation,
    output: Callable[[str, bytes], None],
) -> Ended:
    """Run it to its end, or to its timeout in seconds; raises OSError if it cannot be started.

    `output` gets the stream's name and the line, from two threads.
    """
    # A group of its own, and the host's root as its directory: nothing of the caller's is left.
    process = Popen(
        command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
        env=dict(environ),
        process_group=0,
    )
    leader = _Leader(process)
    streams = (("stdout", process.stdout), ("stderr", process.stderr))
    pipes: list[_Pipe] = []
    try:
        pipes += (_Pipe(name, stream, output) for name, stream in streams if stream)
        fault = _watch(leader, pipes, timeout, generation)
    except BaseException:
        # Whoever interrupts the agent leaves no script behind.
        leader.end(SECOND.grace)
        raise
    finally:
        for pipe in pipes:
            pipe.close()
    code = process.returncode
    return Ended(code if code >= 0 else _SIGNALLED - code, code < 0, fault)


def _watch(
    leader: "_Leader", pipes: Sequence["_Pipe"], timeout: float, generation: Generation
) -> Fault | None:
    deadline = time.monotonic() + timeout
    if not leader.ends_within(timeout):
        if generation.grace is None:
            for pipe in pipes:
                pipe.close()
        leader.end(generation.grace)
        return Fault.TIMED_OUT
    # A child in the background may hold them still; it is left alone.
    for pipe, fault in zip(pipes, (Fault.STDOUT_OPEN, Fault.STDERR_OPEN), strict=True):
        if not pipe.ends_within(deadline - time.monotonic()):
            return fault
        if pipe.unreadable:
            return Fault.UNREADABLE
    return None


class _Awaited:
    """What ends in a thread of its own; a Thread whose join was interrupted says that it ended."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._ended = Event()
        self._work = work
        Thread(target=self._run, daemon=True).start()

    def ends_within(self, seconds: float | None) -> bool:
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._ended.set()


class _Leader(_Awaited):
    """The script itself."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process
        super().__init__(process.wait)

    def end(self, grace: float | None) -> None:
        """SIGTERM to the group; after the grace SIGKILL, without one only patience."""
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, None)):
            # Not after it was waited for: its number may be another's by then.
            if not self.ends_within(0):
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                self.ends_within(patience)


class _Pipe(_Awaited):
    """One stream, read line by line."""

    def __init__(self, name: str, stream: IO[bytes], output: Callable[[str, bytes], None]) -> None:
        self.unreadable = False
        self._source = _Source(stream)
        self._lines = io.BufferedReader(self._source)
        self._name = name
        self._output = output
        super().__init__(self._read)

    def close(self) -> None:
        self._source.stop()
        self.ends_within(None)
        self._lines.close()

    def _read(self) -> None:
        try:
            for line in self._lines:
                self._output(self._name, line)
        except UnreadableLineError:
            self.unreadable = True


class _Source(io.RawIOBase):
    """A pipe whose reading can be stopped from another thread, once what is in it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._wake, self._waker = os.pipe()
        self._poll = select.poll()
        self._poll.register(stream, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._stopped = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._stopped:
            return 0
        ready = {descriptor for descriptor, _ in self._poll.poll()}
        self._stopped = self._wake in ready
        return os.readv(self._stream.fileno(), [buffer]) if self._stream.fileno() in ready else 0

    def stop(self) -> None:
        if self._waker >= 0:
            os.close(self._waker)
            self._waker = -1

    def close(self) -> None:
        self._stream.close()
        os.close(self._wake)
        super().close()
