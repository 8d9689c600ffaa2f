"""What a rollout looks like: rows, a table, a screen, a document."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rollout_states import APPLIED, NOW, ago, pod, snapshot, unready, waiting, workload
from wpdeploy import view
from wpdeploy.observed import Snapshot
from wpdeploy.verdict import Culprit, Outcome, Verdict, failed, progressing
from wpdeploy.view import Kind, Line, Row

PULLING = unready("web-3", *waiting("ContainerCreating"), seconds=40)
CRASHING = unready("web-2", *waiting("CrashLoopBackOff", last_exit="exit code 1", restarts=2))
OLD = pod("web-0", owner="old", created=ago(3 * 86400))


def shown(state: Snapshot) -> list[tuple[str, Kind, str]]:
    return [(row.pod, row.kind, row.state) for row in view.rows(state)]


STATES: dict[str, tuple[Any, Kind, str]] = {
    "ready": (pod("web-1"), Kind.READY, "ready"),
    "not ready": (unready("web-1", *waiting("")), Kind.UNREADY, "not ready"),
    "being made": (PULLING, Kind.UNREADY, "being created"),
    "crashing": (CRASHING, Kind.TROUBLED, "CrashLoopBackOff (exit code 1)"),
    "without a node": (
        unready("web-1", placed=False, unschedulable="no room"),
        Kind.TROUBLED,
        "no node has room: no room",
    ),
    "old": (OLD, Kind.OLD, "ready"),
    "old and not ready": (unready("web-1", *waiting(""), owner="old"), Kind.OLD, "not ready"),
    "ending": (pod("web-1", deleting=True, due=ago(-5)), Kind.ENDING, "ending"),
    "overdue": (
        pod("web-1", deleting=True, due=ago(5)),
        Kind.ENDING,
        "ending, and should have ended: its node may be gone",
    ),
    "evicted": (pod("web-1", over=True), Kind.ENDING, "ended"),
}


@pytest.mark.parametrize(("one", "kind", "state"), STATES.values(), ids=STATES)
def test_a_pod_is_shown_by_what_it_is_to_the_rollout(one: Any, kind: Kind, state: str) -> None:
    assert shown(snapshot(one)) == [(one.name, kind, state)]


def test_those_that_are_waited_for_come_first() -> None:
    ending = pod("web-9", deleting=True)
    state = snapshot(OLD, pod("web-1"), CRASHING, PULLING, ending)
    assert [name for name, *_ in shown(state)] == ["web-2", "web-3", "web-1", "web-0", "web-9"]


def test_pods_of_others_are_not_shown() -> None:
    assert shown(snapshot(pod("web-1", owner="somebody else's"), pod("web-2", owner=""))) == []


def test_a_deployment_that_is_gone_has_no_pods() -> None:
    assert shown(snapshot(workload=None)) == []


def texts(lines: Sequence[Line]) -> list[str]:
    return [line.text for line in lines]


def test_a_table_has_a_line_for_each_pod() -> None:
    rows = view.rows(snapshot(OLD, pod("web-1"), CRASHING, PULLING))
    assert texts(view.table(rows, 100, 20)) == [
        "POD    REVISION  AGE   RESTARTS  STATE",
        "web-2  4 new     90 s  2         CrashLoopBackOff (exit code 1)",
        "web-3  4 new     90 s  0         being created",
        "web-1  4 new     90 s  0         ready",
        "web-0  3 old     3 d   0         ready",
    ]


def test_a_narrow_table_has_names_and_states() -> None:
    rows = view.rows(snapshot(CRASHING, pod("wordpress-7d9c5b6d8f-x2x4z")))
    assert texts(view.table(rows, 40, 20)) == [
        "POD                   STATE",
        "web-2                 CrashLoopBackOff (exit code 1)",
        "..s-7d9c5b6d8f-x2x4z  ready",
    ]


def test_what_has_no_room_is_counted() -> None:
    well = [pod(f"web-{number}") for number in range(100, 390)]
    old = [pod(f"web-{number}", owner="old") for number in range(390, 400)]
    lines = view.table(view.rows(snapshot(PULLING, CRASHING, *well, *old)), 100, 6)
    assert [text.partition(" ")[0] for text in texts(lines)] == [
        *("POD", "web-2", "web-3", "web-100", "web-101", "..."),
    ]
    assert lines[-1].text == "... and 298 more: 288 ready, 10 old"


def test_without_pods_there_is_no_table() -> None:
    assert texts(view.table([], 100, 20)) == ["no pods yet"]


def test_a_screen_has_the_headline_the_pods_and_the_newest_lines() -> None:
    log = [f"line {number}" for number in range(10)]
    lines = view.screen("ready 1/3", view.rows(snapshot(pod("web-1"))), log, 100, 9)
    assert texts(lines) == [
        "ready 1/3",
        "",
        "POD    REVISION  AGE   RESTARTS  STATE",
        "web-1  4 new     90 s  0         ready",
        "",
        *(f"line {number}" for number in range(6, 10)),
    ]


TEXTS = st.text(max_size=200)
ROWS = st.builds(
    Row,
    pod=st.text(alphabet="abcdefgh-", min_size=1, max_size=80),
    kind=st.sampled_from(Kind),
    state=TEXTS,
    revision=st.integers(0, 9999),
    is_new=st.booleans(),
    age=st.timedeltas(timedelta(0), timedelta(days=900)),
    restarts=st.integers(0, 9999),
)


@given(
    headline=TEXTS,
    rows=st.lists(ROWS, max_size=30),
    log=st.lists(st.text(alphabet="ab ", max_size=200), max_size=30),
    columns=st.integers(1, 200),
    height=st.integers(1, 60),
)
def test_a_screen_fits_any_window(
    headline: str, rows: list[Row], log: list[str], columns: int, height: int
) -> None:
    lines = view.screen(headline, rows, log, columns, height)
    assert len(lines) <= height
    assert all(len(text) < columns or columns == 1 for text in texts(lines))
    assert all(text.isascii() and text.isprintable() for text in texts(lines))


def test_a_pod_that_is_waited_for_stands_since_its_trouble_began() -> None:
    verdict = progressing("ready 2/3", culprit=Culprit("web-3", PULLING.uid))
    assert view.standing(snapshot(PULLING), verdict) == 40
    assert view.standing(snapshot(pod("web-9")), verdict) is None
    assert view.standing(snapshot(PULLING), progressing("ready 2/3")) is None
    assert view.standing(snapshot(PULLING), failed("lost", culprit=verdict.culprit)) is None


TOLD = {
    "ready 1/3": progressing("ready 1/3"),
    "succeeded: ready 3/3": Verdict(Outcome.SUCCEEDED, "ready 3/3"),
    "failed: pod web-1: lost": failed("pod web-1: lost"),
    "timed out: not done after 9 s": Verdict(Outcome.TIMED_OUT, "not done after 9 s"),
}


@pytest.mark.parametrize(("text", "verdict"), TOLD.items(), ids=TOLD)
def test_a_verdict_on_a_line(text: str, verdict: Verdict) -> None:
    assert view.told(verdict) == text


def test_a_program_reads_the_verdict_with_all_that_it_is_on() -> None:
    details = (("pod", "web-2"), ("to do", "see its log"), ("note", "one"), ("note", "two"))
    verdict = failed("pod web-2: lost", details, Culprit("web-2", "uid-of-web-2", "wordpress"))
    state = snapshot(CRASHING, OLD, workload=workload(updated=1, ready=0, available=0))
    assert view.document(verdict, state, smoke={"answers": 200}) == {
        "outcome": "failed",
        "details": {"pod": "web-2", "to_do": "see its log"},
        "notes": ["one", "two"],
        "culprit": {"pod": "web-2", "uid": "uid-of-web-2", "container": "wordpress"},
        "replicas": {"desired": 3, "updated": 1, "ready": 0, "available": 0},
        "pods": [
            {
                "name": "web-2",
                "new": True,
                "revision": 4,
                "kind": "in trouble",
                "state": "CrashLoopBackOff (exit code 1)",
                "age": 90.0,
                "restarts": 2,
            },
            {
                "name": "web-0",
                "new": False,
                "revision": 3,
                "kind": "old",
                "state": "ready",
                "age": 3 * 86400.0,
                "restarts": 0,
            },
        ],
        "smoke": {"answers": 200},
        "evidence": None,
        "times": {"applied": APPLIED.isoformat(), "ready": None, "judged": NOW.isoformat()},
    }


def test_a_program_reads_when_the_last_pod_was_ready() -> None:
    state = snapshot(pod("web-1"), pod("web-2", transition=ago(30)))
    found = view.document(Verdict(Outcome.SUCCEEDED, "ready 2/2"), state)
    assert found["times"]["ready"] == ago(30).isoformat()
    assert (found["culprit"], found["details"], found["notes"]) == (None, {}, [])


def test_a_program_reads_of_a_deployment_that_is_gone() -> None:
    found = view.document(failed("the Deployment was deleted"), snapshot(workload=None))
    assert (found["replicas"], found["pods"]) == (None, [])
