from sandbox.kubelet.nodes import lease, node
from tests.sandbox.kubelet.virtual_time import START

NAMES = [f"node-{number}" for number in range(1, 5)]


def test_nodes_are_spread_over_three_zones() -> None:
    nodes = [node(name, 10250, START, START) for name in NAMES]
    labels = [each["metadata"]["labels"] for each in nodes]
    assert [each["kubernetes.io/hostname"] for each in labels] == NAMES
    zones = [each["topology.kubernetes.io/zone"] for each in labels]
    assert len(set(zones)) == 3
    assert zones[0] == zones[3]


def test_a_node_is_ready_and_tells_where_its_kubelet_answers() -> None:
    status = node("node-1", 10250, START, START)["status"]
    (ready,) = (each for each in status["conditions"] if each["type"] == "Ready")
    assert ready["status"] == "True"
    assert status["addresses"] == [{"type": "InternalIP", "address": "127.0.0.1"}]
    assert status["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}


def test_the_time_of_a_lease_has_microseconds() -> None:
    assert lease("node-1", START)["spec"]["renewTime"] == "2024-05-01T12:00:00.000000Z"
