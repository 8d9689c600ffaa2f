"""The server over HTTP: what needs no comparison with a real one."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.kubelet import Connection, Pace, Player, read_kubeconfig
from sandbox.kubelet.client import ApiError, Client
from sandbox.kubernetes import ApiServer
from sandbox.kubernetes.access import User
from sandbox.site import ROOT

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
SECRETS = "/api/v1/namespaces/default/secrets"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    known = {"sts-token": User("bastion", ("wpdeploy",))}
    with ApiServer(tmp_path_factory.mktemp("api"), authenticators=[known.get]) as started:
        yield started


@pytest.fixture
def connection(server: ApiServer, tmp_path: Path) -> Connection:
    return read_kubeconfig(server.admin_kubeconfig, tmp_path)


@pytest.fixture
def client(connection: Connection) -> Iterator[Client]:
    made = Client(connection, 2)
    yield made
    made.close()


def as_bearer(server: ApiServer, token: str | None) -> Client:
    return Client(Connection(server.url, server.ca_file, token=token), 1)


def eventually(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


def test_who_is_asking(server: ApiServer) -> None:
    as_bearer(server, "sts-token").request("GET", "/api")
    with pytest.raises(ApiError, match="401: Unauthorized"):
        as_bearer(server, "revoked").request("GET", CONFIGMAPS)
    with pytest.raises(ApiError, match=r'403: .* User "system:anonymous" cannot list'):
        as_bearer(server, None).request("GET", CONFIGMAPS)


def test_a_user_may_do_what_the_role_of_wpdeploy_allows(server: ApiServer, client: Client) -> None:
    group = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    role, binding = yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text())
    client.request("POST", f"{group}/roles", role)
    client.request("POST", f"{group}/rolebindings", binding)
    bastion = as_bearer(server, "sts-token")
    bastion.request("GET", "/apis/apps/v1/namespaces/default/deployments")
    with pytest.raises(ApiError) as caught:
        bastion.request("GET", SECRETS)
    assert str(caught.value) == (
        '403: secrets is forbidden: User "bastion" cannot list resource "secrets" in API group '
        '"" in the namespace "default"'
    )
    review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for verb, allowed in (("list", False), ("get", True)):
        wanted = {"verb": verb, "resource": "secrets", "namespace": "default"}
        answer = bastion.request("POST", review, {"spec": {"resourceAttributes": wanted}})
        assert answer["status"]["allowed"] is allowed


def test_a_watch_tells_how_far_it_has_come_before_it_ends(client: Client) -> None:
    query = "?watch=true&allowWatchBookmarks=true&timeoutSeconds=3"
    with client.watch(CONFIGMAPS + query) as watch:
        events = list(watch)
    assert events[-1]["type"] == "BOOKMARK"
    assert int(events[-1]["object"]["metadata"]["resourceVersion"]) > 1


def test_a_forgotten_version_is_answered_by_410(server: ApiServer, client: Client) -> None:
    client.request("POST", CONFIGMAPS, {"metadata": {"name": "one"}})
    server.forget_history()
    with client.watch(f"{CONFIGMAPS}?watch=true&resourceVersion=1") as watch:
        (event,) = watch
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_pages(client: Client) -> None:
    for name in ("p1", "p2", "p3"):
        client.request("POST", CONFIGMAPS, {"metadata": {"name": name, "labels": {"p": "1"}}})
    first = client.request("GET", f"{CONFIGMAPS}?labelSelector=p&limit=2")
    token = first["metadata"]["continue"]
    rest = client.request("GET", f"{CONFIGMAPS}?labelSelector=p&limit=2&continue={token}")
    names = [each["metadata"]["name"] for each in first["items"] + rest["items"]]
    assert names == ["p1", "p2", "p3"]
    assert "continue" not in rest["metadata"]


def test_a_page_is_of_the_time_of_the_first_one_until_that_is_forgotten(
    server: ApiServer, client: Client
) -> None:
    for name in ("q1", "q2", "q3"):
        client.request("POST", CONFIGMAPS, {"metadata": {"name": name, "labels": {"q": "1"}}})
    first = client.request("GET", f"{CONFIGMAPS}?labelSelector=q&limit=1")
    following = f"{CONFIGMAPS}?labelSelector=q&continue={first['metadata']['continue']}"
    client.request("DELETE", f"{CONFIGMAPS}/q2")
    names = [each["metadata"]["name"] for each in client.request("GET", following)["items"]]
    assert names == ["q2", "q3"]
    server.forget_history()
    with pytest.raises(ApiError, match="410: The provided continue parameter is too old"):
        client.request("GET", following)


def test_the_profile_says_which_versions_exist(server: ApiServer, tmp_path: Path) -> None:
    paths = {
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets": "current",
        "/apis/batch/v1/namespaces/default/cronjobs": "current",
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers": "current",
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices": "current",
        "/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices": "1.20",
    }
    with ApiServer(tmp_path / "old", "1.20") as old:
        for each, profile in ((old, "1.20"), (server, "current")):
            asking = Client(read_kubeconfig(each.admin_kubeconfig, tmp_path), 1)
            served = {path for path in paths if exists(asking, path)}
            asking.close()
            assert served == {path for path, needs in paths.items() if needs == profile}


def test_the_current_profile_has_stable_versions_only_the_newest_first(client: Client) -> None:
    groups = {each["name"]: each for each in client.request("GET", "/apis")["groups"]}
    versions = {each["version"] for group in groups.values() for each in group["versions"]}
    assert versions == {"v1", "v2"}
    assert groups["autoscaling"]["preferredVersion"]["version"] == "v2"


def exists(client: Client, path: str) -> bool:
    try:
        client.request("GET", path)
    except ApiError as error:
        return error.status != 404
    return True


def test_logs_come_from_the_kubelet(connection: Connection, client: Client) -> None:
    container = {"name": "c", "image": "registry:5000/wp:1"}
    body = {"metadata": {"name": "web"}, "spec": {"containers": [container]}}
    with Player(connection, pace=Pace(scale=0.05, heartbeat=1.0)):
        client.request("POST", PODS, body)
        eventually(lambda: phase(client) == "Running")
        answer = client._pool.request("GET", f"{PODS}/web/log", headers=client._headers)
        assert (answer.status, b"resuming normal operations" in answer.data) == (200, True)
        with pytest.raises(ApiError, match="container x is not valid for pod web"):
            client.request("GET", f"{PODS}/web/log?container=x")
        with pytest.raises(ApiError, match='pods "nope" not found'):
            client.request("GET", f"{PODS}/nope/log")
        client.request("DELETE", f"{PODS}/web")
        eventually(lambda: not client.request("GET", PODS)["items"])


def phase(client: Client) -> str:
    return str(client.request("GET", f"{PODS}/web")["status"].get("phase"))


def test_its_kubeconfig_is_private_and_needs_no_other_file(server: ApiServer) -> None:
    path = server.kubeconfig("somebody", ["g"], namespace="n")
    assert path.stat().st_mode & 0o077 == 0
    found = yaml.safe_load(path.read_text())
    assert found["contexts"][0]["context"]["namespace"] == "n"
    assert found["clusters"][0]["cluster"]["server"] == server.url
    assert json.loads(path.read_text()) == found


def test_an_init_container_may_go_on_but_not_in_the_old_profile(
    client: Client, tmp_path: Path
) -> None:
    sidecar = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}
    spec = {"containers": [{"name": "c", "image": "wp:1"}], "initContainers": [sidecar]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "with"}, "spec": spec}
    query = f"{PODS}/with?fieldManager=f&dryRun=All"
    with ApiServer(tmp_path / "old", "1.20") as old:
        asking = Client(read_kubeconfig(old.admin_kubeconfig, tmp_path / "old"), 1)
        # What it does not know it drops, and does not apply.
        made = asking.request("POST", f"{PODS}?dryRun=All", pod)
        assert "restartPolicy" not in made["spec"]["initContainers"][0]
        with pytest.raises(ApiError, match=r"\.restartPolicy: field not declared in schema"):
            asking.request("PATCH", query, pod, kind="application/apply-patch+yaml")
        asking.close()
    for found in (
        client.request("POST", f"{PODS}?dryRun=All", pod),
        client.request("PATCH", query, pod, kind="application/apply-patch+yaml"),
    ):
        assert found["spec"]["initContainers"][0]["restartPolicy"] == "Always"
