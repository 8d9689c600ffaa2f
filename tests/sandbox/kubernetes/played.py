"""A simulated cluster with played nodes, and what tests ask of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.kubelet import Pace, Player, read_kubeconfig
from sandbox.kubelet.client import Client
from sandbox.kubernetes import ApiServer
from tests.sandbox.kubernetes.test_server import eventually

Json = dict[str, Any]

NAMESPACE = "/api/v1/namespaces/default"
PODS = f"{NAMESPACE}/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
# The kubelets' 10 s are 0.5 s, and a node is lost after 1 s.
PACE = Pace(scale=0.05, heartbeat=0.2)
NODE_SCALE = 0.025


class Cluster:
    """The server, its nodes, and plain requests."""

    def __init__(self, server: ApiServer, player: Player, api: Client) -> None:
        self.server = server
        self.player = player
        self.api = api

    def deploy(
        self, replicas: int, *, tolerates: int = 300, pod: Json | None = None, **container: Any
    ) -> None:
        """Deploy `web`, whose pods stay for so many seconds on a node that is not heard of."""
        own = {"name": "app", "image": "registry:5000/wp:1", "readinessProbe": {}, **container}
        toleration = {
            "key": "node.kubernetes.io/unreachable",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": tolerates,
        }
        template = {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [own], "tolerations": [toleration], **(pod or {})},
        }
        selector = {"matchLabels": {"app": "web"}}
        spec = {"replicas": replicas, "selector": selector, "template": template}
        self.api.request("POST", DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})

    def pods(self) -> list[Json]:
        items: list[Json] = self.api.request("GET", PODS)["items"]
        return items

    def pod(self, name: str) -> Json:
        return self.api.request("GET", f"{PODS}/{name}")

    def ready(self, count: int) -> list[Json] | None:
        """Give the pods that are ready and stay, if there are so many."""
        found = [
            each
            for each in self.pods()
            if condition(each, "Ready").get("status") == "True"
            and "deletionTimestamp" not in each["metadata"]
        ]
        return found if len(found) == count else None

    def events(self, name: str) -> dict[str, Json]:
        """List the events about an object by their reasons."""
        items = self.api.request("GET", f"{NAMESPACE}/events")["items"]
        return {each["reason"]: each for each in items if each["involvedObject"]["name"] == name}


def condition(item: Json, kind: str) -> Json:
    found = item["status"].get("conditions") or []
    return next((each for each in found if each["type"] == kind), {})


@contextmanager
def played_cluster(directory: Path, profile: str = "current") -> Iterator[Cluster]:
    """Run a simulated API server with three nodes."""
    with ApiServer(directory / "server", profile, node_scale=NODE_SCALE) as server:
        connection = read_kubeconfig(server.admin_kubeconfig, directory)
        api = Client(connection, 1)
        with Player(connection, pace=PACE) as player:
            eventually(lambda: len(api.request("GET", "/api/v1/nodes")["items"]) == 3)
            yield Cluster(server, player, api)
        api.close()
