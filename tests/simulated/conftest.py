"""The end-to-end tests of tests/cluster once more, on the simulated API server, through EKS."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import urllib3

from sandbox.aws import Aws
from sandbox.certificates import Pair
from sandbox.cluster import Nodes
from sandbox.eks import Authenticator
from sandbox.kubernetes import ApiServer
from tests.cluster.conftest import (
    aws,
    eks,
    make_site,
    nodes,
    player,
    proxy,
    site,
    through_eks,
    unfounded,
)
from tests.cluster.plane import Plane

__all__ = ["aws", "eks", "make_site", "nodes", "player", "proxy", "site", "unfounded"]


class SimulatedPlane(Plane):
    """The simulated API server in a control plane's place; its users have tokens."""

    token_seconds = 0.0

    def __init__(self, directory: Path, eks: Authenticator, nodes: Nodes) -> None:
        super().__init__()
        self.server = ApiServer(directory, "1.20", authenticators=[eks], dial=nodes.dial)
        self.server.start()
        self.url = self.server.url
        self.ca_file = self.server.ca_file
        self.admin_kubeconfig = self.server.admin_kubeconfig
        self.admin = self._pool(None, self.server.token("admin", ["system:masters"]))

    def stop(self) -> None:
        self.admin.clear()
        self.server.stop()

    def kubeconfig(
        self, user: str, groups: Sequence[str] = (), namespace: str | None = None
    ) -> Path:
        return self.server.kubeconfig(user, groups, namespace)

    def client(self, user: str, groups: Sequence[str] = ()) -> urllib3.PoolManager:
        return self._pool(None, self.server.token(user, groups))

    def _mint(self, stem: str, user: str, groups: Sequence[str]) -> Pair:
        raise NotImplementedError("the simulated API server knows no client certificates")

    def _check(self) -> None:
        """Nothing that could die runs beside the tests."""

    @property
    def _clue(self) -> str:
        return "it has no log"


@pytest.fixture(scope="package")
def plane(
    tmp_path_factory: pytest.TempPathFactory, eks: Authenticator, nodes: Nodes
) -> Iterator[Plane]:
    with SimulatedPlane(tmp_path_factory.mktemp("simulated"), eks, nodes) as started:
        yield started


@pytest.fixture
def access(plane: Plane, aws: Aws) -> str:
    """On the real control plane they run by a kubeconfig too; twice here would be too long."""
    return through_eks(plane, aws)
