"""What the tests against a real control plane share: the plane, the nodes, AWS, the access.

Where nothing else is said a test runs twice: by a kubeconfig, and through EKS.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.aws import BASTION, Aws, role_arn
from sandbox.cluster import Nodes
from sandbox.eks import AccessEntry, Authenticator
from sandbox.kubelet import Player, read_kubeconfig
from sandbox.webhook import TokenWebhook
from tests.cluster import flags
from tests.cluster.control_plane import ControlPlane
from tests.cluster.egress import Egress
from tests.cluster.external import ExternalCluster
from tests.cluster.plane import Plane
from tests.cluster.programs import programs
from tests.cluster.proxy import Proxy
from tests.cluster.site import Site

# An administrator's kubeconfig of a disposable cluster without nodes of its own.
KUBECONFIG = "WPDEPLOY_TEST_KUBECONFIG"
EKS_CLUSTER = "the-cluster"
# Somebody whom the cluster knows, and who may do nothing in it.
OUTSIDER = "outsider"
# Somebody who may do everything in it.
ADMINISTRATOR = "administrator"
# What does not depend on the way to the cluster; on the simulated one it goes through EKS.
once = pytest.mark.parametrize("access", [None], ids=["kubeconfig"], indirect=True)
# Names of namespaces that an earlier run in the same cluster has not used.
_NAMES = (f"site-{time.time_ns() // 10**6:x}-{number}" for number in itertools.count(1))


def boot_own(factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for tests that do to it what nobody does to a cluster that is given."""
    with ControlPlane.start(programs(), factory.mktemp("plane")) as started:
        yield started


def boot(factory: pytest.TempPathFactory, eks: Authenticator, nodes: Nodes) -> Iterator[Plane]:
    """The cluster that is given, else a control plane that knows tokens of EKS, and the pods."""
    given = os.environ.get(KUBECONFIG)
    if given:
        with ExternalCluster(Path(given).expanduser(), factory.mktemp("external")) as cluster:
            yield cluster
        return
    with TokenWebhook(eks) as webhook, Egress(nodes, factory.mktemp("egress")) as egress:
        config = webhook.write_config(factory.mktemp("webhook") / "config")
        arguments = [*flags.token_webhook(config), *flags.egress(egress.config)]
        with ControlPlane.start(programs(), factory.mktemp("plane"), arguments) as started:
            yield started


def play(plane: Plane, factory: pytest.TempPathFactory) -> Iterator[Player]:
    """The nodes of a control plane."""
    connection = read_kubeconfig(plane.admin_kubeconfig, factory.mktemp("player"))
    with Player(connection, on_loopback=True) as started:
        yield started


@pytest.fixture(scope="package")
def eks(aws: Aws) -> Authenticator:
    """Who is who in the cluster, for EKS."""
    entries = [
        AccessEntry(role_arn(BASTION), ("wpdeploy",)),
        AccessEntry(role_arn(OUTSIDER)),
        AccessEntry(role_arn(ADMINISTRATOR), ("system:masters",)),
    ]
    return Authenticator(aws, EKS_CLUSTER, entries)


@pytest.fixture(scope="package")
def nodes() -> Nodes:
    """Where the API server finds the pods."""
    return Nodes()


@pytest.fixture(scope="package")
def plane(
    tmp_path_factory: pytest.TempPathFactory, eks: Authenticator, nodes: Nodes
) -> Iterator[Plane]:
    yield from boot(tmp_path_factory, eks, nodes)


@pytest.fixture(scope="package")
def player(
    plane: Plane, nodes: Nodes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Player]:
    for started in play(plane, tmp_path_factory):
        nodes.player = started
        yield started


@pytest.fixture(scope="package")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        yield started


@pytest.fixture(params=[None, EKS_CLUSTER], ids=["kubeconfig", "eks"])
def access(request: pytest.FixtureRequest, plane: Plane, aws: Aws) -> str | None:
    """The EKS cluster that the site is in; None: it is reached by a kubeconfig."""
    return through_eks(plane, aws) if request.param else None


def through_eks(plane: Plane, aws: Aws) -> str:
    """Have EKS describe the control plane, under the name that is returned."""
    if isinstance(plane, ExternalCluster):
        pytest.skip(f"the cluster of {KUBECONFIG} does not ask our webhook about tokens of EKS")
    aws.put_cluster(EKS_CLUSTER, (plane.url, plane.ca_file))
    return EKS_CLUSTER


@pytest.fixture
def unfounded(
    plane: Plane, player: Player, aws: Aws, access: str | None, tmp_path: Path
) -> Iterator[Site]:
    """A site whose namespace nobody has made."""
    namespace = next(_NAMES)
    site = Site(plane, player, aws, namespace, tmp_path / namespace, eks=access)
    site.set_up()
    yield site
    site.plane_request("DELETE", f"/api/v1/namespaces/{namespace}")


@pytest.fixture
def make_site(
    plane: Plane, player: Player, aws: Aws, access: str | None, tmp_path: Path
) -> Iterator[Callable[[], Site]]:
    made: list[Site] = []

    def make() -> Site:
        namespace = next(_NAMES)
        site = Site(plane, player, aws, namespace, tmp_path / namespace, eks=access)
        made.append(site)
        site.found()
        return site

    yield make
    for site in made:
        # Not waited for: the nodes end the pods while other tests run.
        site.plane_request("DELETE", f"/api/v1/namespaces/{site.namespace}")


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()


@pytest.fixture
def proxy(site: Site, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy between wpdeploy and the API server."""
    directory = tmp_path / "proxy"
    directory.mkdir()
    with Proxy(site.plane, directory) as started:
        site.reach(started.url, started.ca_file)
        yield started
