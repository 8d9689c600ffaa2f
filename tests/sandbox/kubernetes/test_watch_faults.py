"""What befalls watches when a test wants it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sandbox.kubelet import Connection, read_kubeconfig
from sandbox.kubelet.client import ApiError, Client, UnreachableError
from sandbox.kubernetes import ApiServer

Json = dict[str, Any]

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
WATCH = f"{CONFIGMAPS}?watch=true&allowWatchBookmarks=true&timeoutSeconds="
GROUP = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("api")) as started:
        yield started


@pytest.fixture(scope="module")
def admin(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    connection = read_kubeconfig(server.admin_kubeconfig, tmp_path_factory.mktemp("admin"))
    made = Client(connection, 2)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]}
    made.request("POST", f"{GROUP}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    group = "rbac.authorization.k8s.io"
    body = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "reader"}],
    }
    made.request("POST", f"{GROUP}/rolebindings", body)
    yield made
    made.close()


@pytest.fixture
def reader(server: ApiServer, admin: Client) -> Iterator[Client]:  # noqa: ARG001  # its rights
    made = Client(Connection(server.url, server.ca_file, token=server.token("reader")), 2)
    yield made
    made.close()


def told(client: Client) -> Json:
    """Open a watch, which begins with what there is, and give its first event."""
    with client.watch(f"{WATCH}60") as watch:
        return next(iter(watch))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (401, "Unauthorized"),
        (
            403,
            (
                'configmaps is forbidden: User "reader" cannot watch resource "configmaps" in API '
                'group "" in the namespace "default"'
            ),
        ),
        (410, "too old resource version: 1 (2)"),
        (429, "Too many requests, please try again later."),
        (500, "etcdserver: leader changed"),
        (503, "the server is currently unable to handle the request"),
    ],
)
def test_watches_are_refused_for_a_while(
    server: ApiServer, reader: Client, admin: Client, code: int, why: str
) -> None:
    with server.watch_faults.refusing(code):
        for _ in range(2):
            with pytest.raises(ApiError) as caught:
                told(reader)
            assert str(caught.value) == f"{code}: {why}"
        # Lists are answered, and so are the watches of administrators.
        assert reader.request("GET", CONFIGMAPS)["kind"] == "ConfigMapList"
        assert told(admin)["type"] == "ADDED"
    assert told(reader)["type"] == "ADDED"


def test_who_asks_too_often_is_told_when_to_come_back(server: ApiServer, reader: Client) -> None:
    with server.watch_faults.refusing(429):
        answer = reader._pool.request("GET", f"{WATCH}1", headers=reader._headers)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


def test_only_the_next_watch_is_refused(server: ApiServer, reader: Client) -> None:
    with server.watch_faults.refusing(410, times=1):
        with pytest.raises(ApiError, match="410"):
            told(reader)
        assert told(reader)["type"] == "ADDED"


def test_a_code_that_is_not_played_is_refused_at_once(server: ApiServer) -> None:
    with pytest.raises(ValueError, match="418: choose of 401, "), ExitStack() as stack:
        stack.enter_context(server.watch_faults.refusing(418))


def test_a_silent_watch_tells_nothing_until_its_time_is_over(
    server: ApiServer, reader: Client
) -> None:
    with server.watch_faults.silent(), reader.watch(f"{WATCH}3") as watch:
        # Neither what there is nor the bookmark before the end.
        assert list(watch) == []
    assert told(reader)["type"] == "ADDED"


def test_open_watches_end_as_though_their_time_were_over(server: ApiServer, reader: Client) -> None:
    with reader.watch(f"{WATCH}60") as watch:
        events = iter(watch)
        next(events)
        server.end_watches()
        assert all(each["type"] == "ADDED" for each in events)
    assert told(reader)["type"] == "ADDED"


def test_open_watches_break_off(server: ApiServer, reader: Client) -> None:
    with reader.watch(f"{WATCH}60") as watch:
        events = iter(watch)
        next(events)
        server.interrupt_watches()
        with pytest.raises(UnreachableError):
            list(events)
