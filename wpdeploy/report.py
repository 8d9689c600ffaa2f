"""What a person reads: lines while a step works, and the block that says how it ended.

The CodeDeploy console shows only the last 2048 characters of a failed hook, and loses lines that
are long or not ASCII: the block is at most 13 ASCII lines of at most 100 characters, printed last.
"""

import json
import os
import textwrap
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from wpdeploy.errors import Exit, WpdeployError

LINES, COLUMNS = 13, 100
_COMMAND = 20
_LABEL, _ITEM, _MORE = 10, "-", " ..."
_WORDS: Mapping[Exit, str] = {
    Exit.SUCCESS: "succeeded",
    Exit.CHANGES: "succeeded",
    Exit.ROLLOUT_FAILED: "ROLLOUT FAILED",
    Exit.TIMED_OUT: "TIMED OUT",
    Exit.SMOKE_FAILED: "SMOKE TEST FAILED",
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
    """The stream that a step reports to: lines for people, or one JSON document for programs.

    Any thread may report to it; after `end` nobody is heard any more.
    """

    def __init__(self, stream: TextIO, clock: Clock, *, as_json: bool) -> None:
        self._stream = stream
        self._clock = clock
        self._as_json = as_json
        self._start = clock.monotonic()
        self._lock = threading.RLock()
        self._kept: list[str] | None = None
        self._ended = False

    def line(self, text: str) -> None:
        """Something happened."""
        if not self._as_json:
            seconds = self._clock.monotonic() - self._start
            self._print(f"{seconds:7.1f} s  {ascii_line(text)}")

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it, who may like colours and what moves."""
        return not self._as_json and self._stream.isatty()

    @property
    def columns_and_rows(self) -> tuple[int, int]:
        """The size of the terminal now; 80 and 24 where nobody knows."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    def keep(self, codes: str) -> list[str]:
        """Send these codes to the terminal; what is printed from now on is kept in the list."""
        with self._lock:
            self.send(codes)
            self._kept = []
            return self._kept

    def send(self, codes: str) -> None:
        """Send codes to the terminal, beside the lines."""
        # A terminal that is gone ends the process by SIGHUP, if its end is anybody's business.
        with self._lock, suppress(OSError):
            self._stream.write(codes)
            self._stream.flush()

    def release(self, codes: str) -> None:
        """Send these codes, and print what was kept."""
        with self._lock:
            kept, self._kept = self._kept or [], None
            self.send(codes + "".join(f"{line}\n" for line in kept))

    def listed(self, text: str, colour: int | None = None) -> None:
        """A line of what was asked for; `colour` is one of ANSI's."""
        if not self._as_json:
            line = ascii_line(text)
            self._print(line if colour is None else f"\x1b[{colour}m{line}\x1b[0m")

    def end(self, command: str, report: Report) -> None:
        """Print the block, or the JSON document; what the block cuts off comes before it."""
        with self._lock:
            for line in self._last_lines(command, report):
                self._print(line)
            self._ended = True

    def _last_lines(self, command: str, report: Report) -> list[str]:
        if self._as_json:
            return [json.dumps(_document(command, report))]
        items = _items(command, report)
        whole = [line for item in items for line in item]
        return whole if len(whole) <= LINES else whole + _cut(items)

    def _print(self, text: str) -> None:
        with self._lock:
            if self._kept is not None:
                self._kept.append(text)
            elif not self._ended:
                # The agent closes its end when a hook is timed out: that changes nothing else.
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


def _items(command: str, report: Report) -> list[list[str]]:
    """The lines of the sentence, and of each row."""
    word = _WORDS.get(report.exit, "FAILED")
    code = "" if report.exit is Exit.SUCCESS else f" (exit {int(report.exit)})"
    what = " ".join(["wpdeploy", *command[:_COMMAND].split()])
    items = [_wrapped("", f"{what}: {word}{code}: {report.sentence}", "    ")]
    for label, text in report.rows:
        lead = f"  {label} " if label == _ITEM else f"  {label:{_LABEL}}"
        items.append(_wrapped(lead, text, " " * len(lead)))
    return items


def _wrapped(lead: str, text: str, indent: str) -> list[str]:
    one_line = ascii_line(" ".join(text.split()))
    return textwrap.wrap(
        one_line, COLUMNS, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False
    ) or [lead.rstrip()]


def _cut(items: Sequence[Sequence[str]]) -> list[str]:
    """The items in LINES lines: the longest ones lose their ends, the first as little as it may."""
    for most in range(LINES, 0, -1):
        spare = LINES - sum(min(len(item), most) for item in items)
        if spare >= 0:
            first = _shortened(items[0], most + spare)
            return first + [line for item in items[1:] for line in _shortened(item, most)]
    starts = [_shortened(item, 1)[0] for item in items]
    rest = len(starts) - LINES + 1
    return [*starts[: LINES - 3], f"  ... {rest} more lines above ...", *starts[-2:]]


def _shortened(item: Sequence[str], most: int) -> list[str]:
    if len(item) <= most:
        return list(item)
    return [*item[: most - 1], f"{item[most - 1][: COLUMNS - len(_MORE)]}{_MORE}"]


def fitted(text: str, width: int = COLUMNS) -> str:
    """The text as one ASCII line that is no wider."""
    line = ascii_line(text)
    return line if len(line) <= width else f"{line[: width - 3]}..."


def ascii_line(text: str) -> str:
    """The text as one line that any terminal and any log can show."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return printable.encode("ascii", "backslashreplace").decode()
