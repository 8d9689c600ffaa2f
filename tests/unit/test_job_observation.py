"""What is known of a Job at the wire: its pods and events, and how those ended that are gone."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.api_server import connect_to
from tests.unit.job_server import JobServer
from tests.unit.job_states import IMAGE, NAME, NOW, ended, event, job, pod, waiting
from tests.unit.wire import FakeClock, forget_surroundings, stream
from wpdeploy.job_observation import JobObservation
from wpdeploy.jobs import Snapshot
from wpdeploy.kinds import Manifest
from wpdeploy.target import KubeconfigCluster, Target

TARGET = Target(KubeconfigCluster("k", None), "blog", "site", 900, 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobServer]:
    forget_surroundings(monkeypatch)
    with JobServer() as started:
        started.lists["jobs"] = [job()]
        yield started


@pytest.fixture
def seen(server: JobServer, tmp_path: Path) -> Iterator[JobObservation]:
    cluster = connect_to(server, tmp_path).cluster
    made = JobObservation(cluster, TARGET, NAME, FakeClock(), print, since=NOW)
    with closing(made):
        yield made


def told(kind: str, item: Manifest) -> bytes:
    """A line of a watch."""
    versioned = {**item, "metadata": {**item["metadata"], "resourceVersion": "101"}}
    return json.dumps({"type": kind, "object": versioned}).encode() + b"\n"


def until(seen: JobObservation, condition: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot of which it is true; the watches bring it, or the test fails."""
    for _ in range(20):
        snapshot = seen.snapshot()
        if condition(snapshot):
            return snapshot
        seen.wait(1)
    raise AssertionError(f"never became true; last known: {seen.snapshot()}")


def test_only_the_job_its_pods_and_their_events_are_asked_for(
    server: JobServer, seen: JobObservation
) -> None:
    known = seen.snapshot()
    assert (known.job and known.job.uid, known.pods, known.last) == ("job", (), None)
    assert [query["fieldSelector"] for query in server.asked("jobs")] == [f"metadata.name={NAME}"]
    assert [query["labelSelector"] for query in server.asked("pods")] == [f"job-name={NAME}"]
    assert server.asked("events") == [], "only who waits needs them"


def test_without_the_job_there_is_none(server: JobServer, seen: JobObservation) -> None:
    server.lists["jobs"] = []
    seen.refresh()
    assert seen.snapshot().job is None


def test_how_a_pod_ended_is_known_when_it_is_gone(server: JobServer, seen: JobObservation) -> None:
    over = pod("x", ended(1), phase="Failed")
    server.watches["pods"] = deque([stream(told("ADDED", over), told("DELETED", over))])
    known = until(seen, lambda snapshot: snapshot.last is not None and not snapshot.pods)
    assert known.last
    assert known.last.containers[0].last_exit == "exit code 1, Error"


def test_how_it_ends_while_it_is_taken_away_tells_nothing(
    server: JobServer, seen: JobObservation
) -> None:
    runs, killed = pod("x"), pod("x", ended(143), phase="Failed")
    killed["metadata"]["deletionTimestamp"] = killed["metadata"]["creationTimestamp"]
    server.watches["pods"] = deque([stream(told("ADDED", runs), told("MODIFIED", killed))])
    known = until(seen, lambda snapshot: any(each.deleting for each in snapshot.pods))
    assert known.last
    assert known.last.containers[0].last_exit == ""


def test_a_pod_of_an_older_job_of_that_name_is_not_its_last(
    server: JobServer, seen: JobObservation
) -> None:
    server.lists["pods"] = [pod("x", age=60), pod("y", age=30, owner="older")]
    seen.refresh()
    last = seen.snapshot().last
    assert last
    assert last.name == f"{NAME}-x"


def test_events_are_by_what_they_are_about_and_those_of_others_are_left_out(
    server: JobServer, seen: JobObservation
) -> None:
    foreign = event("other", "FailedCreate")
    foreign["involvedObject"]["name"] = "somebody-elses"
    server.lists["events"] = [foreign, event("job", "FailedCreate"), event("x", "Pulling")]
    known = until(seen, lambda snapshot: len(snapshot.events) > 1)
    reasons = {uid: [each.reason for each in found] for uid, found in known.events.items()}
    assert reasons == {"job": ["FailedCreate"], "x": ["Pulling"]}


def test_who_comes_into_a_back_off_has_the_words_of_an_event(
    server: JobServer, seen: JobObservation
) -> None:
    mute = waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"')
    server.lists["pods"] = [pod("x", mute)]
    server.lists["events"] = [event("x", "Failed", f'Failed to pull image "{IMAGE}": not found')]
    seen.refresh()
    (found,) = until(seen, lambda snapshot: bool(snapshot.events)).pods
    assert found.containers[0].message == "not found"
