"""Controllers that act when time has passed; the clock is the test's."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubelet import read_kubeconfig
from sandbox.kubelet.client import MERGE_PATCH, Client
from sandbox.kubernetes import ApiServer
from tests.sandbox.kubernetes.test_server import eventually

Json = dict[str, Any]
BATCH = "/apis/batch/v1/namespaces/default"
AUTOSCALING = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
CONTAINER = {"name": "c", "image": "registry:5000/wp:1"}
JOB = {"template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}}


class Cluster:
    """A server in a time of its own."""

    def __init__(self, directory: Path) -> None:
        self.now = datetime(2026, 11, 1, 12, 0, 30, tzinfo=UTC)
        self.server = ApiServer(directory, now=lambda: self.now)

    def connect(self, directory: Path) -> None:
        self.api = Client(read_kubeconfig(self.server.admin_kubeconfig, directory), 1)

    def later(self, seconds: float) -> None:
        self.server._controllers.settle()
        self.now += timedelta(seconds=seconds)
        self.server._controllers.wake()

    def names(self, path: str) -> list[str]:
        return [each["metadata"]["name"] for each in self.api.request("GET", path)["items"]]

    def reasons(self) -> set[str]:
        items = self.api.request("GET", "/api/v1/namespaces/default/events")["items"]
        return {each["reason"] for each in items}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(tmp_path / "cluster")
    with found.server:
        found.connect(tmp_path)
        yield found
        found.api.close()


def cron(cluster: Cluster, **spec: Any) -> None:
    body = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": JOB}, **spec}
    cluster.api.request("POST", f"{BATCH}/cronjobs", {"metadata": {"name": "cron"}, "spec": body})


def minute(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp()) // 60


def finish(cluster: Cluster, job: str) -> None:
    moment = cluster.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"type": "Complete", "status": "True", "lastTransitionTime": moment}
    patch = {"status": {"conditions": [condition], "startTime": moment}}
    cluster.api.request("PATCH", f"{BATCH}/jobs/{job}/status", patch, kind=MERGE_PATCH)


def test_a_cron_job_makes_a_job_at_its_time(cluster: Cluster) -> None:
    cron(cluster)
    cluster.later(200)
    assert cluster.names(f"{BATCH}/jobs") == []
    cluster.later(100)
    name = f"cron-{minute('2026-11-01T12:05Z')}"
    eventually(lambda: cluster.names(f"{BATCH}/jobs") == [name])
    # The Job is there before its CronJob tells of it.
    found = eventually(lambda: cluster.api.request("GET", f"{BATCH}/cronjobs/cron")["status"])
    assert found["lastScheduleTime"] == "2026-11-01T12:05:00Z"
    assert [each["name"] for each in found["active"]] == [name]


def test_a_cron_job_that_forbids_waits_for_its_job(cluster: Cluster) -> None:
    cron(cluster, concurrencyPolicy="Forbid", successfulJobsHistoryLimit=0)
    cluster.later(300)
    first = eventually(lambda: cluster.names(f"{BATCH}/jobs"))
    cluster.later(300)
    cluster.server._controllers.settle()
    assert cluster.names(f"{BATCH}/jobs") == first
    finish(cluster, first[0])
    # It is kept no longer than it is wanted, and the next one may start.
    eventually(lambda: first[0] not in cluster.names(f"{BATCH}/jobs"))
    cluster.later(300)
    eventually(lambda: len(cluster.names(f"{BATCH}/jobs")) == 1)


def test_a_suspended_cron_job_makes_nothing(cluster: Cluster) -> None:
    cron(cluster, suspend=True)
    cluster.later(900)
    cluster.server._controllers.settle()
    assert cluster.names(f"{BATCH}/jobs") == []


def test_a_job_goes_when_its_time_is_over(cluster: Cluster) -> None:
    body = {"metadata": {"name": "once"}, "spec": {**JOB, "ttlSecondsAfterFinished": 60}}
    cluster.api.request("POST", f"{BATCH}/jobs", body)
    finish(cluster, "once")
    cluster.later(59)
    cluster.server._controllers.settle()
    assert cluster.names(f"{BATCH}/jobs") == ["once"]
    cluster.later(2)
    eventually(lambda: cluster.names(f"{BATCH}/jobs") == [])


def deploy(cluster: Cluster, replicas: int, **pod: Any) -> None:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER], **pod}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    cluster.api.request("POST", DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})


@pytest.mark.parametrize(("replicas", "scaled"), [(1, 2), (9, 4), (3, 3), (0, 0)])
def test_an_autoscaler_keeps_to_its_bounds(replicas: int, scaled: int, cluster: Cluster) -> None:
    deploy(cluster, replicas)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4}
    cluster.api.request("POST", AUTOSCALING, {"metadata": {"name": "web"}, "spec": spec})
    cluster.later(16)
    found = eventually(lambda: conditions(cluster))
    assert found["AbleToScale"] == "True"
    assert found.get("ScalingActive", "False") == "False"
    wanted = cluster.api.request("GET", f"{DEPLOYMENTS}/web")["spec"]["replicas"]
    assert wanted == scaled


def conditions(cluster: Cluster) -> Json:
    status = cluster.api.request("GET", f"{AUTOSCALING}/web")["status"]
    return {each["type"]: each["status"] for each in status.get("conditions") or ()}


def claim(cluster: Cluster, **spec: Any) -> Callable[[], str]:
    resources = {"requests": {"storage": "1Gi"}}
    body = {"accessModes": ["ReadWriteMany"], "resources": resources, **spec}
    cluster.api.request("POST", CLAIMS, {"metadata": {"name": "uploads"}, "spec": body})
    return lambda: str(cluster.api.request("GET", f"{CLAIMS}/uploads")["status"]["phase"])


def test_a_claim_of_any_class_is_bound(cluster: Cluster) -> None:
    phase = claim(cluster, storageClassName="efs")
    eventually(lambda: phase() == "Bound")
    found = cluster.api.request("GET", f"{CLAIMS}/uploads")
    assert found["status"]["capacity"] == {"storage": "1Gi"}
    assert found["spec"]["volumeName"] == f"pvc-{found['metadata']['uid']}"


def test_a_claim_without_a_class_is_not_and_says_so(cluster: Cluster) -> None:
    phase = claim(cluster)
    eventually(lambda: "FailedBinding" in cluster.reasons())
    assert phase() == "Pending"
