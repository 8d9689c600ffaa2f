"""How a wait is told: as lines, and on a terminal as a live view as well.

The lines are each change, and a reminder where nothing changes. The view is on the terminal's
alternate screen, as that of `less` and `top`, and drawn whole each time: a new size, keys and what
others print cannot spoil it, and when it ends, the lines stand there as if it had never been.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from math import inf

from wpdeploy import ages, view
from wpdeploy.observed import Snapshot
from wpdeploy.report import Clock, Console
from wpdeploy.verdict import Outcome, Verdict
from wpdeploy.view import Kind, Line

Notify = Callable[[Snapshot, Verdict], None]
# Seconds: between two looks at the clock, between two changes that are told, until a reminder.
_PERIOD, _PAUSE, _REMINDER = 0.5, 1.0, 30.0
# The alternate screen and the cursor; what has no alternate screen is cleared instead.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[H\x1b[J\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_COLOURS: Mapping[Kind, int] = {Kind.TROUBLED: 31, Kind.UNREADY: 33, Kind.READY: 32}


class States:
    """How something stands, line by line: each change, one a second at most, and reminders.

    What changes back before it is told was never told; the last state always is.
    """

    def __init__(self, line: Callable[[str], None], clock: Clock) -> None:
        self._line, self._clock = line, clock
        self._lock = threading.Lock()
        self._text = self._told = ""
        self._reminds = False
        self._since, self._at = 0.0, -inf

    def tell(self, text: str, standing: float | None = None, *, reminds: bool = True) -> None:
        """It stands so, and has for so many seconds; None: since it was told first."""
        now = self._clock.monotonic()
        with self._lock:
            self._reminds = reminds
            if standing is not None:
                self._since = now - standing
            elif text != self._text:
                self._since = now
            self._text = text
        self.tick()

    def tick(self) -> None:
        """Say what is due by now."""
        now = self._clock.monotonic()
        with self._lock:
            if self._text != self._told:
                if now - self._at >= _PAUSE:
                    self._say(self._text, now)
            elif self._reminds and now - self._at >= _REMINDER:
                self._say(f"{self._text}, {_seconds(now - self._since)}", now)

    def flush(self) -> None:
        """Say what is not said yet: nothing comes any more."""
        with self._lock:
            if self._text != self._told:
                self._say(self._text, self._clock.monotonic())

    def _say(self, text: str, now: float) -> None:
        self._told, self._at = self._text, now
        self._line(text)


class Screen:
    """The live view; it opens when it is drawn first, and what ends before that leaves no trace."""

    def __init__(self, console: Console, clock: Clock, title: str, *, coloured: bool) -> None:
        self._console, self._clock, self._title = console, clock, title
        self._coloured = coloured
        self._lock = threading.Lock()
        self._shown: tuple[Snapshot, Verdict, float] | None = None
        self._log: list[str] | None = None
        self._drawn = ""

    def show(self, snapshot: Snapshot, verdict: Verdict) -> None:
        """Draw this from now on."""
        self._shown = snapshot, verdict, self._clock.monotonic()

    def draw(self) -> None:
        """Draw what there is to see, if that is not what stands there."""
        with self._lock:
            if self._shown is None:
                return
            if self._log is None:
                self._log = self._console.keep(_ENTER)
            frame = self._frame(*self._shown, self._log)
            if frame != self._drawn:
                self._console.send(frame)
                self._drawn = frame

    def close(self) -> None:
        """Leave the terminal as it was, and the lines on it."""
        with self._lock:
            self._shown = None
            if self._log is not None:
                self._log = None
                self._console.release(_LEAVE)

    def _frame(self, snapshot: Snapshot, verdict: Verdict, at: float, log: list[str]) -> str:
        passed = timedelta(seconds=self._clock.monotonic() - at)
        now = replace(snapshot, now=snapshot.now + passed)
        columns, height = self._console.columns_and_rows
        since = view.standing(now, verdict)
        standing = "" if since is None else f", {_seconds(since)}"
        headline = f"{now.now:%H:%M:%S} UTC  {self._title}: {view.told(verdict)}{standing}"
        lines = view.screen(headline, view.rows(now), log, columns, height)
        return _HOME + f"{_REST_OF_LINE}\n".join(map(self._line, lines)) + _REST

    def _line(self, line: Line) -> str:
        colour = _COLOURS.get(line.kind) if self._coloured and line.kind is not None else None
        return line.text if colour is None else f"\x1b[{colour}m{line.text}\x1b[0m"


@contextmanager
def watching(
    console: Console, clock: Clock, environ: Mapping[str, str], title: str
) -> Iterator[Notify]:
    """What a wait for a rollout reports to; `title` is what is waited for."""
    screen = Screen(console, clock, title, coloured=not environ.get("NO_COLOR"))
    moves = console.is_terminal and environ.get("TERM") not in {None, "", "dumb"}
    with ExitStack() as stack:
        stack.callback(screen.close)
        states = stack.enter_context(telling(console, clock))
        if moves:
            stack.enter_context(_each(_PERIOD, screen.draw))

        def notify(snapshot: Snapshot, verdict: Verdict) -> None:
            is_open = verdict.outcome is Outcome.PROGRESSING
            states.tell(view.told(verdict), view.standing(snapshot, verdict), reminds=is_open)
            screen.show(snapshot, verdict)

        yield notify


@contextmanager
def telling(console: Console, clock: Clock) -> Iterator[States]:
    """What any other wait reports to: lines alone."""
    states = States(console.line, clock)
    with ExitStack() as stack:
        stack.callback(states.flush)
        stack.enter_context(_each(_PERIOD, states.tick))
        yield states


@contextmanager
def _each(seconds: float, tick: Callable[[], None]) -> Iterator[None]:
    """Do it again and again, whatever the thread that waits is about."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            tick()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _seconds(count: float) -> str:
    return ages.told(timedelta(seconds=count))
