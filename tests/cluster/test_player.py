"""The played kubelets against a real API server, scheduler and controllers."""

import base64
import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import urllib3

from sandbox.kubelet import Connection, Pace, Player
from sandbox.kubelet.client import MERGE_PATCH, ApiError, Client
from sandbox.netns import NetworkNamespaceError, enter_network_namespace
from tests.cluster.control_plane import ControlPlane, find, how_to_get

Json = dict[str, Any]
T = TypeVar("T")

pytestmark = pytest.mark.cluster

NAMESPACE = "/api/v1/namespaces/default"
PODS = f"{NAMESPACE}/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
# The kubelets' 10 s are 0.5 s.
PACE = Pace(slow=2.0, crash_later=1.5, scale=0.05, heartbeat=1.0)


class Cluster:
    """The control plane, its player, and plain requests."""

    def __init__(self, plane: ControlPlane, connection: Connection, listen: int | None) -> None:
        self.plane = plane
        self.connection = connection
        self.listen = listen
        self.player = self.start_player()
        self.api = Client(connection, 2)
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
            timeout=5.0,
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


def eventually(ask: Callable[[], T | None], seconds: float = 20.0) -> T:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="module")
def namespace() -> Iterator[bool]:
    """Enter a network namespace where that is allowed; say whether it was."""
    try:
        entered = enter_network_namespace()
        entered.__enter__()
    except NetworkNamespaceError:
        yield False
        return
    yield True
    entered.__exit__(None, None, None)


