"""A real control plane with played kubelets, and what tests ask of it."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from sandbox.kubelet import Connection, Pace, Player
from sandbox.kubelet.client import Client
from sandbox.netns import NetworkNamespaceError, enter_network_namespace
from tests.cluster.control_plane import ControlPlane
from tests.cluster.programs import programs

Json = dict[str, Any]
T = TypeVar("T")

NAMESPACE = "/api/v1/namespaces/default"
PODS = f"{NAMESPACE}/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
# The kubelets' 10 s are 0.5 s.
PACE = Pace(slow=2.0, crash_later=2.5, scale=0.05, heartbeat=1.0)


class Cluster:
    """The control plane, its player, and plain requests."""

    def __init__(self, plane: ControlPlane, listen: int | None) -> None:
        pair = plane.certificate("player", ["system:masters"])
        self.plane = plane
        self.connection = Connection(plane.url, plane.ca_file, pair.certificate, pair.key)
        self.listen = listen
        self.player = self.start_player()
        self.api = Client(self.connection, 2)
        self._numbers = itertools.count(1)

    def start_player(self) -> Player:
        player = Player(self.connection, pace=PACE, listen=self.listen)
        player.start()
        return player

    def deploy(self, tag: str, replicas: int = 1, **container: Any) -> str:
        name = f"{tag}-{next(self._numbers)}".replace(".", "-")
        self.api.request("POST", DEPLOYMENTS, deployment(name, tag, replicas, **container))
        return name

    def run_job(self, tag: str, policy: str, backoff_limit: int) -> str:
        name = f"job-{tag}-{next(self._numbers)}".replace(".", "-")
        self.api.request("POST", JOBS, job(name, tag, policy, backoff_limit))
        return name

    def pods(self, app: str) -> list[Json]:
        items: list[Json] = self.api.request("GET", f"{PODS}?labelSelector=app%3D{app}")["items"]
        return items

    def pod(self, app: str) -> str:
        """Wait for the only pod of an application; give its name."""
        (pod,) = eventually(lambda: self.pods(app))
        return str(pod["metadata"]["name"])

    def uids(self, app: str) -> set[str]:
        return {pod["metadata"]["uid"] for pod in self.pods(app)}

    def container(self, app: str) -> Json:
        (pod,) = self.pods(app)
        statuses = pod["status"].get("containerStatuses")
        status: Json = statuses[0] if statuses else {"state": {}, "lastState": {}}
        return status

    def waits_for(self, app: str, reason: str) -> Json:
        """Wait until the container waits for this reason; give its status."""
        self.pod(app)

        def waiting() -> Json | None:
            status = self.container(app)
            found: str = status["state"].get("waiting", {}).get("reason", "")
            return status if found == reason else None

        return eventually(waiting)

    def available(self, app: str) -> bool:
        found = self.api.request("GET", f"{DEPLOYMENTS}/{app}")
        wanted, status = found["spec"]["replicas"], found["status"]
        counts = [status.get(key) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        current = status.get("observedGeneration") == found["metadata"]["generation"]
        return current and counts == [wanted] * 3

    def events(self, app: str) -> dict[tuple[str, str], Json]:
        """List the kubelets' events about the only pod, by reason and message."""
        selector = f"fieldSelector=involvedObject.name%3D{self.pod(app)}"
        items = self.api.request("GET", f"{NAMESPACE}/events?{selector}")["items"]
        kubelets = [each for each in items if each["source"].get("component") == "kubelet"]
        return {(each["reason"], each["message"]): each for each in kubelets}

    def has_event(self, app: str, reason: str, message: str, count: int = 1) -> Json:
        def found() -> Json | None:
            event = self.events(app).get((reason, message))
            return event if event is not None and event["count"] >= count else None

        return eventually(found)

    def log(self, app: str, query: str = "") -> str:
        answer = self.get(f"{PODS}/{self.pod(app)}/log{query}")
        assert answer.status == 200, answer.data
        return answer.data.decode()

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        with urllib3.PoolManager(
            cert_file=str(self.connection.client_cert),
            key_file=str(self.connection.client_key),
            ca_certs=str(self.connection.ca_file),
            retries=False,
            timeout=20.0,
        ) as http:
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            return http.request("GET", self.connection.url + path, headers=named)


def pod_spec(tag: str, **more: Any) -> Json:
    container = {
        "name": "app",
        "image": f"registry:5000/wp:{tag}",
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": 8080}},
    }
    return {"containers": [container | more]}


def deployment(name: str, tag: str, replicas: int, **container: Any) -> Json:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec(tag, **container)}
    selector = {"matchLabels": {"app": name}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


def job(name: str, tag: str, policy: str, backoff_limit: int) -> Json:
    spec = pod_spec(tag) | {"restartPolicy": policy}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    return {
        "metadata": {"name": name},
        "spec": {"backoffLimit": backoff_limit, "template": template},
    }


def eventually(ask: Callable[[], T | None], seconds: float = 60.0) -> T:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return answer


@contextmanager
def running_cluster(directory: Path, controller_args: Sequence[str] = ()) -> Iterator[Cluster]:
    """Run a control plane with its player, in a network namespace where that is allowed."""
    binaries = programs()
    with ExitStack() as stack:
        listen: int | None = 8080
        try:
            stack.enter_context(enter_network_namespace())
        except NetworkNamespaceError:
            listen = None
        plane = stack.enter_context(
            ControlPlane.start(binaries, directory, controller_args=controller_args)
        )
        cluster = Cluster(plane, listen)
        yield cluster
        cluster.player.stop()
        cluster.api.close()
