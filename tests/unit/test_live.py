"""How a wait is told: lines at their time, and a view that leaves no trace."""

import io
import queue

import pytest

from tests.terminal import Emulator
from tests.unit.rollout_states import pod, snapshot, starting, unready, waiting
from tests.unit.wire import PATIENCE, FakeClock
from wpdeploy import live
from wpdeploy.errors import Exit
from wpdeploy.live import States
from wpdeploy.report import Console, Report
from wpdeploy.verdict import Culprit, Outcome, Verdict, progressing

WAITS = progressing("ready 0/1, waiting for web-1: being created", culprit=Culprit("web-1", "u"))


class Teller:
    """States on a clock that the test holds; what is said, with the seconds since the start."""

    def __init__(self) -> None:
        self._clock, self.said = FakeClock(), list[tuple[float, str]]()
        self._start = self._clock.now
        self.states = States(self._say, self._clock)

    def _say(self, text: str) -> None:
        self.said.append((self._clock.now - self._start, text))

    def until(self, seconds: float) -> None:
        """Let the time go on, two ticks a second."""
        while self._clock.now < self._start + seconds:
            self._clock.now += 0.5
            self.states.tick()


def test_a_change_is_said_at_once() -> None:
    teller = Teller()
    teller.states.tell("1/3")
    teller.until(5)
    teller.states.tell("2/3")
    teller.states.tell("2/3")
    assert teller.said == [(0, "1/3"), (5, "2/3")]


def test_many_changes_are_one_line_a_second_and_the_last_is_said() -> None:
    teller = Teller()
    for count in range(1, 301):
        teller.states.tell(f"{count}/300")
        teller.until(count / 60)
    teller.until(7)
    assert len(teller.said) == 7
    assert teller.said[-1] == (6, "300/300")


def test_what_is_pending_is_said_at_the_end_and_once() -> None:
    teller = Teller()
    teller.states.tell("1/3")
    teller.states.tell("2/3")
    teller.states.flush()
    teller.states.flush()
    assert teller.said == [(0, "1/3"), (0, "2/3")]


def test_each_half_minute_without_a_change_it_says_since_when_it_waits() -> None:
    teller = Teller()
    teller.states.tell("1/3", 10)
    teller.until(20)
    teller.states.tell("1/3", 30)
    teller.until(130)
    assert teller.said == [
        (0, "1/3"),
        (30, "1/3, 40 s"),
        (60, "1/3, 70 s"),
        (90, "1/3, 100 s"),
        (120, "1/3, 2 min"),
    ]


def test_what_nobody_knows_the_age_of_stands_since_it_was_told() -> None:
    teller = Teller()
    teller.until(10)
    teller.states.tell("1/3")
    teller.until(40)
    assert teller.said == [(10, "1/3"), (40, "1/3, 30 s")]


def test_what_is_decided_needs_no_reminder() -> None:
    teller = Teller()
    teller.states.tell("succeeded", reminds=False)
    teller.until(100)
    assert teller.said == [(0, "succeeded")]


class Tty(io.StringIO):
    """A stream that is a terminal of unknown size; what is written to it comes to the queue."""

    def __init__(self) -> None:
        super().__init__()
        self.screen, self.written = Emulator(), queue.Queue[str]()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.screen.feed(text.replace("\n", "\r\n"))
        self.written.put(text)
        return len(text)


