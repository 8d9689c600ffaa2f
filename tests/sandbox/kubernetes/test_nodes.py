"""Nodes that fall silent, and nodes that are missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubelet import KARPENTER, Autoscaling
from tests.sandbox.kubernetes.played import (
    NAMESPACE,
    PODS,
    Cluster,
    condition,
    played_cluster,
)
from tests.sandbox.kubernetes.test_server import eventually

Json = dict[str, Any]

NODES = "/api/v1/nodes"
# Of a node's 16.
HALF: Json = {"resources": {"requests": {"cpu": "8"}}}


@pytest.fixture(params=["1.20", "current"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cluster(tmp_path: Path, profile: str) -> Iterator[Cluster]:
    with played_cluster(tmp_path, profile) as running:
        yield running


def lost(cluster: Cluster, node: str) -> Json | None:
    found = cluster.api.request("GET", f"{NODES}/{node}")
    unknown = condition(found, "Ready")["status"] == "Unknown"
    return found if unknown and len(found["spec"].get("taints", ())) == 2 else None


def test_a_silent_node_and_its_pods_are_not_ready(cluster: Cluster) -> None:
    cluster.deploy(3)
    silent = eventually(lambda: cluster.ready(3))[0]
    node, name = silent["spec"]["nodeName"], silent["metadata"]["name"]
    cluster.player.silence(node)
    found = eventually(lambda: lost(cluster, node))
    assert {each["status"] for each in found["status"]["conditions"]} == {"Unknown"}
    ready = condition(found, "Ready")
    assert ready["reason"] == "NodeStatusUnknown"
    assert ready["message"] == "Kubelet stopped posting node status."
    assert [(each["key"], each["effect"]) for each in found["spec"]["taints"]] == [
        ("node.kubernetes.io/unreachable", "NoSchedule"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
    ]
    eventually(lambda: cluster.ready(2))
    pod = cluster.pod(name)
    assert condition(pod, "Ready")["status"] == "False"
    assert "reason" not in condition(pod, "Ready")
    assert condition(pod, "ContainersReady")["status"] == "True"
    assert pod["status"]["containerStatuses"][0]["ready"]
    event = eventually(lambda: cluster.events(name).get("NodeNotReady"))
    assert (event["type"], event["message"]) == ("Warning", "Node is not ready")
    assert event["source"] == {"component": "node-controller"}
    event = eventually(lambda: cluster.events(node).get("NodeNotReady"))
    assert event["message"] == f"Node {node} status is now: NodeNotReady"


def test_a_node_that_is_back_gives_back_its_pods(cluster: Cluster) -> None:
    cluster.deploy(3)
    silent = eventually(lambda: cluster.ready(3))[0]
    node, name = silent["spec"]["nodeName"], silent["metadata"]["name"]
    cluster.player.silence(node)
    eventually(lambda: cluster.ready(2))
    cluster.player.revive(node)
    eventually(lambda: cluster.ready(3))
    assert cluster.pod(name)["status"]["containerStatuses"][0]["restartCount"] == 0
    eventually(lambda: not cluster.api.request("GET", f"{NODES}/{node}")["spec"].get("taints"))


def test_its_pods_are_deleted_in_the_end_and_hang(cluster: Cluster, profile: str) -> None:
    cluster.deploy(3, tolerates=20)
    silent = eventually(lambda: cluster.ready(3))[0]
    node, name = silent["spec"]["nodeName"], silent["metadata"]["name"]
    cluster.player.silence(node)
    pod = eventually(
        lambda: next(
            (each for each in cluster.pods() if "deletionTimestamp" in each["metadata"]), None
        )
    )
    assert pod["metadata"]["name"] == name
    event = eventually(lambda: cluster.events(name).get("TaintManagerEviction"))
    assert event["message"] == f"Marking for deletion Pod default/{name}"
    assert event["source"] == {"component": "taint-controller"}
    assert "uid" not in event["involvedObject"]
    target = condition(pod, "DisruptionTarget")
    assert target.get("reason") == (None if profile == "1.20" else "DeletionByTaintManager")
    # Another comes in its place, on another node; the old one stays.
    others = eventually(lambda: cluster.ready(3))
    assert node not in {each["spec"]["nodeName"] for each in others}
    assert len(cluster.pods()) == 4
    cluster.player.revive(node)
    eventually(lambda: len(cluster.pods()) == 3)


def test_a_deleted_pod_hangs_on_a_silent_node_and_its_log_is_out_of_reach(cluster: Cluster) -> None:
    cluster.deploy(1)
    (pod,) = eventually(lambda: cluster.ready(1))
    node, name = pod["spec"]["nodeName"], pod["metadata"]["name"]
    cluster.player.silence(node)
    cluster.api.request("DELETE", f"{PODS}/{name}")
    eventually(lambda: cluster.ready(1))
    answer = cluster.api._pool.request("GET", f"{PODS}/{name}/log", headers=cluster.api._headers)
    assert answer.status == 500
    assert "deletionTimestamp" in cluster.pod(name)["metadata"]
    cluster.player.revive(node)
    eventually(lambda: name not in {each["metadata"]["name"] for each in cluster.pods()})


def unschedulable(cluster: Cluster) -> Json | None:
    return next(
        (
            each
            for each in cluster.pods()
            if condition(each, "PodScheduled").get("reason") == "Unschedulable"
        ),
        None,
    )


def test_without_room_a_pod_waits_and_says_so(cluster: Cluster, profile: str) -> None:
    cluster.deploy(7, **HALF)
    pod = eventually(lambda: unschedulable(cluster))
    old = "0/3 nodes are available: 3 Insufficient cpu."
    message = (
        old
        if profile == "1.20"
        else (
            f"{old} no new claims to deallocate, preemption: 0/3 nodes are available: "
            "3 No preemption victims found for incoming pod."
        )
    )
    assert condition(pod, "PodScheduled")["message"] == message
    event = eventually(lambda: cluster.events(pod["metadata"]["name"]).get("FailedScheduling"))
    assert (event["type"], event["message"]) == ("Warning", message)
    # What is lacking is told of each node, and a silent node is none to run on.
    cluster.player.silence("node-1")
    eventually(lambda: lost(cluster, "node-1"))
    cluster.api.request("DELETE", f"{PODS}/{pod['metadata']['name']}")
    again = eventually(lambda: unschedulable(cluster))
    shown = condition(again, "PodScheduled")["message"]
    assert "2 Insufficient cpu" in shown
    assert "1 node(s) had " in shown
    assert "taint {node.kubernetes.io/unreachable: }" in shown


def test_an_autoscaler_makes_room(cluster: Cluster) -> None:
    cluster.player.autoscale(Autoscaling(hears_after=0.2, provisions_in=0.5))
    cluster.deploy(7, **HALF)
    name = eventually(lambda: unschedulable(cluster))["metadata"]["name"]
    event = eventually(lambda: cluster.events(name).get("TriggeredScaleUp"))
    assert event["message"] == "pod triggered scale-up: [{w 3->4 (max: 10)}]"
    assert (event["type"], event["source"]) == ("Normal", {"component": "cluster-autoscaler"})
    eventually(lambda: cluster.ready(7))
    assert cluster.pod(name)["spec"]["nodeName"] == "node-4"
    assert len(cluster.api.request("GET", NODES)["items"]) == 4


def test_karpenter_nominates(cluster: Cluster) -> None:
    cluster.deploy(7, **HALF)
    name = eventually(lambda: unschedulable(cluster))["metadata"]["name"]
    # It hears of what waited before it came, too.
    cluster.player.autoscale(Autoscaling(0.1, 0.1, words=KARPENTER))
    event = eventually(lambda: cluster.events(name).get("Nominated"))
    assert event["message"] == "Pod should schedule on: nodeclaim/w-4"
    assert event["source"] == {"component": "karpenter"}
    eventually(lambda: cluster.ready(7))


def test_an_autoscaler_at_its_limit_says_that_it_adds_nothing(cluster: Cluster) -> None:
    cluster.player.autoscale(Autoscaling(hears_after=0.1, provisions_in=0.1, most=3))
    cluster.deploy(7, **HALF)
    name = eventually(lambda: unschedulable(cluster))["metadata"]["name"]
    event = eventually(lambda: cluster.events(name).get("NotTriggerScaleUp"))
    assert event["message"] == "pod didn't trigger scale-up: 1 max node group size reached"
    assert len(cluster.api.request("GET", NODES)["items"]) == 3


def test_a_node_that_is_removed_does_not_come_back(cluster: Cluster) -> None:
    name = cluster.player.add_node()
    eventually(lambda: len(cluster.api.request("GET", NODES)["items"]) == 4)
    eventually(lambda: leases(cluster) >= {name})
    cluster.player.remove_node(name)
    assert len(cluster.api.request("GET", NODES)["items"]) == 3
    before = renewed(cluster)
    eventually(lambda: renewed(cluster) > before)
    assert name not in leases(cluster)


def leases(cluster: Cluster) -> set[str]:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    return {each["metadata"]["name"] for each in cluster.api.request("GET", path)["items"]}


def renewed(cluster: Cluster) -> str:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1"
    return str(cluster.api.request("GET", path)["spec"]["renewTime"])


def test_an_evicted_pod_is_failed_and_replaced(cluster: Cluster, profile: str) -> None:
    cluster.deploy(2, resources={"requests": {"memory": "64Mi"}})
    name = eventually(lambda: cluster.ready(2))[0]["metadata"]["name"]
    cluster.player.evict("default", name)
    status = cluster.pod(name)["status"]
    low = "The node was low on resource: memory. "
    message = {
        "1.20": f"{low}Container app was using 513228Ki, which exceeds its request of 64Mi. ",
        "current": f"{low}Threshold quantity: 100Mi, available: 81920Ki. Container app was using "
        "513228Ki, request is 64Mi, has larger consumption of memory. ",
    }[profile]
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", message)
    if profile == "1.20":
        assert set(status) == {"phase", "reason", "message", "startTime"}
    else:
        target = condition({"status": status}, "DisruptionTarget")
        assert (target["reason"], target["message"]) == ("TerminationByKubelet", message)
        assert condition({"status": status}, "Ready")["reason"] == "PodFailed"
    event = cluster.events(name)["Evicted"]
    assert (event["type"], event["message"]) == ("Warning", message)
    others = eventually(lambda: cluster.ready(2))
    assert name not in {each["metadata"]["name"] for each in others}
    # It stays until somebody deletes it.
    assert cluster.pod(name)["status"]["phase"] == "Failed"
    cluster.api.request("DELETE", f"{PODS}/{name}")
    eventually(lambda: len(cluster.pods()) == 2)


def test_a_preempted_pod_is_deleted_and_replaced(cluster: Cluster, profile: str) -> None:
    # So slow to end that it can be looked at meanwhile.
    cluster.deploy(2, image="registry:5000/wp:slowterm")
    pod = eventually(lambda: cluster.ready(2))[0]
    name = pod["metadata"]["name"]
    cluster.player.preempt("default", name)
    going = cluster.pod(name)
    assert "deletionTimestamp" in going["metadata"]
    target = condition(going, "DisruptionTarget")
    assert target.get("reason") == (None if profile == "1.20" else "PreemptionByScheduler")
    event = cluster.events(name)["Preempted"]
    node = pod["spec"]["nodeName"]
    assert event["message"] == f"Preempted by kube-system/urgent on node {node}"
    assert (event["reportingComponent"], event["type"]) == ("default-scheduler", "Normal")
    eventually(lambda: len(cluster.pods()) == 2 and cluster.ready(2))
    assert name not in {each["metadata"]["name"] for each in cluster.pods()}


def test_nobody_evicts_what_is_not_played(cluster: Cluster) -> None:
    with pytest.raises(KeyError, match="default/none"):
        cluster.player.evict("default", "none")
    with pytest.raises(KeyError, match="node-9"):
        cluster.player.silence("node-9")
    assert cluster.api.request("GET", f"{NAMESPACE}/events")["items"] == []
