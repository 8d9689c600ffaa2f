"""Watches: a stream of lines that may be cut anywhere and end at any time."""

import json
import queue
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.certificates import Authority
from tests.unit.api_server import connect, connect_to, refusal, write_kubeconfig
from tests.unit.wire import PATIENCE, Act, Server, forget_surroundings, raw, stream, text
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError
from wpdeploy.retries import Transient
from wpdeploy.watch import Watch

PATH = "/api/v1/namespaces/blog/pods"
QUERY = {"labelSelector": "app=w", "resourceVersion": "7"}
EVENTS = [
    {"type": "ADDED", "object": {"metadata": {"name": "w-1", "annotations": {"motto": "é🔑"}}}},
    {"type": "MODIFIED", "object": {"metadata": {"name": "w-1"}}},
    {"type": "DELETED", "object": {"metadata": {"name": "w-1"}}},
]
LINES = b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in EVENTS)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def _watch(server: Server, directory: Path) -> Watch:
    return connect_to(server, directory).cluster.watch(PATH, QUERY)


def test_a_watch_asks_for_bookmarks_and_for_an_end(tmp_path: Path) -> None:
    with Server(stream()) as server:
        assert list(_watch(server, tmp_path)) == []

    (seen,) = server.received
    assert (seen.method, seen.path) == ("GET", PATH)
    assert seen.query == {
        **QUERY,
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "60",
    }


@pytest.mark.parametrize("size", [1, 2, 7, 64, len(LINES)])
def test_events_are_whole_wherever_the_chunks_are_cut(size: int, tmp_path: Path) -> None:
    chunks = [LINES[start : start + size] for start in range(0, len(LINES), size)]

    with Server(stream(*chunks)) as server:
        assert list(_watch(server, tmp_path)) == EVENTS


def test_a_line_without_an_end_is_no_event_yet(tmp_path: Path) -> None:
    with Server(stream(LINES[:-1])) as server:
        assert list(_watch(server, tmp_path)) == EVENTS[:-1]


def test_an_event_arrives_while_the_stream_stays_open(tmp_path: Path) -> None:
    end = threading.Event()
    with Server(stream(LINES, until=end)) as server:
        events = iter(_watch(server, tmp_path))
        assert [next(events) for _ in EVENTS] == EVENTS
        end.set()
        assert list(events) == []


def test_an_error_event_is_an_api_error(tmp_path: Path) -> None:
    status = {"kind": "Status", "code": 410, "message": "too old resource version: 7 (9)"}
    line = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
    with Server(stream(LINES, line)) as server:
        events = iter(_watch(server, tmp_path))
        assert [next(events) for _ in EVENTS] == EVENTS
        with pytest.raises(ApiError) as caught:
            next(events)

    assert caught.value.code == 410
    assert str(caught.value) == f"{PATH}: WATCH refused (410): too old resource version: 7 (9)"


@pytest.mark.parametrize("code", [403, 410])
def test_a_watch_that_is_refused_is_an_api_error(code: int, tmp_path: Path) -> None:
    with Server(refusal(code, "no")) as server, pytest.raises(ApiError) as caught:
        _watch(server, tmp_path)

    assert (caught.value.where, caught.value.code) == (PATH, code)


@pytest.mark.parametrize("act", [refusal(503, "not now"), refusal(429, "not now"), raw(b"")])
def test_a_watch_is_not_opened_again_by_itself(act: Act, tmp_path: Path) -> None:
    with Server(act) as server:
        cluster, clock, notices = connect_to(server, tmp_path)
        with pytest.raises(Transient):
            cluster.watch(PATH, QUERY)

    assert (len(server.received), clock.slept, notices) == (1, [], [])


def test_a_stream_that_breaks_off_may_be_opened_again(tmp_path: Path) -> None:
    with Server(stream(LINES, whole=False)) as server:
        events = iter(_watch(server, tmp_path))
        assert [next(events) for _ in EVENTS] == EVENTS
        with pytest.raises(Transient) as caught:
            next(events)

    assert isinstance(caught.value.cause, ClusterError)
    assert str(caught.value).startswith(f"{PATH}: watch broke off: ")


@pytest.mark.parametrize(
    "line",
    [
        "<html>bad gateway</html>",
        "",
        '{"type": "ADD',
        "[]",
        "null",
        '{"type": "ADDED"}',
        '{"type": "ADDED", "object": {"metadata": {}}}',
        '{"type": "ERROR"}',
        '{"type": "ERROR", "object": null}',
    ],
)
def test_a_line_that_is_no_event_ends_the_watch_like_a_break(line: str, tmp_path: Path) -> None:
    with Server(text(f"{line}\n")) as server, pytest.raises(Transient) as caught:
        list(_watch(server, tmp_path))

    assert str(caught.value) == f"{PATH}: watch sent something other than an event: {line}"


# Closing


@pytest.fixture(params=["http", "https"])
def open_stream(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server whose watch says EVENTS and then stays open, and a kubeconfig for it."""
    end, tls, cluster = threading.Event(), None, dict[str, str]()
    if request.param == "https":
        authority = Authority(tmp_path)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*authority.server("server", "127.0.0.1"))
        cluster = {"certificate-authority": str(authority.file)}
    with Server(stream(LINES, until=end), tls=tls) as server:
        yield server, write_kubeconfig(tmp_path, server.url, None, cluster)
        end.set()


def test_closing_lets_a_reader_in_another_thread_go(open_stream: tuple[Server, Path]) -> None:
    _, kubeconfig = open_stream
    watch = connect(kubeconfig).cluster.watch(PATH, QUERY)
    read: queue.Queue[Any] = queue.Queue()

    def follow() -> None:
        try:
            for event in watch:
                read.put(event)
        except Transient as broken:
            read.put(broken)

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    assert [read.get(timeout=PATIENCE) for _ in EVENTS] == EVENTS
    watch.close()
    reader.join(PATIENCE)

    assert not reader.is_alive()
    assert isinstance(read.get_nowait(), Transient)


def test_closing_a_watch_that_nobody_reads_does_no_harm(
    open_stream: tuple[Server, Path],
) -> None:
    _, kubeconfig = open_stream

    connect(kubeconfig).cluster.watch(PATH, QUERY).close()


def test_closing_twice_does_no_harm(open_stream: tuple[Server, Path]) -> None:
    _, kubeconfig = open_stream
    watch = connect(kubeconfig).cluster.watch(PATH, QUERY)

    watch.close()
    watch.close()


@pytest.mark.parametrize("whole", [True, False], ids=["by itself", "in a break"])
def test_closing_a_watch_that_has_ended_does_no_harm(*, whole: bool, tmp_path: Path) -> None:
    with Server(stream(LINES, whole=whole)) as server:
        watch = _watch(server, tmp_path)
        try:
            events = list(watch)
        except Transient:
            events = []
        watch.close()

    assert events == (EVENTS if whole else [])


def test_closing_while_the_last_events_are_read_does_no_harm(tmp_path: Path) -> None:
    with Server(text(LINES)) as server:
        watch = _watch(server, tmp_path)
        events = iter(watch)
        first = next(events)
        watch.close()

    assert [first, *events] == EVENTS
