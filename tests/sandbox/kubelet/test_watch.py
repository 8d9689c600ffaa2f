import queue
from collections.abc import Iterator
from typing import Any, Self

from sandbox.kubelet.client import ApiError, UnreachableError
from sandbox.kubelet.watch import PodWatch

Json = dict[str, Any]


def pod(name: str, version: int) -> Json:
    return {"metadata": {"name": name, "resourceVersion": str(version)}}


def event(kind: str, subject: Json) -> Json:
    return {"type": kind, "object": subject}


class FakeWatch:
    def __init__(self, events: list[Json] | None) -> None:
        self._events = events
        self._interrupted: queue.Queue[None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Json]:
        if self._events is None:
            self._interrupted.get()
        return iter(self._events or [])

    def interrupt(self) -> None:
        self._interrupted.put(None)


class FakeClient:
    """Answers one watch after the other; the last one stays open."""

    def __init__(self, *watches: list[Json] | Exception) -> None:
        self._watches = list(watches)
        self.asked: list[str] = []
        self.exhausted: queue.Queue[None] = queue.Queue()

    def request(self, _method: str, _path: str) -> Json:
        self.asked.append("list")
        return {"items": [pod("a", 5)], "metadata": {"resourceVersion": "7"}}

    def watch(self, path: str) -> FakeWatch:
        self.asked.append(path.rpartition("=")[2])
        if not self._watches:
            self.exhausted.put(None)
            return FakeWatch(None)
        answer = self._watches.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return FakeWatch(answer)


def play(*watches: list[Json] | Exception) -> tuple[list[str], list[str]]:
    """Run through the watches; give what was asked and what was handed on."""
    client, told = FakeClient(*watches), []
    watch = PodWatch(
        client,  # type: ignore[arg-type]
        lambda pods: told.append(f"listed {len(pods)}"),
        lambda subject: told.append(f"changed {subject['metadata']['name']}"),
        lambda subject: told.append(f"gone {subject['metadata']['name']}"),
    )
    watch.start()
    client.exhausted.get(timeout=10)
    watch.stop()
    return client.asked, told


def test_a_watch_that_ends_is_resumed_where_it_was() -> None:
    asked, told = play(
        [event("ADDED", pod("a", 8)), event("MODIFIED", pod("a", 9))],
        [event("DELETED", pod("a", 10)), event("BOOKMARK", pod("", 20))],
    )
    assert asked == ["list", "7", "9", "20"]
    assert told == ["listed 1", "changed a", "changed a", "gone a"]


def test_a_lost_connection_is_resumed_where_it_was() -> None:
    asked, _ = play([event("ADDED", pod("a", 8))], UnreachableError("refused"))
    assert asked == ["list", "7", "8", "8"]


def test_too_old_a_version_lists_again() -> None:
    gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
    asked, told = play([event("ERROR", gone)], ApiError(410, "too old resource version"))
    assert asked == ["list", "7", "list", "7", "list", "7"]
    assert told == ["listed 1"] * 3


def test_an_event_that_cannot_be_understood_lists_again() -> None:
    asked, _ = play([{"type": "ADDED"}])
    assert asked == ["list", "7", "list", "7"]
