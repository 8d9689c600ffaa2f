"""An administrator prepares a cluster; then the bastion deploys, with what it was given."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.conftest import ADMINISTRATOR, through_eks
from tests.cluster.plane import Plane
from tests.cluster.site import ROOT, Json, Result, Site

RBAC = "rbac.authorization.k8s.io/v1"
STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
MERGE = "application/merge-patch+json"
ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.fixture
def access() -> None:
    """By a kubeconfig, where a test does not go through EKS itself."""


@pytest.fixture
def storage(unfounded: Site) -> Iterator[str]:
    """The name of a StorageClass, which is in no namespace and goes afterwards."""
    name = f"efs-{uuid.uuid4().hex[:8]}"
    yield name
    unfounded.plane_request("DELETE", f"{STORAGE}/{name}")


def bootstrap(site: Site, *argv: str, **environ: str) -> Result:
    """Run by the administrator, from where his kubeconfig is."""
    kubeconfig = str(site.plane.admin_kubeconfig)
    return site.run("bootstrap", "--kubeconfig", kubeconfig, *argv, **environ)


def prepared(site: Site, *argv: str) -> Result:
    """The same, where it must succeed."""
    result = bootstrap(site, "--yes", *argv)
    assert result.code == 0, result.output
    return result


def actions(site: Site, *argv: str) -> dict[str, str]:
    """What becomes of each object, by title; with nothing to do nobody need agree."""
    document = json.loads(bootstrap(site, "--output", "json", *argv).output)
    return {item["title"]: item["action"] for item in document["objects"]}


def role_path(site: Site) -> str:
    return f"{site.collection('roles', RBAC)}/wpdeploy"


def namespace(site: Site) -> tuple[int, Json]:
    return site.plane_request("GET", f"/api/v1/namespaces/{site.namespace}")


def versions(site: Site) -> list[str]:
    """The resourceVersions of what was made."""
    found = [namespace(site)[1]]
    for plural in ("roles", "rolebindings"):
        found += site.ask("GET", site.collection(plural, RBAC))["items"]
    return [item["metadata"]["resourceVersion"] for item in found]


def test_a_fresh_namespace_is_prepared_and_then_deployed_to(unfounded: Site) -> None:
    refused = unfounded.run("render")
    assert (refused.code, "run bootstrap" in refused.verdict) == (6, True)
    result = prepared(unfounded)
    assert f"namespace {unfounded.namespace}: 3 created" in result.verdict
    assert "IngressClass alb: the cluster has no IngressClassParams" in result.verdict
    unfounded.plane.await_admission(unfounded.namespace)
    assert unfounded.deployed().block == [
        "wpdeploy validate: succeeded: Deployment wordpress: ready 3/3"
    ]


def test_the_second_time_changes_nothing(unfounded: Site) -> None:
    prepared(unfounded)
    before = versions(unfounded)
    result = bootstrap(unfounded)
    assert (result.code, "nothing to do: 3 unchanged, 1 left out" in result.verdict) == (0, True)
    assert "unchanged" in prepared(unfounded).verdict
    assert versions(unfounded) == before


def test_without_a_yes_it_is_shown_and_not_done(unfounded: Site) -> None:
    result = bootstrap(unfounded)
    assert result.code == 2
    assert f"+ Namespace {unfounded.namespace}: created" in result.output
    assert '    + rules[0].verbs: ["get", "create", "patch"]' in result.output
    assert "there is nobody to ask" in result.verdict
    assert namespace(unfounded)[0] == 404


def test_who_has_no_rights_is_told_all_of_them_and_does_nothing(unfounded: Site) -> None:
    result = unfounded.run("bootstrap", "--yes")
    assert result.code == 6
    inside = f"in the namespace {unfounded.namespace}"
    for problem in (
        "cannot get, create, patch namespaces in the cluster",
        f"cannot get, create, patch roles {inside}",
        f"cannot get, create, patch rolebindings {inside}",
        "cannot get, create, patch ingressclasses in the cluster",
        "the Role wpdeploy gives what its maker has not: get serviceaccounts, ",
    ):
        assert problem in result.verdict
    assert namespace(unfounded)[0] == 404


def test_who_may_make_roles_and_not_give_what_is_in_them_is_told_before(
    unfounded: Site, plane: Plane
) -> None:
    unfounded.configure({"ingress": {"enabled": False}})
    kinds = [("", "namespaces"), ("rbac.authorization.k8s.io", "roles")]
    rules = [{"apiGroups": [g], "resources": [r], "verbs": ["*"]} for g, r in kinds]
    rules[1]["resources"], rules[1]["verbs"] = ["roles", "rolebindings"], ["get", "create", "patch"]
    name = f"maker-{uuid.uuid4().hex[:8]}"
    whole = "/apis/rbac.authorization.k8s.io/v1"
    unfounded.ask("POST", f"{whole}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    unfounded.ask("POST", f"{whole}/clusterrolebindings", binding)
    own = str(plane.kubeconfig(name))
    try:
        result = unfounded.run("bootstrap", "--yes", "--kubeconfig", own)
    finally:
        for plural in ("clusterroles", "clusterrolebindings"):
            unfounded.plane_request("DELETE", f"{whole}/{plural}/{name}")
    assert (result.code, namespace(unfounded)[0]) == (6, 404)
    assert "rights: the Role wpdeploy gives what its maker has not" in result.verdict


def test_a_role_that_somebody_edited_is_shown_and_mended(unfounded: Site) -> None:
    prepared(unfounded)
    rules = unfounded.ask("GET", role_path(unfounded))["rules"]
    edited = [{**rules[0], "verbs": ["get"]}, *rules[1:]]
    by_hand = f"{role_path(unfounded)}?fieldManager=kubectl-edit"
    unfounded.ask("PATCH", by_hand, {"rules": edited}, MERGE)
    told = bootstrap(unfounded, "--yes")
    assert told.code == 6
    assert 'Role wpdeploy: .rules is owned by "kubectl-edit"' in told.verdict
    assert unfounded.ask("GET", role_path(unfounded))["rules"] == edited
    mended = prepared(unfounded, "--force-conflicts")
    assert '    - rules[0].verbs: ["get"]\n    + rules[0].verbs: ["get", "create' in mended.output
    assert f"namespace {unfounded.namespace}: 1 changed, 2 unchanged" in mended.verdict
    assert unfounded.ask("GET", role_path(unfounded))["rules"] == rules
    assert set(actions(unfounded).values()) == {"unchanged", "left out"}


def test_what_was_once_made_with_kubectl_is_taken_over(unfounded: Site) -> None:
    manager = "?fieldManager=kubectl-client-side-apply"
    unfounded.ask(
        "POST", "/api/v1/namespaces?fieldManager=kubectl-create", {
            "metadata": {"name": unfounded.namespace, "labels": {"team": "blue"}}
        }
    )  # fmt: skip
    role, binding = yaml.safe_load_all((ROOT / "k8s/cluster/role.yaml").read_text())
    last = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(role)}
    older = {**role, "rules": role["rules"][:-1]}
    metadata = {**role["metadata"], "annotations": last}
    path = unfounded.collection("roles", RBAC)
    unfounded.ask("POST", path + manager, {**older, "metadata": metadata})
    unfounded.ask("POST", unfounded.collection("rolebindings", RBAC) + manager, binding)
    prepared(unfounded)
    assert len(unfounded.ask("GET", role_path(unfounded))["rules"]) == len(role["rules"])
    labels = namespace(unfounded)[1]["metadata"]["labels"]
    assert (labels["team"], labels[ENFORCE]) == ("blue", "restricted")
    assert set(actions(unfounded).values()) == {"unchanged", "left out"}


def test_a_label_of_somebody_else_is_not_overwritten_unasked(unfounded: Site) -> None:
    body = {"metadata": {"name": unfounded.namespace, "labels": {ENFORCE: "baseline"}}}
    unfounded.ask("POST", "/api/v1/namespaces?fieldManager=kubectl-label", body)
    result = bootstrap(unfounded, "--yes")
    assert (result.code, 'owned by "kubectl-label"' in result.verdict) == (6, True)
    assert unfounded.plane_request("GET", role_path(unfounded))[0] == 404
    prepared(unfounded, "--force-conflicts")
    assert namespace(unfounded)[1]["metadata"]["labels"][ENFORCE] == "restricted"


def test_a_class_for_uploads_is_made_and_keeps_its_file_system(
    unfounded: Site, storage: str
) -> None:
    uploads: Json = {"enabled": True, "storage_class": storage, "file_system": "fs-01234567"}
    unfounded.configure({"uploads": uploads})
    result = prepared(unfounded)
    assert f"StorageClass {storage}: no claim is bound before the add-on" in result.verdict
    made = unfounded.ask("GET", f"{STORAGE}/{storage}")
    assert (made["provisioner"], made["reclaimPolicy"]) == ("efs.csi.aws.com", "Retain")
    assert actions(unfounded)[f"StorageClass {storage}"] == "unchanged"
    unfounded.configure({"uploads": {**uploads, "file_system": "fs-76543210"}})
    refused = bootstrap(unfounded, "--yes")
    assert refused.code == 6
    assert "updates to parameters are forbidden" in refused.verdict
    assert "keep the immutable field's value" in refused.verdict


def test_through_eks_it_is_the_administrator_s_own_credentials(
    plane: Plane, unfounded: Site
) -> None:
    unfounded.eks = through_eks(plane, unfounded.aws)
    unfounded.configure()
    assert unfounded.run("bootstrap", "--yes").code == 6, "the bastion is no administrator"
    credentials = unfounded.aws.assume(ADMINISTRATOR).environ
    result = unfounded.run("bootstrap", "--yes", **credentials)
    assert result.code == 0, result.output
    unfounded.plane.await_admission(unfounded.namespace)
    assert unfounded.run("render").code == 0


def test_a_kubeconfig_that_is_none_is_told(unfounded: Site, tmp_path: Path) -> None:
    result = unfounded.run("bootstrap", "--kubeconfig", str(tmp_path / "no\nfile"))
    assert result.code == 3
    assert "is no usable kubeconfig" in result.verdict
    assert namespace(unfounded)[0] == 404
