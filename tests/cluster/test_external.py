"""A cluster that is given by a kubeconfig: here that of a booted control plane."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubelet import Player
from tests.cluster.conftest import boot_own, play
from tests.cluster.control_plane import ControlPlane
from tests.cluster.external import ExternalCluster
from tests.cluster.plane import ControlPlaneError, Plane
from tests.cluster.site import Json, Site, until

RBAC = "/apis/rbac.authorization.k8s.io/v1"
PODS = "/api/v1/namespaces/default/pods"
NODES = "/api/v1/nodes"


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    yield from boot_own(tmp_path_factory)


@pytest.fixture(scope="module")
def plane(
    booted: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExternalCluster]:
    directory = tmp_path_factory.mktemp("external")
    with ExternalCluster(booted.admin_kubeconfig, directory) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def player(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    yield from play(plane, tmp_path_factory)


@pytest.fixture
def access() -> None:
    """What is external has no webhook that would know the tokens of EKS."""


def send(plane: Plane, method: str, path: str, body: object = None) -> Json:
    answer = plane.admin.request(method, plane.url + path, json=body)
    assert answer.status < 300, answer.data
    found: Json = answer.json()
    return found


def bind(plane: Plane, name: str, role: str, subject: Json) -> None:
    reference = {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": name}, "subjects": [subject], "roleRef": reference}
    send(plane, "POST", f"{RBAC}/clusterrolebindings", binding)


def listing(plane: Plane, user: str, *groups: str) -> tuple[int, Any]:
    with plane.client(user, groups) as client:
        answer = client.request("GET", plane.url + PODS)
        return answer.status, answer.json()


def changed(plane: Plane, path: Path, section: str, content: Json) -> Path:
    """Write the administrator's kubeconfig with another cluster or user."""
    document = json.loads(plane.admin_kubeconfig.read_text())
    document[f"{section}s"][0][section] = content
    path.write_text(json.dumps(document))
    return path


def test_a_user_may_what_a_group_is_granted_and_no_more(plane: ExternalCluster) -> None:
    group = {"kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}
    bind(plane, "readers", "view", group)
    until(lambda: listing(plane, "eve", "others", "readers")[0] == HTTPStatus.OK)
    status, answer = listing(plane, "arn:aws:iam::1:role/x", "others")
    assert status == HTTPStatus.FORBIDDEN
    assert 'User "arn:aws:iam::1:role/x" cannot list resource "pods"' in answer["message"]


def test_no_request_for_a_certificate_is_left(plane: ExternalCluster) -> None:
    pair = plane.certificate("eve")
    assert pair.key.stat().st_mode & 0o777 == 0o600
    requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    assert send(plane, "GET", requests)["items"] == []


def test_a_user_whom_the_cluster_does_not_sign_is_explained(plane: ExternalCluster) -> None:
    with pytest.raises(ControlPlaneError, match=r"certificatesigningrequests: 403: .*masters"):
        plane.certificate("mallory", ["system:masters"])


def test_a_whole_deployment(site: Site) -> None:
    result = site.deployed()
    assert result.block == ["wpdeploy validate: succeeded: Deployment wordpress: ready 3/3"]
    assert isinstance(site.plane, ExternalCluster)


def test_an_administrator_with_a_token(plane: ExternalCluster, tmp_path: Path) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    send(plane, "POST", accounts, {"metadata": {"name": "admin"}})
    subject = {"kind": "ServiceAccount", "name": "admin", "namespace": "default"}
    bind(plane, "token", "cluster-admin", subject)
    token = send(plane, "POST", f"{accounts}/admin/token", {"spec": {}})["status"]["token"]
    kubeconfig = changed(plane, tmp_path / "token", "user", {"token": token})
    with ExternalCluster(kubeconfig, tmp_path) as cluster:
        assert listing(cluster, "eve", "nobody's")[0] == HTTPStatus.FORBIDDEN


@pytest.mark.usefixtures("player")
def test_a_cluster_with_nodes_of_its_own_is_refused(plane: ExternalCluster, tmp_path: Path) -> None:
    until(lambda: len(send(plane, "GET", NODES)["items"]) == 3)
    send(plane, "POST", NODES, {"metadata": {"name": "busy"}})
    with pytest.raises(ControlPlaneError, match="would deploy to: busy; cordon"):
        ExternalCluster(plane.admin_kubeconfig, tmp_path)
    patch = json.dumps({"spec": {"unschedulable": True}})
    headers = {"Content-Type": "application/merge-patch+json"}
    plane.admin.request("PATCH", f"{plane.url}{NODES}/busy", body=patch, headers=headers)
    with ExternalCluster(plane.admin_kubeconfig, tmp_path) as cluster:
        cluster.await_admission()


def test_a_kubeconfig_without_an_authority_is_refused(
    plane: ExternalCluster, tmp_path: Path
) -> None:
    kubeconfig = changed(plane, tmp_path / "open", "cluster", {"server": plane.url})
    with pytest.raises(ControlPlaneError, match="has no certificate authority"):
        ExternalCluster(kubeconfig, tmp_path)
