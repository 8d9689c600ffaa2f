"""Silent nodes, missing room, evictions: with a real scheduler and real controllers."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.kubelet import Autoscaling
from tests.cluster import flags
from tests.cluster.played_cluster import (
    DEPLOYMENTS,
    NAMESPACE,
    PODS,
    Cluster,
    deployment,
    eventually,
    running_cluster,
)

Json = dict[str, Any]

pytestmark = pytest.mark.cluster

# Of a node's 16.
HALF: Json = {"resources": {"requests": {"cpu": "8"}}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    with running_cluster(directory, flags.quick_nodes()) as running:
        eventually(lambda: len(untainted(running)) == 3)
        yield running


def untainted(cluster: Cluster) -> list[Json]:
    nodes = cluster.api.request("GET", "/api/v1/nodes")["items"]
    return [node for node in nodes if not node["spec"].get("taints")]


def condition(pod: Json, kind: str) -> Json:
    found = pod["status"].get("conditions") or []
    return next((each for each in found if each["type"] == kind), {})


def told(cluster: Cluster, pod: str) -> dict[str, Json]:
    """List the events about a pod, whoever wrote them, by their reasons."""
    items = cluster.api.request("GET", f"{NAMESPACE}/events")["items"]
    return {each["reason"]: each for each in items if each["involvedObject"]["name"] == pod}


def test_a_silent_node_takes_its_pods_along(cluster: Cluster) -> None:
    manifest = deployment("silent", "1.0", 1)
    toleration = {
        "key": "node.kubernetes.io/unreachable",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 2,
    }
    manifest["spec"]["template"]["spec"]["tolerations"] = [toleration]
    cluster.api.request("POST", DEPLOYMENTS, manifest)
    eventually(lambda: cluster.available("silent"))
    (pod,) = cluster.pods("silent")
    node, name = pod["spec"]["nodeName"], pod["metadata"]["name"]
    cluster.player.silence(node)

    def unready() -> Json | None:
        found = cluster.api.request("GET", f"{PODS}/{name}")
        return found if condition(found, "Ready")["status"] == "False" else None

    marked = eventually(unready)
    assert "reason" not in condition(marked, "Ready")
    assert condition(marked, "ContainersReady")["status"] == "True"
    event = eventually(lambda: told(cluster, name).get("NodeNotReady"))
    assert (event["type"], event["message"]) == ("Warning", "Node is not ready")
    assert event["source"] == {"component": "node-controller"}
    # It is deleted and does not go; another comes in its place.
    event = eventually(lambda: told(cluster, name).get("TaintManagerEviction"))
    assert event["message"] == f"Marking for deletion Pod default/{name}"
    eventually(lambda: cluster.available("silent"))
    hanging = cluster.api.request("GET", f"{PODS}/{name}")
    assert "deletionTimestamp" in hanging["metadata"]
    cluster.player.revive(node)
    eventually(lambda: len(cluster.pods("silent")) == 1)
    eventually(lambda: len(untainted(cluster)) == 3)


def test_an_autoscaler_makes_room(cluster: Cluster) -> None:
    name = cluster.deploy("1.0", replicas=7, **HALF)

    def unschedulable() -> Json | None:
        found = (
            each
            for each in cluster.pods(name)
            if condition(each, "PodScheduled").get("reason") == "Unschedulable"
        )
        return next(found, None)

    pod = eventually(unschedulable)
    message = "0/3 nodes are available: 3 Insufficient cpu."
    assert condition(pod, "PodScheduled")["message"] == message
    cluster.player.autoscale(Autoscaling(hears_after=0.2, provisions_in=1.0))
    own = pod["metadata"]["name"]
    event = eventually(lambda: told(cluster, own).get("TriggeredScaleUp"))
    assert event["message"] == "pod triggered scale-up: [{w 3->4 (max: 10)}]"
    eventually(lambda: cluster.available(name))
    assert cluster.api.request("GET", f"{PODS}/{own}")["spec"]["nodeName"] == "node-4"
    cluster.player.autoscale(None)
    cluster.api.request("DELETE", f"{DEPLOYMENTS}/{name}")
    eventually(lambda: not cluster.pods(name))
    cluster.player.remove_node("node-4")
    assert len(untainted(cluster)) == 3


def test_an_evicted_pod_is_failed_and_replaced(cluster: Cluster) -> None:
    name = cluster.deploy("1.0")
    eventually(lambda: cluster.available(name))
    pod = cluster.pod(name)
    cluster.player.evict("default", pod)
    status = cluster.api.request("GET", f"{PODS}/{pod}")["status"]
    message = (
        "The node was low on resource: memory. Container app was using 513228Ki, which exceeds "
        "its request of 0. "
    )
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", message)
    assert set(status) == {"phase", "reason", "message", "startTime"}
    assert told(cluster, pod)["Evicted"]["message"] == message
    # The Deployment is available for a moment longer than its pod.
    eventually(
        lambda: {each["status"]["phase"] for each in cluster.pods(name)} == {"Failed", "Running"}
    )


def test_a_preempted_pod_is_deleted_and_replaced(cluster: Cluster) -> None:
    name = cluster.deploy("1.0")
    eventually(lambda: cluster.available(name))
    before = cluster.pod(name)
    cluster.player.preempt("default", before)
    assert told(cluster, before)["Preempted"]["reportingComponent"] == "default-scheduler"
    eventually(lambda: before not in {each["metadata"]["name"] for each in cluster.pods(name)})
    eventually(lambda: cluster.available(name))
