"""Watching on after a verdict: what is told of what comes, and when it ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tests.unit.rollout_states import ago, pod, snapshot, starting, unready, waiting, workload
from wpdeploy import staying
from wpdeploy.observed import Snapshot
from wpdeploy.verdict import Outcome, Verdict

READY = snapshot()
LOST = starting(unready("web-1", *waiting("InvalidImageName")))
SLOW = starting(unready("web-1", *waiting("ContainerCreating")))
FRESH = snapshot(pod("web-1", changed=ago(3)), pod("web-2"), pod("web-3"))
DONE = Verdict(Outcome.SUCCEEDED, "ready 3/3")
LATE = Verdict(Outcome.TIMED_OUT, "not done after 60 s: ready 0/3")


class Film:
    """An Observation of one snapshot after the other, each for 10 s of its own clock."""

    def __init__(self, *snapshots: Snapshot) -> None:
        self._snapshots = list(snapshots)
        self._now = 0.0
        self.heard: list[Outcome] = []

    def snapshot(self) -> Snapshot:
        shown = self._snapshots[0]
        return replace(shown, now=shown.now + timedelta(seconds=self._now))

    def wait(self, seconds: float) -> None:
        self._now += min(seconds, 10)
        if len(self._snapshots) > 1:
            self._snapshots.pop(0)

    def refresh(self) -> None:
        """Nothing is seen that was not seen before."""

    def monotonic(self) -> float:
        return self._now

    def told(self, verdict: Verdict, ends: float = 100, patience: float = 60) -> Sequence[str]:
        """What is told after the verdict, until the clock is at `ends`."""
        found = staying.verdicts(
            self,
            verdict,
            self,
            patience=patience,
            ends=ends,
            notify=lambda _, verdict: self.heard.append(verdict.outcome),
        )
        return [f"{item.outcome.value}: {item.sentence}" for item in found]


def test_what_stands_is_not_told_again() -> None:
    film = Film(READY)
    assert film.told(DONE) == []
    assert film.heard == [Outcome.SUCCEEDED] * 10


def test_a_release_that_fails_and_one_that_mends_it_are_told() -> None:
    film = Film(READY, LOST, LOST, SLOW, READY)
    lost, done = film.told(DONE)
    assert lost.startswith("failed: pod web-1: ")
    assert done == "succeeded: ready 3/3"
    assert Outcome.PROGRESSING in film.heard


def test_a_pod_that_came_back_is_well_once_it_is_stable() -> None:
    film = Film(READY, SLOW, FRESH, READY)
    assert film.told(DONE) == ["succeeded: ready 3/3"]
    assert film.heard.count(Outcome.PROGRESSING) > 1


def test_another_number_of_replicas_is_another_verdict() -> None:
    counts = dict.fromkeys(("desired", "replicas", "updated", "ready", "available"), 2)
    scaled = snapshot(pod("web-1"), pod("web-2"), workload=workload(**counts))
    assert Film(READY, scaled).told(DONE) == ["succeeded: ready 2/2"]


def test_what_took_too_long_is_told_once() -> None:
    film = Film(SLOW)
    (late,) = film.told(DONE, ends=300)
    assert late.startswith("timed out: not done after 60 s: ready 0/3, waiting for web-1")


def test_what_took_too_long_may_still_be_done() -> None:
    assert Film(SLOW, SLOW, FRESH, READY).told(LATE) == ["succeeded: ready 3/3"]


def test_its_time_ends_a_wait_as_well() -> None:
    (late,) = Film(READY, SLOW).told(DONE, ends=30)
    assert late.startswith("timed out: not done after 20 s: ready 0/3")


def test_with_no_time_left_nothing_is_looked_at() -> None:
    assert Film(LOST).told(DONE, ends=0) == []
