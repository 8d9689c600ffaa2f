"""What the site logs, as somebody at a terminal wants to read it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from preview.mounts import CONTENT, here

_STATIC = re.compile(r"\.(?:css|js|map|gif|ico|jpe?g|png|svg|webp|avif|woff2?)(?:\?|$)")
_MESSAGE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[.\d]* \[(?:\w+:)?(?P<level>\w+)\] "
    r"(?:\[client [^]]*\] )?(?P<text>.*)"
)
_FILE = re.compile(rf"{CONTENT}/[^\s:()'\"]+")
_ESCAPES: Mapping[str, str] = {r"\n": "\n    ", r"\t": "\t", r"\\": "\\", r"\"": '"'}
_ERRORS, _WARNINGS = ("emerg", "alert", "crit", "error"), ("warn",)
_RED, _YELLOW, _DIM, _PLAIN = "\033[31m", "\033[33m", "\033[2m", "\033[0m"
_FAILED, _MISSING = 500, 400


@dataclass(frozen=True)
class Reader:
    """Makes a site's lines readable; `content` is sources/wp-content."""

    content: Path
    coloured: bool

    def request(self, line: str) -> str | None:
        """A line of the access log; None: it is of no interest."""
        try:
            found = json.loads(line)
            status, request = int(found["status"]), str(found["request"])
            when, milliseconds = found["time"], int(found["microseconds"]) / 1000
        except (ValueError, TypeError, KeyError):
            return _printable(line)
        what = request.rpartition(" HTTP/")[0] or request
        if status < _MISSING and _STATIC.search(what):
            return None
        text = f"{_clock(when)}  {status}  {milliseconds:6.0f} ms  {what}"
        colour = _RED if status >= _FAILED else _YELLOW if status >= _MISSING else _DIM
        return self._in(colour, _printable(text))

    def message(self, line: str) -> str | None:
        """A line of the error log: PHP's, Apache's, or a command's; None: it is of no interest."""
        found = _MESSAGE.fullmatch(line)
        if found is None:
            return _printable(line)
        level, text = found["level"], found["text"]
        if level == "notice" and text.startswith("AH"):
            return None
        text = re.sub(r"\\[nt\\\"]", lambda part: _ESCAPES[part[0]], text)
        text = _FILE.sub(lambda part: here(part[0], self.content), _printable(text))
        colour = _RED if level in _ERRORS else _YELLOW if level in _WARNINGS else ""
        return self._in(colour, f"{_clock(found['time'] + '+00:00')}  {text}")

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self.coloured and colour else text


def _clock(time: str) -> str:
    """The time of day, here."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC).astimezone().strftime("%H:%M:%S")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
