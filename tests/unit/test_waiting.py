"""How long a rollout is waited for, and what is told meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.rollout_states import (
    IMAGE,
    ago,
    pod,
    snapshot,
    starting,
    unready,
    waiting,
    workload,
)
from wpdeploy.observed import Snapshot, Workload
from wpdeploy.rollout import assess
from wpdeploy.verdict import Culprit, Outcome, Verdict
from wpdeploy.waiting import wait

READY = tuple(pod(f"web-{number}") for number in (1, 2, 3))
NOBODY_SERVES = "the Service has no ready endpoint among the new pods"
LOST = starting(unready("web-1", *waiting("InvalidImageName")))


def of_three(count: int) -> Workload:
    return workload(replicas=count, updated=count, ready=count, available=count)


def succeeded(sentence: str) -> Verdict:
    return Verdict(Outcome.SUCCEEDED, sentence)


class Film:
    """An Observation of one snapshot after the other, and a clock: each wait shows the next one.

    `unseen` is what it would have shown, had a watch not fallen silent: a refresh shows it.
    """

    def __init__(
        self, snapshots: Sequence[Snapshot], seconds_each: float = 1, unseen: Snapshot | None = None
    ) -> None:
        self._snapshots = list(snapshots)
        self._seconds_each = seconds_each
        self._unseen = unseen
        self._now = 100.0
        self.waits: list[float] = []
        self.told: list[str] = []
        self.refreshed = 0

    def snapshot(self) -> Snapshot:
        return self._snapshots[0]

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += min(seconds, self._seconds_each)
        if len(self._snapshots) > 1:
            self._snapshots.pop(0)

    def refresh(self) -> None:
        self.refreshed += 1
        if self._unseen:
            self._snapshots[0] = self._unseen

    def monotonic(self) -> float:
        return self._now

    def notify(self, snapshot: Snapshot, verdict: Verdict) -> None:
        assert snapshot is self.snapshot()
        self.told.append(verdict.sentence)


def waited(film: Film, seconds: float) -> Verdict:
    return wait(film, assess, film, seconds, film.notify)


def test_what_is_decided_is_not_waited_for() -> None:
    film = Film([snapshot()])
    assert waited(film, 60) == succeeded("ready 3/3")
    assert (film.waits, film.told) == ([], [])


def test_each_state_on_the_way_is_told() -> None:
    states = [snapshot(*READY[:n], workload=of_three(n)) for n in (1, 2, 3)]
    film = Film(states)
    assert waited(film, 60) == succeeded("ready 3/3")
    assert film.told == ["ready 1/3, 1 of 3 new pods exist", "ready 2/3, 2 of 3 new pods exist"]


def test_it_waits_for_no_longer_than_the_verdict_may_hold() -> None:
    film = Film([snapshot(pod("web-1", changed=ago(4)), *READY[1:]), snapshot()])
    waited(film, 60)
    assert film.waits == [6]


def test_it_waits_for_no_longer_than_the_deadline() -> None:
    film = Film([snapshot(serving=frozenset())], seconds_each=30)
    verdict = waited(film, 45)
    assert film.waits == [30, 15]
    assert verdict == Verdict(Outcome.TIMED_OUT, f"not done after 45 s: {NOBODY_SERVES}")


def test_a_time_out_tells_of_the_pod_that_was_waited_for() -> None:
    late = unready("web-3", *waiting("ContainerCreating"))
    film = Film([snapshot(*READY[:2], late)])
    assert waited(film, 5) == Verdict(
        Outcome.TIMED_OUT,
        "not done after 5 s: ready 2/3, waiting for web-3: being created",
        (
            ("pod", "web-3"),
            ("container", "wordpress, restarts: 0"),
            ("reason", "being created"),
            ("image", IMAGE),
        ),
        culprit=Culprit("web-3", "uid-of-web-3", "wordpress"),
    )


def test_what_comes_true_at_the_deadline_is_seen() -> None:
    film = Film([snapshot(serving=frozenset()), snapshot()], seconds_each=30)
    assert waited(film, 30) == succeeded("ready 3/3")


FRESH = snapshot(pod("web-1", changed=ago(4)), *READY[1:])


def test_what_is_complete_at_the_deadline_has_its_stability_window() -> None:
    film = Film([snapshot(serving=frozenset()), FRESH, FRESH, snapshot()], seconds_each=6)
    assert waited(film, 6) == succeeded("ready 3/3")
    assert film.waits == [6, 6, 1]


def test_a_window_that_is_longer_than_a_wait_is_waited_for_to_its_end() -> None:
    window = timedelta(seconds=100)
    fresh, done = (replace(state, window=window) for state in (FRESH, snapshot()))
    still = replace(fresh, now=fresh.now + timedelta(seconds=60))
    done = replace(done, now=done.now + timedelta(seconds=200))
    film = Film([snapshot(serving=frozenset()), fresh, fresh, still, done], seconds_each=60)
    assert waited(film, 60) == succeeded("ready 3/3")


def test_what_a_silent_watch_hid_until_the_deadline_has_it_too() -> None:
    film = Film([snapshot(serving=frozenset())], seconds_each=30, unseen=FRESH)
    assert waited(film, 30).sentence == "not done after 30 s: ready 3/3, until it is stable"
    assert film.waits == [30, 6, 1]


def test_a_window_that_breaks_beyond_the_deadline_is_late() -> None:
    nobody = snapshot(serving=frozenset())
    film = Film([nobody, FRESH, nobody], seconds_each=6)
    assert waited(film, 1) == Verdict(Outcome.TIMED_OUT, f"not done after 1 s: {NOBODY_SERVES}")
    assert film.waits == [1, 6, 1]


def test_without_time_nothing_has_more_of_it() -> None:
    film = Film([FRESH])
    assert waited(film, 0).outcome is Outcome.TIMED_OUT
    assert film.waits == []


def test_without_time_it_looks_once() -> None:
    film = Film([snapshot(serving=frozenset())])
    sentence = f"not done after 0 s: {NOBODY_SERVES}"
    assert waited(film, 0) == Verdict(Outcome.TIMED_OUT, sentence)
    assert (film.waits, film.told) == ([], [])


def test_a_failure_ends_the_wait() -> None:
    film = Film([snapshot(serving=frozenset()), LOST, snapshot()])
    assert waited(film, 60).outcome is Outcome.FAILED
    assert len(film.waits) == 1


# What may be the last word: a success, a failure, and what is not done when the time is over.
LAST = {
    "a success": (snapshot(), 60, Outcome.SUCCEEDED),
    "a failure": (LOST, 60, Outcome.FAILED),
    "a time-out": (snapshot(serving=frozenset()), 1, Outcome.TIMED_OUT),
}


@pytest.mark.parametrize(("last", "seconds", "outcome"), LAST.values(), ids=LAST)
def test_after_a_wait_the_last_word_is_looked_at_anew_once(
    last: Snapshot, seconds: int, outcome: Outcome
) -> None:
    film = Film([snapshot(serving=frozenset()), last])
    assert waited(film, seconds).outcome is outcome
    assert (len(film.waits), film.refreshed) == (1, 1)


@pytest.mark.parametrize(("last", "outcome"), [(last, end) for last, _, end in LAST.values()])
def test_what_the_lists_of_a_moment_ago_say_is_not_asked_again(
    last: Snapshot, outcome: Outcome
) -> None:
    film = Film([last])
    assert waited(film, 0).outcome is outcome
    assert film.refreshed == 0


def test_a_success_that_a_new_look_denies_is_none() -> None:
    film = Film([snapshot(serving=frozenset()), snapshot()], unseen=LOST)
    assert waited(film, 60).outcome is Outcome.FAILED


def test_a_failure_that_a_new_look_denies_is_none() -> None:
    film = Film([snapshot(serving=frozenset()), LOST], unseen=snapshot())
    assert waited(film, 60) == succeeded("ready 3/3")


def test_what_was_done_unseen_before_the_deadline_is_a_success() -> None:
    film = Film([snapshot(serving=frozenset())], unseen=snapshot())
    assert waited(film, 5) == succeeded("ready 3/3")


def test_after_a_new_look_that_denies_a_success_it_waits_on() -> None:
    crashed = snapshot(*READY[:2], pod("web-3", changed=ago(0)))
    film = Film([snapshot(serving=frozenset()), snapshot(), snapshot()], unseen=crashed)
    assert waited(film, 5).outcome is Outcome.TIMED_OUT
    assert film.refreshed > 1
