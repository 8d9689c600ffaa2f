"""A cluster on this machine, and a namespace in it as an administrator prepares one.

The API server is the simulated one, described by EKS, or the real one of a kubeconfig; its nodes
are played by sandbox.kubelet, so an image's tag can choose a fault.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.aws import BASTION, Aws, role_arn
from sandbox.eks import AccessEntry, Authenticator
from sandbox.kubelet import Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from sandbox.site import ROOT, Json
from wpdeploy import kubeconfig as kubeconfigs
from wpdeploy.clock import Clock
from wpdeploy.kube import Cluster, Request

EKS_CLUSTER = "sandbox"
# What a switch of the environment file is about, and where the API server has it.
_APIS = {
    "disruption_budget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "cron": ("/apis/batch/v1", "cronjobs"),
}


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
            "rollout": {"stability_window": 2, "deadline": 60, "progress_deadline": 50}
        }
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
    with ApiServer(directory / "cluster", authenticators=[tokens]) as server:
        aws.put_cluster(EKS_CLUSTER, (server.url, server.ca_file))
        with _prepared(server.admin_kubeconfig, directory, EKS_CLUSTER) as place:
            yield place


@contextmanager
def given(kubeconfig: Path, directory: Path) -> Iterator[Place]:
    """A namespace of the cluster of an administrator's kubeconfig, deleted in the end."""
    with ExitStack() as stack:
        place = stack.enter_context(_prepared(kubeconfig, directory, None))
        path = f"/api/v1/namespaces/{place.namespace}"
        stack.callback(place.admin.request, Request("DELETE", path, place.namespace))
        yield place


@contextmanager
def _prepared(kubeconfig: Path, directory: Path, eks: str | None) -> Iterator[Place]:
    admin = Cluster(kubeconfigs.access(str(kubeconfig), None), Clock(), print)
    place = Place(kubeconfig, admin, f"sandbox-{int(time.time())}", eks)
    _create(admin, "/api/v1/namespaces", {"metadata": {"name": place.namespace}})
    for manifest in yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text()):
        plural = f"{manifest['kind'].lower()}s"
        path = f"/apis/{manifest['apiVersion']}/namespaces/{place.namespace}/{plural}"
        _create(admin, path, manifest)
    (directory / "nodes").mkdir()
    with Player(read_kubeconfig(kubeconfig, directory / "nodes")):
        yield place


def _create(admin: Cluster, path: str, body: Json) -> None:
    data = json.dumps(body).encode()
    admin.request(Request("POST", path, path, {}, data, "application/json"))
