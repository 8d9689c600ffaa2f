"""What the judge remembers of a stability window; what happens in one is in the table of states."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.rollout_states import NOW, ago, container, pod, snapshot, unready, workload
from wpdeploy.observed import Snapshot
from wpdeploy.pods import Pod
from wpdeploy.stability import Judge
from wpdeploy.verdict import Culprit, Outcome, Verdict

STABLE = "ready 3/3, until it is stable"
READY = pod("web-1"), pod("web-2")
FRESH = pod("web-3", changed=ago(3))


def later(seconds: float, *pods: Pod) -> Snapshot:
    return snapshot(*READY, *pods, now=NOW + timedelta(seconds=seconds))


def test_a_restart_tells_whose_container_and_what_to_do() -> None:
    judge, proxy = Judge(), container(name="proxy")
    judge(later(0, pod("web-3", changed=ago(3), containers=(container(), proxy))))
    again = container(name="proxy", restarts=1, last_exit="exit code 1")
    assert judge(later(4, pod("web-3", containers=(container(), again)))) == Verdict(
        Outcome.FAILED,
        "pod web-3: container proxy restarted (exit code 1) 7 s after it was ready",
        (
            ("pod", "web-3"),
            ("container", "wordpress, restarts: 0, proxy, restarts: 1"),
            ("to do", "see why it does not stay up: its log, its memory, its probes"),
        ),
        culprit=Culprit("web-3", "uid-of-web-3", "proxy"),
    )


def test_whoever_is_not_ready_any_more_is_named_without_a_container() -> None:
    judge = Judge()
    judge(later(0, FRESH))
    verdict = judge(later(4, unready("web-3", container())))
    assert (verdict.outcome, verdict.culprit) == (
        Outcome.FAILED,
        Culprit("web-3", "uid-of-web-3"),
    )


def test_a_pod_that_came_into_the_window_is_watched_like_the_others() -> None:
    # One was replaced between two looks: the rollout was complete at both.
    judge, new = Judge(), pod("web-4", changed=ago(-2))
    judge(later(0, FRESH))
    assert judge(later(3, new)).sentence == STABLE
    restarted = pod("web-4", changed=ago(-5), containers=(container(restarts=1),))
    assert judge(later(5, restarted)).outcome is Outcome.FAILED


def test_a_pod_that_came_into_the_window_has_one_of_its_own() -> None:
    judge, new = Judge(), pod("web-4", changed=ago(-3))
    judge(snapshot(serving=frozenset()))
    judge(later(0, FRESH))
    assert judge(later(3, new)).sentence == STABLE
    assert judge(later(12, new)).sentence == STABLE
    assert judge(later(13, new)).outcome is Outcome.SUCCEEDED


def test_what_happened_before_the_window_is_forgotten() -> None:
    judge = Judge()
    judge(later(0, FRESH))
    judge(later(1))  # one was evicted: what ends the window is no failure
    restarted = pod("web-1", changed=ago(-2), containers=(container(restarts=1),))
    replaced = pod("web-4", changed=ago(-4))
    now = NOW + timedelta(seconds=5)
    assert judge(snapshot(restarted, READY[1], replaced, now=now)).sentence == STABLE


UNTOLD = {
    "the Deployment": {"workload": workload(ready=2, available=2)},
    "the Service": {"serving": frozenset()},
}


@pytest.mark.parametrize("untold", UNTOLD.values(), ids=UNTOLD)
def test_a_flap_of_which_others_tell_before_the_pod_does_counts(untold: dict[str, Any]) -> None:
    judge = Judge()
    judge(later(0, FRESH))
    waits = judge(dataclasses.replace(later(3, FRESH), **untold))
    assert (waits.outcome, waits.steady) == (Outcome.PROGRESSING, 0)
    assert judge(later(4, unready("web-3", container()))).outcome is Outcome.FAILED


def test_a_counter_that_was_wrong_begins_the_window_anew() -> None:
    judge = Judge()
    judge(later(0, FRESH))
    judge(dataclasses.replace(later(3, FRESH), serving=frozenset()))
    assert judge(later(12, FRESH)).sentence == STABLE
    assert judge(later(22, FRESH)).outcome is Outcome.SUCCEEDED


def test_a_failure_that_a_new_look_denies_is_none() -> None:
    judge = Judge()
    judge(later(0, FRESH))
    assert judge(later(4, unready("web-3", container()))).outcome is Outcome.FAILED
    assert judge(later(4, FRESH)).sentence == STABLE
    assert judge(later(7, FRESH)).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(("seconds", "outcome"), [(9, "progressing"), (10, "succeeded")])
def test_the_window_begins_when_all_was_seen_to_be_there(seconds: float, outcome: str) -> None:
    judge = Judge()
    judge(snapshot(serving=frozenset()))
    judge(snapshot())
    verdict = judge(snapshot(now=NOW + timedelta(seconds=seconds)))
    assert verdict.outcome is Outcome(outcome)


def test_without_a_window_all_that_is_there_is_done() -> None:
    judge = Judge()
    judge(snapshot(serving=frozenset(), window=timedelta(0)))
    assert judge(snapshot(window=timedelta(0))).outcome is Outcome.SUCCEEDED
