from typing import Any

import pytest

from sandbox.kubelet.client import ApiError, UnreachableError
from sandbox.kubelet.events import WARNING
from sandbox.kubelet.faults import Faults
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import admit
from sandbox.kubelet.roster import PodWorker
from sandbox.kubelet.runtime import Runtime
from sandbox.kubelet.writer import Writer
from tests.sandbox.kubelet.virtual_time import START, pod_manifest

Json = dict[str, Any]

POD = "/api/v1/namespaces/blog/pods/web-0"
EVENTS = "/api/v1/namespaces/blog/events"


class FakeClient:
    """Answers in turn: None is success, a number a refusal."""

    def __init__(self, *answers: int | Exception | None) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[Json] = []

    def request(self, method: str, path: str, body: Json, *, kind: str) -> Json:  # noqa: ARG002
        self.asked.append((method, path))
        self.bodies.append(body)
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, int):
            raise ApiError(answer, "")
        if answer is not None:
            raise answer
        return {}


@pytest.fixture
def worker() -> PodWorker:
    pod = admit(pod_manifest(), "10.244.0.9", Faults(Pace()))
    return PodWorker(Runtime(pod, Pace(), lambda _kind, _name: None, lambda: START))


def writer(client: FakeClient) -> Writer:
    return Writer(client)  # type: ignore[arg-type]


def record(worker: PodWorker) -> None:
    worker.runtime.record(worker.pod.containers[0], WARNING, "BackOff", "again")


def test_a_status_is_written_once_and_for_this_uid_only(worker: PodWorker) -> None:
    client = FakeClient()
    assert writer(client).write(worker)
    assert writer(client).write(worker)
    assert client.asked == [("PATCH", f"{POD}/status")]
    assert client.bodies[0]["metadata"] == {"uid": "u-1"}


@pytest.mark.parametrize("trouble", [UnreachableError("refused"), 429, 503])
def test_what_was_not_taken_is_written_again(worker: PodWorker, trouble: Exception | int) -> None:
    record(worker)
    client = FakeClient(trouble)
    assert not writer(client).write(worker)
    assert writer(client).write(worker)
    status = ("PATCH", f"{POD}/status")
    assert client.asked[:2] == [status, status]
    assert client.asked[2] == ("POST", EVENTS)
    assert worker.pod.events.unsent == []


@pytest.mark.parametrize("refusal", [404, 409])
def test_a_pod_that_is_gone_is_left_alone(worker: PodWorker, refusal: int) -> None:
    client = FakeClient(refusal)
    assert writer(client).write(worker)
    assert writer(client).write(worker)
    assert len(client.asked) == 1


def test_a_repeated_event_changes_its_count(worker: PodWorker) -> None:
    client = FakeClient()
    for _ in range(2):
        record(worker)
        writer(client).write(worker)
    (name,) = {event.name for event in worker.pod.events._known.values()}
    assert client.asked[1:] == [("POST", EVENTS), ("PATCH", f"{EVENTS}/{name}")]
    assert client.bodies[2]["count"] == 2


def test_an_expired_event_is_created_anew(worker: PodWorker) -> None:
    client = FakeClient(None, None, 404)
    for _ in range(2):
        record(worker)
        writer(client).write(worker)
    assert [method for method, _ in client.asked] == ["PATCH", "POST", "PATCH", "POST"]


def test_an_event_whose_answer_was_lost_is_not_made_twice(worker: PodWorker) -> None:
    record(worker)
    client = FakeClient(None, UnreachableError("reset"), 409)
    assert not writer(client).write(worker)
    assert writer(client).write(worker)
    assert [method for method, _ in client.asked] == ["PATCH", "POST", "POST", "PATCH"]
    assert worker.pod.events.unsent == []


def test_deletion_is_for_this_uid_only(worker: PodWorker) -> None:
    client = FakeClient(UnreachableError("refused"), None, 404)
    results = [writer(client).delete(worker.pod) for _ in range(3)]
    assert results == [False, True, True]
    assert client.bodies[0]["gracePeriodSeconds"] == 0
    assert client.bodies[0]["preconditions"] == {"uid": "u-1"}
