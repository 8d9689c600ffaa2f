"""Each fault, the logs and the pods' HTTP, seen through a real API server."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.cluster.played_cluster import (
    DEPLOYMENTS,
    JOBS,
    PACE,
    PODS,
    Cluster,
    deployment,
    eventually,
    running_cluster,
)

Json = dict[str, Any]

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


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


@pytest.mark.parametrize(
    ("tag", "cause"),
    [
        ("denied", "insufficient_scope: authorization failed"),
        ("forbidden", "403 Forbidden"),
        ("toomany", "toomanyrequests: You have reached your pull rate limit"),
    ],
)
def test_a_registry_that_refuses(cluster: Cluster, tag: str, cause: str) -> None:
    name = cluster.deploy(tag)
    assert cause in cluster.waits_for(name, "ErrImagePull")["state"]["waiting"]["message"]
    cluster.waits_for(name, "ImagePullBackOff")
    assert cluster.waits_for(name, "ErrImagePull")["restartCount"] == 0


def test_a_registry_that_recovers(cluster: Cluster) -> None:
    name = cluster.deploy("registry5xx")
    message = cluster.waits_for(name, "ErrImagePull")["state"]["waiting"]["message"]
    assert message.endswith("503 Service Unavailable")
    cluster.waits_for(name, "ImagePullBackOff")
    eventually(lambda: cluster.available(name))


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
    eventually(lambda: cluster.container(name)["restartCount"] >= 1)
    assert cluster.container(name)["lastState"]["terminated"]["exitCode"] == 1


def test_crashonce(cluster: Cluster) -> None:
    name = cluster.deploy("crashonce")
    eventually(lambda: cluster.available(name))
    status = cluster.container(name)
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 1)


def test_flap(cluster: Cluster) -> None:
    name = cluster.deploy("flap")
    eventually(lambda: cluster.available(name))
    eventually(lambda: not cluster.available(name))
    eventually(lambda: cluster.available(name))
    assert cluster.container(name)["restartCount"] == 0


def test_runerror(cluster: Cluster) -> None:
    name = cluster.deploy("runerror")
    message = cluster.waits_for(name, "RunContainerError")["state"]["waiting"]["message"]
    assert "stat /entrypoint.sh: no such file or directory" in message
    status = cluster.waits_for(name, "CrashLoopBackOff")
    last = status["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last["message"]) == (128, "StartError", message)
    assert last["startedAt"] == "1970-01-01T00:00:00Z"
    assert status["restartCount"] >= 1
    cluster.has_event(name, "Failed", f"Error: {message}")


def test_createerror(cluster: Cluster) -> None:
    name = cluster.deploy("createerror")
    status = cluster.waits_for(name, "CreateContainerError")
    assert status["state"]["waiting"]["message"].endswith("no command specified")
    cluster.has_event(name, "Failed", f"Error: {status['state']['waiting']['message']}")


def test_initcrash(cluster: Cluster) -> None:
    manifest = deployment("initcrash", "1.0", 1)
    init = [{"name": "migrate", "image": "registry:5000/wp:initcrash"}]
    manifest["spec"]["template"]["spec"]["initContainers"] = init
    cluster.api.request("POST", DEPLOYMENTS, manifest)
    cluster.pod("initcrash")

    def crashing() -> Json | None:
        (pod,) = cluster.pods("initcrash")
        status: Json = pod["status"].get("initContainerStatuses", [{"state": {}}])[0]
        waiting = status["state"].get("waiting", {})
        return status if waiting.get("reason") == "CrashLoopBackOff" else None

    assert eventually(crashing)["lastState"]["terminated"]["exitCode"] == 1
    cluster.has_event("initcrash", "BackOff", "Back-off restarting failed container")
    assert cluster.container("initcrash")["state"]["waiting"]["reason"] == "PodInitializing"
    assert cluster.pods("initcrash")[0]["status"]["phase"] == "Pending"


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


def test_what_the_pods_serve(cluster: Cluster) -> None:
    if cluster.listen is None:
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
