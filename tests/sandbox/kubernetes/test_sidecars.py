"""Sidecars on a cluster that knows them, and on one that does not."""

from pathlib import Path

import pytest

from tests.sandbox.kubernetes.played import Cluster, condition, played_cluster
from tests.sandbox.kubernetes.test_server import eventually


def deploy(cluster: Cluster, tag: str) -> None:
    sidecar = {"name": "proxy", "image": f"registry:5000/wp:{tag}", "restartPolicy": "Always"}
    cluster.deploy(1, pod={"initContainers": [sidecar]})


def test_a_sidecar_that_crashes_takes_the_readiness_of_its_pod(tmp_path: Path) -> None:
    with played_cluster(tmp_path) as cluster:
        deploy(cluster, "sidecarcrash")
        (pod,) = eventually(
            lambda: [
                each
                for each in cluster.pods()
                for status in each["status"].get("initContainerStatuses", ())
                if status["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
            ]
        )
        unready = condition(pod, "ContainersReady")
        assert unready["message"].startswith("containers with unready status: [proxy")
        assert condition(pod, "Initialized")["status"] == "True"
        assert pod["status"]["phase"] == "Running"


@pytest.mark.parametrize(("profile", "ends"), [("1.20", True), ("current", False)])
def test_where_it_is_not_known_it_is_an_init_container(
    tmp_path: Path, profile: str, *, ends: bool
) -> None:
    with played_cluster(tmp_path, profile) as cluster:
        deploy(cluster, "1")
        (pod,) = eventually(lambda: cluster.ready(1))
        (proxy,) = pod["status"]["initContainerStatuses"]
        assert ("terminated" in proxy["state"]) is ends
        assert ("started" in proxy) is not ends
