from typing import Any

import pytest

from sandbox.kubernetes import quota


def pod(phase: str = "Running", **requests: str) -> dict[str, Any]:
    container = {"name": "c", "resources": {"requests": requests}}
    return {"spec": {"containers": [container]}, "status": {"phase": phase}}


def test_what_a_pod_uses() -> None:
    used = quota.used("/pods", pod(cpu="500m", memory="1Gi"))
    assert (used["pods"], used["count/pods"], used["cpu"]) == ("1", "1", "500m")
    assert (used["requests.memory"], used["limits.memory"]) == ("1Gi", "0")
    assert quota.used("/pods", pod("Failed", cpu="1")) == {}


def test_an_init_container_that_needs_more_counts_instead() -> None:
    found = pod(cpu="1")
    found["spec"]["initContainers"] = [{"name": "i", "resources": {"requests": {"cpu": "3"}}}]
    assert quota.used("/pods", found)["cpu"] == "3"


@pytest.mark.parametrize(
    ("storage", "spec", "key", "amount"),
    [
        ("/services", {"type": "NodePort", "ports": [{}, {}]}, "services.nodeports", "2"),
        ("/services", {"type": "ClusterIP", "ports": [{}]}, "services.nodeports", "0"),
        ("/services", {"type": "LoadBalancer"}, "services.loadbalancers", "1"),
        ("/persistentvolumeclaims", {"resources": {"requests": {"storage": "2Gi"}}},
         "requests.storage", "2Gi"),
        ("apps/deployments", {}, "count/deployments.apps", "1"),
        ("/configmaps", {}, "configmaps", "1"),
    ],
)  # fmt: skip
def test_what_other_objects_use(storage: str, spec: Any, key: str, amount: str) -> None:
    assert quota.used(storage, {"spec": spec})[key] == amount


def test_sums_are_written_as_their_parts_are() -> None:
    amounts = [{"memory": "0"}, {"memory": "512Mi"}, {"memory": "512Mi"}, {"cpu": "1"}]
    assert quota.total(amounts, {"memory": "2Gi"}) == {"memory": "1Gi"}


def test_too_much_is_what_would_be_more_than_the_limit() -> None:
    hard = {"pods": "3", "memory": "1Gi", "cpu": "1"}
    taken = {"pods": "2", "memory": "1Gi", "cpu": "1"}
    wanted = {"pods": "1", "memory": "1", "cpu": "0", "services": "9"}
    assert quota.excess(wanted, taken, hard) == ["memory"]


def test_what_is_limited_must_be_said_of_each_container() -> None:
    hard = {"limits.memory": "1Gi", "cpu": "1", "pods": "1"}
    assert quota.missing(pod(cpu="1"), hard) == ["limits.memory"]
    assert quota.missing(pod(), hard) == ["cpu", "limits.memory"]