@pytest.fixture(scope="module")
def plane(namespace: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:  # noqa: ARG001, FBT001
    binaries = find()
    if binaries is None:
        pytest.skip(how_to_get())
    with ControlPlane.start(binaries, tmp_path_factory.mktemp("plane")) as started:
        yield started


@pytest.fixture(scope="module")
def connection(plane: ControlPlane) -> Connection:
    pair = plane.certificate("player", ["system:masters"])
    return Connection(plane.url, plane.ca_file, pair.certificate, pair.key)


@pytest.fixture(scope="module")
def cluster(
    plane: ControlPlane,
    connection: Connection,
    namespace: bool,  # noqa: FBT001
) -> Iterator[Cluster]:
    cluster = Cluster(plane, connection, 8080 if namespace else None)
    yield cluster
    cluster.player.stop()
    cluster.api.close()


def test_nodes_are_ready_in_three_zones_and_without_taints(cluster: Cluster) -> None:
    def settled() -> list[Json] | None:
        nodes: list[Json] = cluster.api.request("GET", "/api/v1/nodes")["items"]
        untainted = [node for node in nodes if not node["spec"].get("taints")]
        return nodes if len(untainted) == 3 else None

    nodes = eventually(settled)
    zones = {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}
    assert len(zones) == 3
    for node in nodes:
        conditions = {each["type"]: each["status"] for each in node["status"]["conditions"]}
        assert conditions["Ready"] == "True"


def test_leases_are_renewed(cluster: Cluster) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1"

    def renewed() -> str:
        return str(cluster.api.request("GET", path)["spec"]["renewTime"])

    first = renewed()
    eventually(lambda: renewed() > first)


def test_a_healthy_deployment_and_its_update(cluster: Cluster) -> None:
    name = cluster.deploy("1.0", replicas=3)
    eventually(lambda: cluster.available(name))
    first = cluster.pods(name)
    assert len({pod["status"]["podIP"] for pod in first}) == 3
    assert all(pod["status"]["qosClass"] == "BestEffort" for pod in first)

    patch = {"spec": {"template": {"spec": pod_spec("1.1")}}}
    cluster.api.request("PATCH", f"{DEPLOYMENTS}/{name}", patch, kind=MERGE_PATCH)
    eventually(lambda: cluster.available(name))
    # The old pods end and are gone.
    eventually(lambda: len(cluster.pods(name)) == 3)
    images = {pod["spec"]["containers"][0]["image"] for pod in cluster.pods(name)}
    assert images == {"registry:5000/wp:1.1"}


def test_the_api_server_takes_the_status_as_a_kubelet_writes_it(cluster: Cluster) -> None:
    name = cluster.deploy("1.0")
    eventually(lambda: cluster.available(name))
    (pod,) = cluster.pods(name)
    status = pod["status"]
    assert status["phase"] == "Running"
    assert [each["type"] for each in status["conditions"]] == [
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    (container,) = status["containerStatuses"]
    assert container["started"]
    assert container["state"]["running"]["startedAt"] >= status["startTime"]
    assert set(cluster.events(name)) == {
        ("Pulling", 'Pulling image "registry:5000/wp:1.0"'),
        ("Pulled", 'Successfully pulled image "registry:5000/wp:1.0" in 0.1s'),
        ("Created", "Created container app"),
        ("Started", "Started container app"),
    }


def test_badpull(cluster: Cluster) -> None:
    name = cluster.deploy("badpull")
    image = "registry:5000/wp:badpull"
    cause = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f'failed to resolve reference "{image}": {image}: not found'
    )
    assert cluster.waits_for(name, "ErrImagePull")["state"]["waiting"]["message"] == cause
    cluster.waits_for(name, "ImagePullBackOff")
    cluster.has_event(name, "Failed", f'Failed to pull image "{image}": {cause}', count=2)
    cluster.has_event(name, "Failed", "Error: ImagePullBackOff")
    cluster.has_event(name, "BackOff", f'Back-off pulling image "{image}"')


def test_invalidname(cluster: Cluster) -> None:
    name = cluster.deploy("invalidname")
    message = cluster.waits_for(name, "InvalidImageName")["state"]["waiting"]["message"]
    assert message.endswith("invalid reference format: repository name must be lowercase")
    cluster.has_event(name, "InspectFailed", message)
    cluster.has_event(name, "Failed", "Error: InvalidImageName")


@pytest.mark.parametrize(
    ("tag", "code", "reason"), [("crashloop", 1, "Error"), ("oom", 137, "OOMKilled")]
)
def test_crashes(cluster: Cluster, tag: str, code: int, reason: str) -> None:
    name = cluster.deploy(tag)
    status = cluster.waits_for(name, "CrashLoopBackOff")
    assert status["restartCount"] >= 1
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (code, reason)
    event = cluster.has_event(name, "BackOff", "Back-off restarting failed container")
    assert event["involvedObject"]["fieldPath"] == "spec.containers{app}"
    assert event["type"] == "Warning"


def test_crashlater(cluster: Cluster) -> None:
    name = cluster.deploy("crashlater")
    eventually(lambda: cluster.available(name))
    eventually(lambda: cluster.container(name)["restartCount"] == 1)
    assert cluster.container(name)["lastState"]["terminated"]["exitCode"] == 1


def test_notready(cluster: Cluster) -> None:
    name = cluster.deploy("notready")
    unready = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    cluster.has_event(name, "Unhealthy", unready, count=2)
    assert cluster.container(name)["ready"] is False
    assert "running" in cluster.container(name)["state"]


def test_slow(cluster: Cluster) -> None:
    began = time.monotonic()
    name = cluster.deploy("slow")
    eventually(lambda: cluster.available(name))
    assert time.monotonic() - began > PACE.slow


def test_badconfig(cluster: Cluster) -> None:
    name = cluster.deploy("badconfig")
    status = cluster.waits_for(name, "CreateContainerConfigError")
    assert status["state"]["waiting"]["message"] == 'secret "absent" not found'
    cluster.has_event(name, "Failed", 'Error: secret "absent" not found')


def test_environment(cluster: Cluster) -> None:
    env: list[Json] = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "HOST", "valueFrom": {"configMapKeyRef": {"name": "site", "key": "host"}}},
        {"name": "URL", "value": "https://$(HOST)/$$(HOST)"},
    ]
    name = cluster.deploy("1.0", env=env, envFrom=[{"secretRef": {"name": "db"}}])
    status = cluster.waits_for(name, "CreateContainerConfigError")
    assert status["state"]["waiting"]["message"] == 'secret "db" not found'

    password = base64.b64encode(b"s3cr$t").decode()
    secret = {"metadata": {"name": "db"}, "data": {"PASSWORD": password}}
    cluster.api.request("POST", f"{NAMESPACE}/secrets", secret)
    config = {"metadata": {"name": "site"}, "data": {"host": "example.com"}}
    cluster.api.request("POST", f"{NAMESPACE}/configmaps", config)
    eventually(lambda: cluster.available(name))
    pod = cluster.pod(name)
    assert cluster.player.environment("default", pod, "app") == {
        "PASSWORD": "s3cr$t",
        "NAME": pod,
        "HOST": "example.com",
        "URL": "https://example.com/$(HOST)",
    }


