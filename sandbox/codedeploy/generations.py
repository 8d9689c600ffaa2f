"""The two generations of the CodeDeploy agent, and all in which they differ here.

Source of every rule: aws/aws-codedeploy-agent, its Ruby code (1.8) and its Rust code (2).
"""

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """What one generation of the agent does in its own way."""

    name: str
    grace: float | None
    """Seconds from SIGTERM to SIGKILL. None: it closes the pipes first, and waits without limit."""
    entry: Callable[[bytes], str]
    """What the log says of a line of output as it came from the pipe; nothing: it is left out."""
    refuses: Callable[[str], bool]
    """Whether this entry ends the reading of the stream, and fails the script."""
    size: Callable[[str], int]
    """The size of an entry of the log tail."""
    tail: int
    """The largest log tail, in that size."""
    stamped: bool
    """Whether the log tail has the times that scripts.log has."""
    seconds: Callable[[object], int]
    """A timeout as appspec.yml has it; what is no timeout becomes 0."""
    reason: Callable[[OSError], str]
    """Why a script could not be started."""
    signalled: str
    """The exit code, in words, of a script that a signal ended."""


def _ruby_entry(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _rust_entry(raw: bytes) -> str:
    line = raw.removesuffix(b"\n")
    return line.decode("utf-8", "replace") + "\n" if line else ""


def _ends_in_an_invalid_byte(entry: str) -> bool:
    """It is stripped for another log, and String#strip raises on it."""
    return "\udc80" <= entry.rstrip()[-1:] <= "\udcff"


def _bytes(entry: str) -> int:
    return len(entry.encode())


def _ruby_integer(value: object) -> int:
    """As to_i reads it: `30m` is 30, and what does not begin with a number is 0."""
    if isinstance(value, str):
        digits = re.match(r"\s*[+-]?\d+", value)
        return int(digits[0]) if digits else 0
    return int(value) if isinstance(value, (int, float)) else 0


def _rust_integer(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _ruby_reason(error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0, "EUNKNOWN")
    return f"Errno::{name} with message {error.strerror} - {error.filename}"


def _rust_reason(error: OSError) -> str:
    return f"{error.strerror} (os error {error.errno})"


FIRST = Generation(
    name="1.8.1",
    grace=None,
    entry=_ruby_entry,
    refuses=_ends_in_an_invalid_byte,
    size=len,
    tail=2047,
    stamped=False,
    seconds=_ruby_integer,
    reason=_ruby_reason,
    signalled="",
)
SECOND = Generation(
    name="2",
    grace=5.0,
    entry=_rust_entry,
    refuses=lambda _: False,
    size=_bytes,
    tail=2048,
    stamped=True,
    seconds=_rust_integer,
    reason=_rust_reason,
    signalled="1",
)
