"""What the tests against a real control plane share: the plane, the nodes, AWS."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.aws import Aws
from sandbox.kubelet import Player, read_kubeconfig
from tests.cluster import control_plane
from tests.cluster.control_plane import ControlPlane
from tests.cluster.site import ROOT, Site

_NUMBERS = itertools.count(1)


def boot(factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane, or the reason why there is none."""
    binaries = control_plane.find()
    if binaries is None:
        # In CI what is missing is a failure: a skipped test would look like a passed one.
        require = pytest.fail if os.environ.get("CI") else pytest.skip
        require(control_plane.how_to_get())
    with ControlPlane.start(binaries, factory.mktemp("plane")) as started:
        yield started


def play(plane: ControlPlane, factory: pytest.TempPathFactory) -> Iterator[Player]:
    """The nodes of a control plane."""
    with Player(read_kubeconfig(plane.admin_kubeconfig, factory.mktemp("player"))) as started:
        yield started


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    yield from boot(tmp_path_factory)


@pytest.fixture(scope="session")
def player(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    yield from play(plane, tmp_path_factory)


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        yield started


@pytest.fixture
def make_site(plane: ControlPlane, player: Player, aws: Aws, tmp_path: Path) -> Callable[[], Site]:
    def make() -> Site:
        namespace = f"site-{next(_NUMBERS)}"
        site = Site(plane, player, aws, namespace, tmp_path / namespace)
        site.ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        plane.await_admission(namespace)
        for manifest in yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text()):
            plural = manifest["kind"].lower() + "s"
            site.ask("POST", site.collection(plural, manifest["apiVersion"]), manifest)
        site.set_up()
        return site

    return make


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()