def test_init_containers(cluster: Cluster) -> None:
    name = "with-init"
    manifest = deployment(name, "1.0", 1)
    init = [{"name": "prepare", "image": "busybox"}]
    manifest["spec"]["template"]["spec"]["initContainers"] = init
    cluster.api.request("POST", DEPLOYMENTS, manifest)
    eventually(lambda: cluster.available(name))
    (pod,) = cluster.pods(name)
    (status,) = pod["status"]["initContainerStatuses"]
    assert status["state"]["terminated"]["reason"] == "Completed"
    created = cluster.has_event(name, "Created", "Created container prepare")
    assert created["involvedObject"]["fieldPath"] == "spec.initContainers{prepare}"


def test_logs_and_previous_logs(cluster: Cluster) -> None:
    name = cluster.deploy("crashlater")
    eventually(lambda: cluster.available(name))
    assert "resuming normal operations" in cluster.log(name)
    eventually(lambda: cluster.container(name)["restartCount"] == 1)
    assert "PHP Fatal error" not in cluster.log(name, "?tailLines=2&timestamps=true")
    previous = cluster.log(name, "?previous=true&tailLines=1")
    assert previous.startswith("PHP Fatal error: ")
    assert cluster.log(name, "?limitBytes=7") == "AH00094"


def test_logs_that_are_not_there(cluster: Cluster) -> None:
    name = cluster.deploy("1.0")
    eventually(lambda: cluster.available(name))
    pod = cluster.pod(name)
    answer = cluster.get(f"{PODS}/{pod}/log?previous=true")
    message = f'previous terminated container "app" in pod "{pod}" not found'
    assert (answer.status, answer.json()["message"]) == (400, message)
    # This one the API server answers without asking the kubelet.
    answer = cluster.get(f"{PODS}/{pod}/log?container=x")
    assert (answer.status, answer.json()["message"]) == (
        400,
        f"container x is not valid for pod {pod}",
    )
    waiting = cluster.deploy("badpull")
    cluster.waits_for(waiting, "ImagePullBackOff")
    answer = cluster.get(f"{PODS}/{cluster.pod(waiting)}/log")
    assert answer.status == 400
    assert answer.json()["message"].endswith(
        "is waiting to start: trying and failing to pull image"
    )


def test_a_job_completes(cluster: Cluster) -> None:
    name = cluster.run_job("1.0", "Never", 0)
    eventually(lambda: cluster.api.request("GET", f"{JOBS}/{name}")["status"].get("succeeded"))
    (pod,) = cluster.pods(name)
    assert pod["status"]["phase"] == "Succeeded"
    assert cluster.log(name) == "Checking the database.\nSuccess: Done.\n"


@pytest.mark.parametrize(("policy", "restarts"), [("Never", 0), ("OnFailure", 1)])
def test_a_job_fails(cluster: Cluster, policy: str, restarts: int) -> None:
    name = cluster.run_job("joberror", policy, restarts)
    path = f"{JOBS}/{name}"

    def failed() -> Json | None:
        conditions = cluster.api.request("GET", path)["status"].get("conditions", [])
        return next((each for each in conditions if each["type"] == "Failed"), None)

    assert eventually(failed, 40)["reason"] == "BackoffLimitExceeded"


@pytest.mark.parametrize(("tag", "shortest"), [("1.0", 0.1), ("slowterm", 1.0)])
def test_deletion_takes_its_time(cluster: Cluster, tag: str, shortest: float) -> None:
    name = cluster.deploy(tag)
    eventually(lambda: cluster.available(name))
    pod = cluster.pod(name)
    began = time.monotonic()
    cluster.api.request("DELETE", f"{PODS}/{pod}?gracePeriodSeconds=20")

    def gone() -> bool:
        try:
            found = cluster.api.request("GET", f"{PODS}/{pod}")
        except ApiError as error:
            return error.status == 404
        assert found["metadata"]["deletionTimestamp"]
        return False

    eventually(gone)
    assert shortest < time.monotonic() - began < shortest + 2
    with pytest.raises(KeyError):
        cluster.player.environment("default", pod, "app")
    # In its place comes another.
    eventually(lambda: cluster.available(name))


