"""A terminal for a process: a pty, and of what is written to it the screens and the scrollback."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

# No test waits this long unless something is wrong.
PATIENCE = 60.0
_CODE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+|\x1b")


class Emulator:
    """What a person sees: the lines of the normal screen, and the alternate one while it is on."""

    def __init__(self) -> None:
        self.log = [""]
        self.frame: list[str] = []
        self.frames: list[list[str]] = []
        self.colours: set[str] = set()
        self.is_alternate, self.has_cursor = False, True
        self._column, self._row = 0, 0
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take what a process wrote."""
        text = self._rest + text
        cut = text.rfind("\x1b") if re.search(r"\x1b(\[[?0-9;]*)?\Z", text) else len(text)
        text, self._rest = text[:cut], text[cut:]
        for found in _CODE.finditer(text):
            if found[3]:
                self._obey(found[1], found[2], found[3])
            else:
                self._type(found[0])

    def _obey(self, private: str, number: str, letter: str) -> None:
        what = private + number + letter
        if what in {"?1049h", "?1049l"}:
            self.is_alternate = what.endswith("h")
            self.frame = []
        elif what in {"?25h", "?25l"}:
            self.has_cursor = what.endswith("h")
        elif letter == "m":
            self.colours |= {number} - {"0"}
        elif what == "H":
            self._row = self._column = 0
        elif what == "K":
            self._lines[self._row] = self._lines[self._row][: self._column]
        elif what == "J":
            self._lines[self._row] = self._lines[self._row][: self._column]
            del self._lines[self._row + 1 :]
            self.frames.append([*self.frame])
        else:
            raise AssertionError(f"a code that this terminal does not know: {what}")

    @property
    def _lines(self) -> list[str]:
        lines = self.frame if self.is_alternate else self.log
        if self.is_alternate:
            while len(lines) <= self._row:
                lines.append("")
        return lines

    def _type(self, text: str) -> None:
        if text == "\r":
            self._column = 0
        elif text == "\n" and self.is_alternate:
            self._row += 1
        elif text == "\n":
            self.log.append("")
        elif self.is_alternate:
            line = self._lines[self._row]
            start, end = line[: self._column], line[self._column + len(text) :]
            self._lines[self._row] = start.ljust(self._column) + text + end
            self._column += len(text)
        else:
            self.log[-1] += text


class Terminal:
    """A process on a pty, and what its terminal shows."""

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        *,
        columns: int = 100,
        rows: int = 30,
        cwd: str = "/",
    ) -> None:
        self.screen = Emulator()
        self.raw = ""
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            argv,
            env=dict(environ),
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # this process has no thread in a lock
        )
        self._slave = slave

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._slave)
        os.close(self._master)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def until(self, seen: Callable[[Emulator], object]) -> None:
        """Read until the terminal shows it."""
        ends = time.monotonic() + PATIENCE
        while not seen(self.screen):
            assert time.monotonic() < ends, (self.screen.frame, self.screen.log)
            assert self._read(0.05) or self.process.poll() is None, self.screen.log

    def end(self) -> int:
        """Read until the process has ended; its exit code."""
        ends = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < ends, self.screen.log
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.wait()

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal is as the process found it."""
        return self.screen.has_cursor and not self.screen.is_alternate

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            text = os.read(self._master, 65536).decode()
        except OSError:  # the process was the last that had the terminal
            return False
        self.raw += text
        self.screen.feed(text)
        return True


def _take_terminal() -> None:
    """Ctrl-C on this terminal is for the new process."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
