"""What is kept of an event's output: all of it in scripts.log, the last of it for the console."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Self

from sandbox.codedeploy.generations import Generation


class UnreadableLineError(Exception):
    """A line of output that ends the agent's reading of it."""


class ScriptLog:
    """One event's log; safe for the two threads that write into it.

    `notify` gets each line as it comes, without its end, one at a time.
    """

    def __init__(self, file: Path, generation: Generation, notify: Callable[[str], None]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("ab", buffering=0)
        self._generation = generation
        self._notify = notify
        self._lock = Lock()
        self._tail: deque[str] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def tail(self) -> str:
        """The whole lines that the console shows when a script of the event fails."""
        with self._lock:
            return _printable("".join(self._tail))

    def heading(self, text: str) -> None:
        """Write a line of the agent's own."""
        self._append(f"{text}\n")

    def output(self, stream: str, raw: bytes) -> None:
        """Write a line of `stdout` or `stderr`, as it came from the pipe."""
        entry = self._generation.entry(raw)
        if entry:
            self._append(f"[{stream}]{entry}")
        if self._generation.refuses(entry):
            raise UnreadableLineError

    def _append(self, entry: str) -> None:
        stamped = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {entry}"
        with self._lock:
            self._file.write(stamped.encode("utf-8", "surrogateescape"))
            self._keep(stamped if self._generation.stamped else entry)
            self._notify(_printable(entry.removesuffix("\n")))

    def _keep(self, entry: str) -> None:
        self._tail.append(entry)
        while sum(map(self._generation.size, self._tail)) > self._generation.tail:
            self._tail.popleft()


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