def test_what_the_pods_serve(cluster: Cluster, namespace: bool) -> None:  # noqa: FBT001
    if not namespace:
        pytest.skip("needs a network namespace (root)")
    ready, unready = cluster.deploy("1.0"), cluster.deploy("notready")
    eventually(lambda: cluster.available(ready))
    cluster.has_event(unready, "Started", "Started container app")
    eventually(lambda: "running" in cluster.container(unready)["state"])

    def proxied(app: str, path: str) -> urllib3.BaseHTTPResponse:
        target = f"{PODS}/{cluster.pod(app)}:8080/proxy{path}"
        return cluster.get(target, Host="blog.example.com", X_Forwarded_Proto="https")

    page = proxied(ready, "/")
    assert page.status == 200
    assert b"<title>Just another WordPress site</title>" in page.data
    assert page.headers["X-Received-Proto"] == "https"
    assert page.headers["X-Received-Host"] == "blog.example.com"
    assert [proxied(ready, path).status for path in ("/-/live", "/-/ready", "/x")] == [
        200,
        200,
        404,
    ]
    assert [proxied(unready, path).status for path in ("/-/live", "/-/ready")] == [200, 503]
    waiting = cluster.deploy("badpull")
    cluster.waits_for(waiting, "ImagePullBackOff")
    assert proxied(waiting, "/").status >= 500


def test_another_player_takes_over_and_restarts_nothing(cluster: Cluster) -> None:
    name = cluster.deploy("1.0", replicas=2)
    eventually(lambda: cluster.available(name))
    before = cluster.pods(name)
    cluster.player.stop()
    cluster.player = cluster.start_player()
    after = cluster.deploy("1.0")
    eventually(lambda: cluster.available(after))
    assert [pod["status"] for pod in cluster.pods(name)] == [pod["status"] for pod in before]
    addresses = [pod["status"]["podIP"] for pod in [*before, *cluster.pods(after)]]
    assert len(set(addresses)) == 3
    # It goes on with what it took over.
    cluster.api.request("DELETE", f"{PODS}/{before[0]['metadata']['name']}")
    eventually(lambda: before[0]["metadata"]["uid"] not in cluster.uids(name))


def test_it_survives_the_api_server(cluster: Cluster) -> None:
    steady, midway = cluster.deploy("1.0", replicas=3), "midway"
    eventually(lambda: cluster.available(steady))
    cluster.api.request("POST", DEPLOYMENTS, deployment(midway, "1.0", 3))
    eventually(lambda: cluster.pods(midway))
    cluster.plane.stop_apiserver()
    time.sleep(1)
    cluster.plane.start_apiserver()
    eventually(lambda: cluster.available(midway), 60)
    after = cluster.deploy("1.0", replicas=3)
    eventually(lambda: cluster.available(after), 60)
    pods = [*cluster.pods(steady), *cluster.pods(midway), *cluster.pods(after)]
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods] == [0] * 9


def test_it_stops_at_once_and_leaves_no_thread(cluster: Cluster) -> None:
    name = cluster.deploy("1.0", replicas=3)
    eventually(lambda: cluster.pods(name))
    began = time.monotonic()
    cluster.player.stop()
    assert time.monotonic() - began < 2
    names = [thread.name for thread in threading.enumerate()]
    assert not [each for each in names if each.startswith(("kubelet", "pods-"))]
    # The pods stay as they are, and wait for the next player.
    assert len(cluster.pods(name)) == 3
    cluster.player = cluster.start_player()
    eventually(lambda: cluster.available(name))


def test_the_command_plays_until_sigterm(cluster: Cluster) -> None:
    cluster.player.stop()
    kubeconfig = str(cluster.plane.admin_kubeconfig)
    command = [sys.executable, "-m", "sandbox.kubelet", "--kubeconfig", kubeconfig]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        name = cluster.deploy("1.0", replicas=3)
        eventually(lambda: cluster.available(name))
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=5)
    cluster.player = cluster.start_player()
    assert process.returncode == 0
    assert stderr.endswith(f"playing 3 nodes of {cluster.plane.url}\n")
