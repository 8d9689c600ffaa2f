"""A cluster on this machine, and a namespace in it as an administrator prepares one.

The API server is the simulated one, described by EKS, or the real one of a kubeconfig; its nodes
are played by sandbox.kubelet, so an image's tag can choose a fault.
"""

import io
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.aws import BASTION, Aws, role_arn
from sandbox.eks import AccessEntry, Authenticator
from sandbox.kubelet import Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from sandbox.site import ROOT, Json
from wpdeploy import commands
from wpdeploy import kubeconfig as kubeconfigs
from wpdeploy.cli import Invocation
from wpdeploy.clock import Clock
from wpdeploy.context import DeploymentContext
from wpdeploy.kube import Cluster, Request
from wpdeploy.report import Console
from wpdeploy.steps import bootstrap

EKS_CLUSTER = "sandbox"
# The only port that is open in a played pod.
_PODS_PORT = 8080
_GROUP = "Sandbox"
# What a switch of the environment file is about, and where the API server has it.
_APIS = {
    "disruption_budget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "cron": ("/apis/batch/v1", "cronjobs"),
}


class Nodes:
    """Where the pods of a player are for an API server, which is there before it."""

    def __init__(self) -> None:
        self.player: Player | None = None

    def dial(self, host: str, port: int) -> tuple[str, int]:
        """An address of the cluster to where it really is: a pod's is on loopback."""
        if self.player is None or port != _PODS_PORT:
            return host, port
        return self.player.dial(host, port)


@dataclass(frozen=True)
class Place:
    """A namespace of a cluster; `eks` is the cluster's name where EKS describes it."""

    kubeconfig: Path
    admin: Cluster
    namespace: str
    eks: str | None

    @property
    def changes(self) -> Json:
        """Settings for here: short waits, and nothing that this API server has no API for."""
        changes: Json = {
            "rollout": {
                "stability_window": 2,
                "deadline": 60,
                "progress_deadline": 50,
                # The seconds of a played kubelet's own back-off are as short.
                "grace": {"crash": 2},
            }
        }
        if self.eks is None:
            # A real API server refuses to ask pods on loopback.
            changes["smoke"] = {"enabled": False}
        for switch, (path, plural) in _APIS.items():
            found = self.admin.get(path, path) or {"resources": []}
            if plural not in {resource["name"] for resource in found["resources"]}:
                changes[switch] = {"enabled": False}
        return changes

    def serving(self, name: str) -> int:
        """How many pods get the Service's requests."""
        path = f"/api/v1/namespaces/{self.namespace}/endpoints/{name}"
        subsets = (self.admin.get(path, name) or {}).get("subsets") or []
        return sum(len(subset.get("addresses", ())) for subset in subsets)


@contextmanager
def simulated(aws: Aws, directory: Path) -> Iterator[Place]:
    """A namespace of a simulated cluster, which EKS describes to the role of the bastion."""
    entries = [AccessEntry(role_arn(BASTION), ("wpdeploy",))]
    tokens = Authenticator(aws, EKS_CLUSTER, entries)
    nodes = Nodes()
    with ApiServer(directory / "cluster", authenticators=[tokens], dial=nodes.dial) as server:
        aws.put_cluster(EKS_CLUSTER, (server.url, server.ca_file))
        with _prepared(server.admin_kubeconfig, directory, nodes, EKS_CLUSTER) as place:
            yield place


@contextmanager
def given(kubeconfig: Path, directory: Path) -> Iterator[Place]:
    """A namespace of the cluster of an administrator's kubeconfig, deleted in the end."""
    with ExitStack() as stack:
        place = stack.enter_context(_prepared(kubeconfig, directory, Nodes(), None))
        path = f"/api/v1/namespaces/{place.namespace}"
        stack.callback(place.admin.request, Request("DELETE", path, place.namespace))
        yield place


@contextmanager
def _prepared(kubeconfig: Path, directory: Path, nodes: Nodes, eks: str | None) -> Iterator[Place]:
    admin = Cluster(kubeconfigs.access(str(kubeconfig), None), Clock(), print)
    place = Place(kubeconfig, admin, f"sandbox-{int(time.time())}", eks)
    _bootstrap(place, directory / "administrator")
    (directory / "nodes").mkdir()
    connection = read_kubeconfig(kubeconfig, directory / "nodes")
    with Player(connection, on_loopback=True) as nodes.player:
        yield place


def _bootstrap(place: Place, bundle: Path) -> None:
    """What an administrator does: `wpdeploy bootstrap`, for an environment of its own."""
    shutil.copytree(ROOT / "k8s", bundle / "k8s")
    environment = {
        "cluster": {"kubeconfig": str(place.kubeconfig)},
        "namespace": place.namespace,
        "parameters": {"path": f"/wordpress/{place.namespace}"},
        # A class is the whole cluster's: one that was given keeps nothing of ours.
        "ingress": {"enabled": place.eks is not None},
    }
    (bundle / "k8s/environments" / f"{_GROUP}.yaml").write_text(json.dumps(environment))
    context = DeploymentContext(_GROUP, "by-hand", bundle, bundle, bundle / "release.json")
    options = commands.parser().parse_args(["bootstrap", "--group", _GROUP, "--yes"])
    clock = Clock()
    console = Console(io.StringIO(), clock, as_json=False)
    with ExitStack() as stack:
        bootstrap.run(Invocation(context, {}, console, clock, options, stack))
