"""What a container says through the API server: any code is an answer, and each has one attempt."""

import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit.api_server import connect_to, refusal
from tests.unit.wire import (
    PATIENCE,
    Act,
    Server,
    cut_off,
    forget_surroundings,
    raw,
    stream,
    text,
)
from wpdeploy.answer import Answer, BrokenOff, Late
from wpdeploy.errors import ClusterError

PATH = "/api/v1/namespaces/blog/pods/web-1/proxy/"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def fetch(server: Server, directory: Path, seconds: float = 5, path: str = PATH) -> Answer:
    headers = {"Host": "www.example.com", "Accept": "text/html"}
    return connect_to(server, directory).cluster.fetch(path, {}, headers, seconds)


@pytest.mark.parametrize("code", [200, 302, 404, 429, 500, 503])
def test_any_code_is_an_answer(code: int, tmp_path: Path) -> None:
    with Server(text("a page", code, X_Some="thing")) as server:
        found = fetch(server, tmp_path)
    assert (found.code, found.body, found.headers["x-some"]) == (code, b"a page", "thing")
    assert (found.is_own, found.is_cut) == (False, False)
    assert len(server.received) == 1


def test_the_headers_that_are_given_reach_the_server(tmp_path: Path) -> None:
    with Server(text("a page")) as server:
        fetch(server, tmp_path, path=f"{PATH}?a=b")
    (seen,) = server.received
    assert (seen.headers["host"], seen.headers["accept"]) == ("www.example.com", "text/html")
    assert (seen.path, seen.query) == (PATH, {"a": "b"})


def test_the_api_servers_own_answer_is_known(tmp_path: Path) -> None:
    with Server(refusal(503, "error trying to reach service: EOF")) as server:
        assert fetch(server, tmp_path).is_own


def test_a_long_body_is_cut_off(tmp_path: Path) -> None:
    with Server(text("x" * (3 << 20))) as server:
        found = fetch(server, tmp_path)
    assert (len(found.body), found.is_cut) == (1 << 20, True)


def test_no_answer_in_time_is_late(tmp_path: Path) -> None:
    left = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        left.wait(PATIENCE)

    with Server(silent) as server:
        with pytest.raises(Late) as caught:
            fetch(server, tmp_path, 0.2)
        left.set()
    assert str(caught.value) == f"{PATH}: no answer within 0.2 s"


def test_an_answer_that_stops_in_the_middle_is_late(tmp_path: Path) -> None:
    left = threading.Event()
    with Server(stream(b"half", until=left)) as server:
        with pytest.raises(Late) as caught:
            fetch(server, tmp_path, 0.2)
        left.set()
    assert str(caught.value) == f"{PATH}: the answer did not end in time"


@pytest.mark.parametrize("act", [cut_off(b"half a page"), stream(b"half", whole=False)])
def test_an_answer_that_breaks_off_is_an_error(act: Act, tmp_path: Path) -> None:
    with Server(act) as server, pytest.raises(BrokenOff, match="the answer broke off"):
        fetch(server, tmp_path)


def test_an_api_server_that_hangs_up_is_unreachable(tmp_path: Path) -> None:
    with Server(raw(b"")) as server, pytest.raises(ClusterError) as caught:
        fetch(server, tmp_path)
    assert caught.value.where == f"API server {server.url}"
    assert caught.value.problems[0].startswith("cannot be reached: ")