class Watched:
    """A console on a terminal, and the view on it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.stream, self.clock = Tty(), FakeClock()
        self.console = Console(self.stream, self.clock, as_json=as_json)
        self.view = live.Screen(self.console, self.clock, "Deployment site", coloured=True)

    def read_until(self, text: str) -> None:
        while text not in self.stream.written.get(timeout=PATIENCE):
            pass


def test_a_view_that_was_never_drawn_leaves_no_trace() -> None:
    watched = Watched()
    watched.view.show(snapshot(), WAITS)
    watched.view.close()
    watched.view.draw()
    assert watched.stream.written.empty()


def test_a_view_shows_the_pods_and_goes_with_the_time() -> None:
    watched = Watched()
    creating = unready("web-1", *waiting("ContainerCreating"), seconds=40, uid="u")
    watched.view.show(starting(creating), WAITS)
    watched.clock.now += 5
    watched.view.draw()
    assert watched.stream.screen.frame == [
        "03:00:05 UTC  Deployment site: ready 0/1, waiting for web-1: being created, 45",
        "s",
        "",
        "POD    REVISION  AGE   RESTARTS  STATE",
        "web-1  4 new     95 s  0         being created",
        "",
    ]
    assert watched.stream.screen.colours == {"33"}


def test_nothing_is_drawn_twice() -> None:
    watched = Watched()
    watched.view.show(snapshot(), WAITS)
    watched.view.draw()
    watched.view.draw()
    assert len(watched.stream.screen.frames) == 1


def test_lines_of_the_meantime_are_in_the_view_and_stay_when_it_is_gone() -> None:
    watched = Watched()
    watched.console.line("before")
    watched.view.show(snapshot(), Verdict(Outcome.SUCCEEDED, "ready 3/3"))
    watched.view.draw()
    watched.console.line("meanwhile")
    watched.clock.now += 1
    watched.view.draw()
    screen = watched.stream.screen
    assert screen.frame[0] == "03:00:01 UTC  Deployment site: succeeded: ready 3/3"
    assert screen.frame[-1] == "    0.0 s  meanwhile"
    assert (screen.is_alternate, screen.has_cursor) == (True, False)
    watched.view.close()
    watched.console.end("validate", Report(Exit.SUCCESS, "ready 3/3"))
    assert (screen.is_alternate, screen.has_cursor) == (False, True)
    assert screen.log == [
        "    0.0 s  before",
        "    0.0 s  meanwhile",
        "wpdeploy validate: succeeded: ready 3/3",
        "",
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_however_it_ends_the_terminal_is_as_before(error: type[BaseException]) -> None:
    watched = Watched()
    environ = {"TERM": "xterm"}

    def interrupted() -> None:
        with live.watching(watched.console, watched.clock, environ, "site") as notify:
            notify(snapshot(pod("web-1")), WAITS)
            watched.read_until("\x1b[J")
            raise error

    with pytest.raises(error):
        interrupted()
    screen = watched.stream.screen
    assert (screen.is_alternate, screen.has_cursor) == (False, True)
    assert screen.log == [f"    0.0 s  {WAITS.sentence}", ""]


@pytest.mark.parametrize(("no_color", "colours"), [("", {"32"}), ("1", set[str]())])
def test_who_wants_no_colours_gets_none(no_color: str, colours: set[str]) -> None:
    watched = Watched()
    environ = {"TERM": "xterm", "NO_COLOR": no_color}
    with live.watching(watched.console, watched.clock, environ, "site") as notify:
        notify(snapshot(pod("web-1")), WAITS)
        watched.read_until("\x1b[J")
    assert watched.stream.screen.colours == colours


NO_VIEW = {"a dumb terminal": {"TERM": "dumb"}, "an empty one": {"TERM": ""}, "an unknown one": {}}


@pytest.mark.parametrize("environ", NO_VIEW.values(), ids=NO_VIEW)
def test_lines_come_by_themselves_and_no_view(environ: dict[str, str]) -> None:
    watched = Watched()
    with live.watching(watched.console, watched.clock, environ, "site") as notify:
        notify(snapshot(pod("web-1")), WAITS)
        watched.clock.now += 30
        watched.read_until(f"{WAITS.sentence}, 30 s")
    assert not watched.stream.screen.frames


def test_a_program_gets_neither_lines_nor_a_view() -> None:
    watched = Watched(as_json=True)
    with live.watching(watched.console, watched.clock, {"TERM": "xterm"}, "site") as notify:
        notify(snapshot(), WAITS)
    assert watched.stream.written.empty()
    assert not watched.console.is_terminal


def test_any_other_wait_is_told_by_lines_and_reminders() -> None:
    watched = Watched()
    with live.telling(watched.console, watched.clock) as states:
        states.tell("Job site: waiting for its pod")
        watched.clock.now += 30
        watched.read_until("Job site: waiting for its pod, 30 s")
