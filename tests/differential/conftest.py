"""Both API servers, each with the kubelets' player, and a namespace on both for each test."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest
import urllib3

from sandbox.kubelet import Connection, Pace, Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from sandbox.netns import NetworkNamespaceError, enter_network_namespace
from tests.cluster.control_plane import ControlPlane
from tests.cluster.programs import programs
from tests.differential.api import Api, Step

# The kubelets' 10 s are 0.5 s.
PACE = Pace(scale=0.05, heartbeat=1.0)
_PODS_PORT = 8080
_NUMBERS = itertools.count(1)

Pair = tuple[Api, Api]


class Simulated:
    """The simulated API server and its nodes, whose pods answer on loopback."""

    def __init__(self, directory: Path) -> None:
        self.api_server = ApiServer(directory, "1.20", dial=self._dial)
        self.connection = read_kubeconfig(self.api_server.admin_kubeconfig, directory)
        self._player = Player(self.connection, pace=PACE, on_loopback=True)

    def __enter__(self) -> Self:
        self.api_server.start()
        self._player.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._player.stop()
        self.api_server.stop()

    def _dial(self, host: str, port: int) -> tuple[str, int]:
        # Only this port is open in a played pod.
        return self._player.dial(host, port) if port == _PODS_PORT else (host, port)


@pytest.fixture(scope="package")
def pods_port() -> Iterator[int | None]:
    """Where pods answer the real API server: in a network namespace, if one is to be had."""
    with ExitStack() as stack:
        try:
            stack.enter_context(enter_network_namespace())
        except NetworkNamespaceError:
            yield None
            return
        yield _PODS_PORT


@pytest.fixture(scope="package")
def plane(
    pods_port: int | None,  # noqa: ARG001  # it is to run inside of the namespace
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ControlPlane]:
    with ControlPlane.start(programs(), tmp_path_factory.mktemp("plane")) as started:
        yield started


@pytest.fixture(scope="package")
def real(
    plane: ControlPlane, pods_port: int | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    connection = read_kubeconfig(plane.admin_kubeconfig, tmp_path_factory.mktemp("real"))
    with Player(connection, pace=PACE, listen=pods_port):
        yield connection


@pytest.fixture(scope="package")
def server(
    pods_port: int | None,  # noqa: ARG001  # it is to run inside of the namespace
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Simulated]:
    with Simulated(tmp_path_factory.mktemp("simulated")) as started:
        yield started


@pytest.fixture(scope="package")
def simulated(server: Simulated) -> Connection:
    return server.connection


@pytest.fixture
def pair(real: Connection, simulated: Connection) -> Iterator[Pair]:
    """The real and the simulated API server, each with a namespace that admits pods."""
    namespace = f"differential-{next(_NUMBERS)}"
    apis = _prepared(real, namespace), _prepared(simulated, namespace)
    yield apis
    for api in apis:
        api.close()


@pytest.fixture(scope="package")
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
