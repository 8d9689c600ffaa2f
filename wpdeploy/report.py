"""What a person reads: lines while a step works, and the block that says how it ended.

The CodeDeploy console shows only the last 2048 characters of a failed hook, and loses lines that
are long or not ASCII: the block is at most 13 ASCII lines of at most 100 characters, printed last.
"""

import json
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from wpdeploy.errors import Exit, WpdeployError

LINES, COLUMNS = 13, 100
_COMMAND = 20
_LABEL, _ITEM = 10, "-"
_REMINDER = 30.0
_WORDS: Mapping[Exit, str] = {
    Exit.SUCCESS: "succeeded",
    Exit.CHANGES: "succeeded",
    Exit.ROLLOUT_FAILED: "ROLLOUT FAILED",
    Exit.TIMED_OUT: "TIMED OUT",
}


class Clock(Protocol):
    """What the seconds in front of a line are counted by."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


@dataclass(frozen=True)
class Report:
    """How a step ended: its sentence, rows of label and text, and more for programs."""

    exit: Exit
    sentence: str
    rows: tuple[tuple[str, str], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


class Console:
    """The stream that a step reports to: lines for people, or one JSON document for programs."""

    def __init__(self, stream: TextIO, clock: Clock, *, as_json: bool) -> None:
        self._stream = stream
        self._clock = clock
        self._as_json = as_json
        self._start = clock.monotonic()
        self._last = ("", self._start)

    def line(self, text: str) -> None:
        """Something happened."""
        if not self._as_json:
            seconds = self._clock.monotonic() - self._start
            self._print(f"{seconds:7.1f} s  {_ascii(text)}")

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it, who may like colours."""
        return self._stream.isatty()

    def listed(self, text: str, colour: int | None = None) -> None:
        """A line of what was asked for; `colour` is one of ANSI's."""
        if not self._as_json:
            line = _ascii(text)
            self._print(line if colour is None else f"\x1b[{colour}m{line}\x1b[0m")

    def state(self, text: str) -> None:
        """How something stands: told when it changes, and as a reminder each 30 s."""
        told, at = self._last
        now = self._clock.monotonic()
        if text != told or now - at >= _REMINDER:
            self._last = (text, now)
            self.line(text)

    def end(self, command: str, report: Report) -> None:
        """Print the block, or the JSON document; what the block cuts off comes before it."""
        if self._as_json:
            self._print(json.dumps(_document(command, report)))
            return
        lines = _lines(command, report)
        if len(lines) > LINES:
            for line in lines:
                self._print(line)
        for line in _cut(lines):
            self._print(line)

    def _print(self, text: str) -> None:
        # The agent closes its end when a hook is timed out; what we do does not depend on it.
        with suppress(BrokenPipeError):
            print(text, file=self._stream, flush=True)


def of_error(error: WpdeployError) -> Report:
    """The report of an error: where, what, what to do."""
    if len(error.problems) == 1:
        sentence, rows = f"{error.where}: {error.problems[0]}", []
    else:
        sentence = f"{error.where}: {len(error.problems)} problems"
        rows = [(_ITEM, problem) for problem in error.problems]
    if error.hint:
        rows.append(("to do", error.hint))
    return Report(error.exit_code, sentence, tuple(rows), error.data)


def _document(command: str, report: Report) -> dict[str, Any]:
    return {
        "command": command,
        "result": report.exit.name.lower(),
        "exit_code": int(report.exit),
        "sentence": report.sentence,
        **report.data,
    }


def _lines(command: str, report: Report) -> list[str]:
    word = _WORDS.get(report.exit, "FAILED")
    code = "" if report.exit is Exit.SUCCESS else f" (exit {int(report.exit)})"
    what = " ".join(["wpdeploy", *command[:_COMMAND].split()])
    lines = _wrapped("", f"{what}: {word}{code}: {report.sentence}", "    ")
    for label, text in report.rows:
        lead = f"  {label} " if label == _ITEM else f"  {label:{_LABEL}}"
        lines += _wrapped(lead, text, " " * len(lead))
    return lines


def _wrapped(lead: str, text: str, indent: str) -> list[str]:
    one_line = _ascii(" ".join(text.split()))
    return textwrap.wrap(
        one_line, COLUMNS, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False
    ) or [lead.rstrip()]


def _cut(lines: Sequence[str]) -> list[str]:
    if len(lines) <= LINES:
        return list(lines)
    kept = LINES - 3
    rest = len(lines) - LINES + 1
    return [*lines[:kept], f"  ... {rest} more lines above ...", *lines[-2:]]


def _ascii(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return printable.encode("ascii", "backslashreplace").decode()
