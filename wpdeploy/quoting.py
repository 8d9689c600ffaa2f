"""Quoting: what somebody else wrote, made fit to be shown.

Without secret values, nor pieces of them where a text was cut; without control characters; bounded.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from wpdeploy.redaction import INSTEAD, forms

# Lines of a text, and characters of a line, that are shown.
LINES, LINE = 60, 1000
WITHHELD = "withheld"
# Characters: a shorter piece would be found in words that have nothing to do with the value.
_PIECE = 4
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_BREAK = re.compile(r"\r\n?")
# PHP cuts a string in a stack trace after 15 characters, and many others at some length.
_ELLIPSIS = re.compile(r"\.{3,}|\u2026")
_OPENING, _CLOSING = "\"'([{ \t", "\"')]},;. \t"


@dataclass(frozen=True)
class Redactor:
    """Takes secret values out of texts; `unknown` is why not all of those values are known."""

    forms: Sequence[str] = field(default=(), repr=False)
    unknown: str = ""

    @classmethod
    def of(cls, values: Iterable[str], unknown: str = "") -> Self:
        """What takes these values out."""
        return cls(tuple(forms(values)), unknown)

    def lines(self, text: str, most: int = LINES) -> tuple[str, ...]:
        """The last lines of a text."""
        # A control character may be part of a value, or be what divides it.
        whole = self._without(_cleaned(self._without(text)))
        kept = whole.rstrip().split("\n")[-most:]
        return tuple(self._line(item) for item in kept if whole.strip())

    def line(self, text: str) -> str:
        """A text in one line."""
        return shortened(" ".join(" ".join(self.lines(text)).split()), LINE)

    def ours(self, text: str) -> str:
        """A text of ours in one line: it may quote a value, and never a piece of one."""
        return shortened(" ".join(self._without(_cleaned(self._without(text))).split()), LINE)

    def own(self, text: str) -> str:
        """A container's own words in one line; as long as a value is unknown they are withheld."""
        return f"{WITHHELD}: {self.unknown}" if text and self.unknown else self.line(text)

    def _without(self, text: str) -> str:
        for form in self.forms:
            text = text.replace(form, INSTEAD)
        return text

    def _line(self, text: str) -> str:
        kept = _without_pieces(text[:LINE].rstrip(), self.forms)
        return kept if len(text) <= LINE else f"{kept}..."


def shortened(text: str, most: int) -> str:
    """The text, or as much of its beginning as there is room for."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _cleaned(text: str) -> str:
    broken = _BREAK.sub("\n", _ANSI.sub("", text))
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in broken)


def _without_pieces(line: str, known: Sequence[str]) -> str:
    """The line without what is left of a value at the places where a text may have been cut."""
    marks = [match.span() for match in _ELLIPSIS.finditer(line)]
    ends = {len(line), len(line.rstrip(_CLOSING)), *(start for start, _ in marks)}
    begins = {0, len(line) - len(line.lstrip(_OPENING)), *(end for _, end in marks)}
    spans = {span for form in known for span in _pieces(line, form, begins, ends)}
    for start, end in _merged(spans):
        line = line[:start] + INSTEAD + line[end:]
    return line


def _pieces(line: str, form: str, begins: set[int], ends: set[int]) -> Iterator[tuple[int, int]]:
    whole = line.strip()
    if len(whole) >= _PIECE and whole in form:
        yield 0, len(line)
    for end in ends:
        for start in _found(line, form[:_PIECE], max(0, end - len(form)), end):
            if form.startswith(line[start:end]):
                yield start, end
    for start in begins:
        for found in _found(line, form[-_PIECE:], start, start + len(form)):
            if form.endswith(line[start : found + _PIECE]):
                yield start, found + _PIECE


def _found(line: str, piece: str, start: int, end: int) -> Iterator[int]:
    at = line.find(piece, start, end)
    while at >= 0:
        yield at
        at = line.find(piece, at + 1, end)


def _merged(spans: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without overlaps, the last first."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found[::-1]
