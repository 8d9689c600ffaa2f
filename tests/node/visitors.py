"""Visitors of a site who ask for its front page all along, and count what they were not given."""

import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from typing import Self

_TIMEOUT = 10.0
_OK = 200


class Visitors:
    """A few of them, each request on a connection of its own, to one address.

    Whatever is not a whole page with status 200 is a failure: an error of the connection, another
    status, HTML that breaks off, none of the `lines` in it.
    """

    def __init__(self, address: tuple[str, int], host: str, lines: tuple[str, ...]) -> None:
        self._address, self._host, self._lines = address, host, lines
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._visitors = [threading.Thread(target=self._visit) for _ in range(_VISITORS)]
        self.failures: list[str] = []
        # How many answers had which line.
        self.seen: Counter[str] = Counter()
        self.slowest = 0.0

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        for visitor in self._visitors:
            visitor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for visitor in self._visitors:
            visitor.join()

    @property
    def asked(self) -> int:
        """How many requests have been sent and are over."""
        return self.seen.total() + len(self.failures)

    @property
    def report(self) -> str:
        """What they met, in a line."""
        each = ", ".join(f"{count} with {line!r}" for line, count in self.seen.items())
        return (
            f"{self.asked} requests sent, {len(self.failures)} failed ({each}; the slowest "
            f"{self.slowest:.2f} s)"
        )

    def _visit(self) -> None:
        while not self._over.is_set():
            begun = time.monotonic()
            answer = ask(self._address, self._host)
            took = time.monotonic() - begun
            line = next((line for line in self._lines if line in answer.text), None)
            with self._lock:
                self.slowest = max(self.slowest, took)
                if line is not None and answer.is_whole:
                    self.seen[line] += 1
                else:
                    at = begun - self._started
                    self.failures.append(f"after {at:.1f} s, {took:.2f} s: {answer.told}")
            self._over.wait(_PAUSE)


class Page:
    """What came back; `told` is what is wrong with it, in words."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text

    @property
    def is_whole(self) -> bool:
        """Whether it is a page, to its end."""
        return self.status == _OK and "</html>" in self.text

    @property
    def told(self) -> str:
        """The status, and the end of the text."""
        return f"status {self.status}: {self.text[-200:]}"


def ask(address: tuple[str, int], host: str, path: str = "/") -> Page:
    """Ask once, on a new connection; status 0: the connection failed, and the text says how."""
    connection = HTTPConnection(*address, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return Page(answer.status, answer.read().decode(errors="replace"))
    except (OSError, HTTPException) as error:
        return Page(0, repr(error))
    finally:
        connection.close()


_VISITORS, _PAUSE = 2, 0.1
