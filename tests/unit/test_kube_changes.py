"""Writes at the wire: what comes before each of them, and what is tried only once."""

import threading
from pathlib import Path

import pytest

from tests.unit.api_server import connect_to, refusal
from tests.unit.wire import PATIENCE, Act, Server, answer, forget_surroundings, raw
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest

LEASE: Manifest = {"kind": "Lease", "metadata": {"name": "w", "namespace": "blog"}}
SERVICE: Manifest = {"apiVersion": "v1", "kind": "Service", "metadata": LEASE["metadata"]}
BUSY = refusal(503, "busy", Retry_After="0")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_is_json(method: str, tmp_path: Path) -> None:
    with Server(answer({"done": True})) as server:
        cluster = connect_to(server, tmp_path).cluster
        assert cluster.write(method, "/leases", LEASE) == {"done": True}
    [request] = server.received
    assert (request.method, request.path, request.document) == (method, "/leases", LEASE)
    assert request.headers["content-type"] == "application/json"


def test_a_deletion_is_guarded_and_takes_along_what_the_object_has_made(tmp_path: Path) -> None:
    found = {**SERVICE, "metadata": {**SERVICE["metadata"], "uid": "u-1", "resourceVersion": "17"}}
    with Server(answer({})) as server:
        connect_to(server, tmp_path).cluster.delete(found)
    [request] = server.received
    assert (request.method, request.path) == ("DELETE", "/api/v1/namespaces/blog/services/w")
    assert request.document == {
        "propagationPolicy": "Background",
        "preconditions": {"uid": "u-1", "resourceVersion": "17"},
    }


def test_what_is_gone_already_is_deleted(tmp_path: Path) -> None:
    with Server(refusal(404, "not found", {"name": "w"})) as server:
        connect_to(server, tmp_path).cluster.delete(SERVICE)
    assert len(server.received) == 1


def test_what_has_changed_is_not_deleted(tmp_path: Path) -> None:
    with Server(refusal(409, "the ResourceVersion does not match")) as server:
        cluster = connect_to(server, tmp_path).cluster
        with pytest.raises(ApiError, match=r"^Service w: DELETE refused \(409\)"):
            cluster.delete(SERVICE)


def test_a_write_that_comes_too_late_is_an_error_that_says_so(tmp_path: Path) -> None:
    with Server(refusal(409, "the object has been modified")) as server:
        cluster = connect_to(server, tmp_path).cluster
        with pytest.raises(ApiError, match=r"^Lease w: .*modified") as caught:
            cluster.write("PUT", "/leases/w", LEASE)
    assert caught.value.code == 409


def test_each_attempt_to_change_something_is_announced(tmp_path: Path) -> None:
    with Server(BUSY, answer({}), answer({}), answer({})) as server:
        cluster, seen = connect_to(server, tmp_path).cluster, list[int]()
        cluster.before_change = lambda: seen.append(len(server.received))
        cluster.apply(SERVICE)
        cluster.patch(SERVICE, [])
        cluster.delete(SERVICE)
    assert seen == [0, 1, 2, 3]


def test_what_changes_nothing_is_not_announced(tmp_path: Path) -> None:
    with Server(answer({}), answer({}), answer({})) as server:
        cluster, seen = connect_to(server, tmp_path).cluster, list[int]()
        cluster.before_change = lambda: seen.append(1)
        cluster.apply(SERVICE, dry_run=True)
        cluster.get("/x", "x")
        cluster.write("PUT", "/leases/w", LEASE)
    assert (seen, len(server.received)) == ([], 3)


def test_a_change_can_be_prevented(tmp_path: Path) -> None:
    def refuse() -> None:
        raise ClusterError("lock", "is lost")

    with Server() as server:
        cluster = connect_to(server, tmp_path).cluster
        cluster.before_change = refuse
        with pytest.raises(ClusterError, match="is lost"):
            cluster.apply(SERVICE)
    assert server.received == []


@pytest.mark.parametrize("act", [BUSY, raw(b"")], ids=["busy", "hangs up"])
def test_last_words_are_tried_once(act: Act, tmp_path: Path) -> None:
    with Server(act, answer({})) as server:
        connection = connect_to(server, tmp_path)
        with pytest.raises(ClusterError):
            connection.cluster.brief().write("PUT", "/leases/w", LEASE)
    assert len(server.received) == 1
    assert (connection.clock.slept, connection.notices) == ([], [])


def test_last_words_wait_2_s_at_most(tmp_path: Path) -> None:
    ended = threading.Event()

    def silent(_: object) -> None:
        ended.wait(PATIENCE)

    with Server(silent) as server:
        cluster = connect_to(server, tmp_path).cluster.brief()
        with pytest.raises(ClusterError, match=r"timeout=2\.0|timed out"):
            cluster.get("/x", "x")
        ended.set()
