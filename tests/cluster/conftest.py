"""What the tests against a real control plane share: the plane, the nodes, AWS."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.aws import Aws
from sandbox.kubelet import Player, read_kubeconfig
from tests.cluster.control_plane import ControlPlane
from tests.cluster.external import ExternalCluster
from tests.cluster.plane import Plane
from tests.cluster.programs import programs
from tests.cluster.site import ROOT, Site

# An administrator's kubeconfig of a disposable cluster without nodes of its own.
KUBECONFIG = "WPDEPLOY_TEST_KUBECONFIG"
# Names of namespaces that an earlier run in the same cluster has not used.
_NAMES = (f"site-{time.time_ns() // 10**6:x}-{number}" for number in itertools.count(1))


def boot_own(factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for tests that do to it what nobody does to a cluster that is given."""
    with ControlPlane.start(programs(), factory.mktemp("plane")) as started:
        yield started


def boot(factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The cluster that is given, else a control plane."""
    given = os.environ.get(KUBECONFIG)
    if not given:
        yield from boot_own(factory)
        return
    with ExternalCluster(Path(given).expanduser(), factory.mktemp("external")) as cluster:
        yield cluster


def play(plane: Plane, factory: pytest.TempPathFactory) -> Iterator[Player]:
    """The nodes of a control plane."""
    with Player(read_kubeconfig(plane.admin_kubeconfig, factory.mktemp("player"))) as started:
        yield started


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    yield from boot(tmp_path_factory)


@pytest.fixture(scope="session")
def player(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    yield from play(plane, tmp_path_factory)


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        yield started


@pytest.fixture
def make_site(
    plane: Plane, player: Player, aws: Aws, tmp_path: Path
) -> Iterator[Callable[[], Site]]:
    made: list[Site] = []

    def make() -> Site:
        namespace = next(_NAMES)
        site = Site(plane, player, aws, namespace, tmp_path / namespace)
        made.append(site)
        site.ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        plane.await_admission(namespace)
        for manifest in yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text()):
            plural = manifest["kind"].lower() + "s"
            site.ask("POST", site.collection(plural, manifest["apiVersion"]), manifest)
        site.set_up()
        return site

    yield make
    for site in made:
        # Not waited for: the nodes end the pods while other tests run.
        site.plane_request("DELETE", f"/api/v1/namespaces/{site.namespace}")


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()
