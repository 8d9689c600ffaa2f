"""The API server's clock, as its answers tell it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.api_server import connect_to, refusal
from tests.unit.wire import Server, answer, forget_surroundings
from wpdeploy.errors import ClusterError

PATH = "/api/v1/namespaces/blog/configmaps/w"
DATE = "Fri, 20 Nov 2026 10:00:00 GMT"
LIVE = {"kind": "ConfigMap"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def test_the_servers_time_is_its_last_date_and_what_passed_since(tmp_path: Path) -> None:
    with Server(answer(LIVE, Date="Fri, 20 Nov 2026 09:00:00 GMT"), answer(LIVE, Date=DATE)) as it:
        cluster, clock, _ = connect_to(it, tmp_path)
        for _ in range(2):
            cluster.get(PATH, "ConfigMap w")
        clock.now += 2.5
        assert cluster.server_time() == datetime(2026, 11, 20, 10, 0, 2, 500000, UTC)


def test_the_servers_time_does_not_go_back_for_a_date_without_fractions(tmp_path: Path) -> None:
    with Server(answer(LIVE, Date=DATE), answer(LIVE, Date=DATE)) as server:
        cluster, clock, _ = connect_to(server, tmp_path)
        cluster.get(PATH, "ConfigMap w")
        clock.now += 0.75
        cluster.get(PATH, "ConfigMap w")
        assert cluster.server_time() == datetime(2026, 11, 20, 10, 0, 0, 750000, UTC)


def test_the_time_is_asked_for_where_no_answer_has_told_it_yet(tmp_path: Path) -> None:
    with Server(answer({"minor": "36"}, Date=DATE)) as server:
        now = connect_to(server, tmp_path).cluster.server_time()

    assert now == datetime(2026, 11, 20, 10, 0, 0, 0, UTC)
    assert [seen.path for seen in server.received] == ["/version"]


def test_a_refusal_tells_the_time_as_well(tmp_path: Path) -> None:
    with Server(refusal(404, "not found", Date=DATE)) as server:
        cluster = connect_to(server, tmp_path).cluster
        cluster.get(PATH, "ConfigMap w")
        assert cluster.server_time() == datetime(2026, 11, 20, 10, 0, 0, 0, UTC)


@pytest.mark.parametrize("headers", [{}, {"Date": ""}, {"Date": "soon"}, {"Date": "0"}])
def test_a_server_that_does_not_tell_the_time_is_an_error(
    headers: dict[str, str], tmp_path: Path
) -> None:
    with Server(answer({}, 200, **headers)) as server, pytest.raises(ClusterError) as caught:
        connect_to(server, tmp_path).cluster.server_time()

    assert str(caught.value) == f"{server.url}: answers without a Date header"
