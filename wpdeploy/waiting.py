"""Waiting for a verdict: one short loop over what is observed, until the verdict is final."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from wpdeploy.verdict import Outcome, Verdict

# A window's end is not missed for a clock's last digits.
_MARGIN = 1.0
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


class Observation(Protocol[S_co]):
    """Where snapshots come from."""

    def snapshot(self) -> S_co:
        """All that is known now."""

    def wait(self, seconds: float) -> None:
        """Return when something changed, or after that time."""

    def refresh(self) -> None:
        """Ask anew for everything, whatever was reported so far."""


class Clock(Protocol):
    """A monotonic clock."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


def wait(
    observation: Observation[S],
    judge: Callable[[S], Verdict],
    clock: Clock,
    seconds: float,
    notify: Callable[[S, Verdict], None],
) -> Verdict:
    """Judge until it is decided, for so many seconds at most.

    What is complete at the deadline has the rest of its stability window beyond it, once.
    """
    deadline, may_extend, waited = clock.monotonic() + seconds, seconds > 0, False
    while True:
        snapshot = observation.snapshot()
        verdict = judge(snapshot)
        left = deadline - clock.monotonic()
        is_final = verdict.outcome is not Outcome.PROGRESSING or left <= 0
        if is_final and waited:
            # What was reported so far may be old: a watch can fall silent.
            waited = False
            observation.refresh()
        elif verdict.outcome is not Outcome.PROGRESSING:
            return verdict
        elif left <= 0 and verdict.steady and may_extend:
            may_extend, deadline = False, clock.monotonic() + verdict.steady + _MARGIN
        elif left <= 0:
            return _late(verdict, seconds)
        else:
            notify(snapshot, verdict)
            waited = True
            observation.wait(min(left, verdict.recheck))


def _late(verdict: Verdict, seconds: float) -> Verdict:
    late = f"not done after {seconds:.0f} s: {verdict.sentence}"
    return Verdict(Outcome.TIMED_OUT, late, verdict.details, culprit=verdict.culprit)
