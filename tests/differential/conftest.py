"""Both API servers, each with the kubelets' player, and a namespace on both for each test."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from sandbox.kubelet import Connection, Pace, Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from tests.cluster.control_plane import ControlPlane
from tests.cluster.programs import programs
from tests.differential.api import Api, Step

# The kubelets' 10 s are 0.5 s.
PACE = Pace(scale=0.05, heartbeat=1.0)
_NUMBERS = itertools.count(1)

Pair = tuple[Api, Api]


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with ControlPlane.start(programs(), tmp_path_factory.mktemp("plane")) as plane:
        yield from _played(plane.admin_kubeconfig, tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with ApiServer(tmp_path_factory.mktemp("simulated"), "1.20") as server:
        yield from _played(server.admin_kubeconfig, tmp_path_factory.mktemp("player"))


def _played(kubeconfig: Path, scratch: Path) -> Iterator[Connection]:
    connection = read_kubeconfig(kubeconfig, scratch)
    with Player(connection, pace=PACE):
        yield connection


@pytest.fixture
def pair(real: Connection, simulated: Connection) -> Iterator[Pair]:
    """The real and the simulated API server, each with a namespace that admits pods."""
    namespace = f"differential-{next(_NUMBERS)}"
    apis = _prepared(real, namespace), _prepared(simulated, namespace)
    yield apis
    for api in apis:
        api.close()


@pytest.fixture(scope="session")
def tally() -> Iterator[Callable[[int, int], None]]:
    """Counts what was compared and what differs, and tells it at the end."""
    totals = [0, 0]

    def add(compared: int, differing: int) -> None:
        totals[0] += compared
        totals[1] += differing

    yield add
    print(f"\ndifferential: {totals[0]} requests compared, {totals[1]} differ on purpose")  # noqa: T201


def _prepared(connection: Connection, namespace: str) -> Api:
    api = Api(connection.url, _pool(connection), namespace, connection.token or "")
    api.send(Step("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}))
    api.await_admission()
    return api


def _pool(connection: Connection) -> urllib3.PoolManager:
    def path(file: Path | None) -> str | None:
        return None if file is None else str(file)

    return urllib3.PoolManager(
        retries=False,
        timeout=20.0,
        ca_certs=path(connection.ca_file),
        cert_file=path(connection.client_cert),
        key_file=path(connection.client_key),
    )
