"""Watching on after a verdict: one short loop that tells each verdict that differs."""

from collections.abc import Callable, Iterator

from wpdeploy import waiting
from wpdeploy.observed import Snapshot
from wpdeploy.rollout import assess
from wpdeploy.stability import Judge
from wpdeploy.verdict import LONGEST_WAIT, Outcome, Verdict
from wpdeploy.waiting import Clock, Observation


def verdicts(
    observation: Observation[Snapshot],
    verdict: Verdict,
    clock: Clock,
    *,
    patience: float,
    ends: float,
    notify: Callable[[Snapshot, Verdict], None],
) -> Iterator[Verdict]:
    """The verdicts after that one, until the clock is at `ends`; `patience` is for each (seconds).

    `notify` hears what stands, and what is waited for meanwhile.
    """
    while (left := ends - clock.monotonic()) > 0:
        snapshot = observation.snapshot()
        if _stands(verdict, assess(snapshot)):
            notify(snapshot, verdict)
            observation.wait(min(left, LONGEST_WAIT))
        else:
            # What broke a stability window is over: the next one begins anew.
            verdict = waiting.wait(observation, Judge(), clock, min(patience, left), notify)
            yield verdict


def _stands(verdict: Verdict, now: Verdict) -> bool:
    """Whether the verdict is still what there is to say."""
    if verdict.outcome is Outcome.TIMED_OUT:
        return now.outcome is Outcome.PROGRESSING and not now.steady
    return (verdict.outcome, verdict.sentence) == (now.outcome, now.sentence)
