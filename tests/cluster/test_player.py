"""The played kubelets against a real API server, scheduler and controllers."""

import base64
import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.kubelet.client import MERGE_PATCH, ApiError
from tests.cluster.played_cluster import (
    DEPLOYMENTS,
    NAMESPACE,
    PODS,
    Cluster,
    deployment,
    eventually,
    pod_spec,
    running_cluster,
)

Json = dict[str, Any]

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


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
    assert shortest < time.monotonic() - began < 18
    # In its place comes another.
    eventually(lambda: cluster.available(name))


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


# CPython 3.11 forgets to close a TLS socket whose server dies before the handshake.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_it_survives_the_api_server(cluster: Cluster) -> None:
    steady, midway = cluster.deploy("1.0", replicas=3), "midway"
    eventually(lambda: cluster.available(steady))
    cluster.api.request("POST", DEPLOYMENTS, deployment(midway, "1.0", 3))
    eventually(lambda: cluster.pods(midway))
    cluster.plane.stop_apiserver()
    time.sleep(1)
    cluster.plane.start_apiserver()
    eventually(lambda: cluster.available(midway))
    after = cluster.deploy("1.0", replicas=3)
    eventually(lambda: cluster.available(after))
    pods = [*cluster.pods(steady), *cluster.pods(midway), *cluster.pods(after)]
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods] == [0] * 9
    # So that such a socket is found here.
    gc.collect()


def test_it_stops_at_once_and_leaves_no_thread(cluster: Cluster) -> None:
    cluster.player.stop()
    before = set(threading.enumerate())
    cluster.player = cluster.start_player()
    name = cluster.deploy("1.0", replicas=3)
    eventually(lambda: cluster.pods(name))
    began = time.monotonic()
    cluster.player.stop()
    assert time.monotonic() - began < 10
    assert set(threading.enumerate()) <= before
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
        _, stderr = process.communicate(timeout=60)
    cluster.player = cluster.start_player()
    assert process.returncode == 0
    assert stderr.endswith(f"playing 3 nodes of {cluster.plane.url}\n")
