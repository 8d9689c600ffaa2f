"""A site that `kubectl apply` deployed before, and fields that somebody else owns."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster.conftest import once
from tests.cluster.site import ROOT, Json, Site, until

pytestmark = once

MERGE = "application/merge-patch+json"
SELECTOR = {"wordpress": {"selector": {"app": "wordpress"}}}


@pytest.fixture
def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        require = pytest.fail if os.environ.get("CI") else pytest.skip
        require("no kubectl: apt-get install kubernetes-client")
    return str(found)


def apply(site: Site, kubectl: str, file: Path | str, text: str = "") -> None:
    command = [kubectl, "--kubeconfig", str(site.plane.admin_kubeconfig), "-n", site.namespace]
    command += ["apply", "--validate=false", "-f", str(file)]
    subprocess.run(command, check=True, capture_output=True, text=True, input=text)


@pytest.fixture
def old_site(site: Site, kubectl: str) -> Site:
    """A site as the shell hooks left it."""
    apply(site, kubectl, Path(__file__).with_name("predecessor.yaml"))
    until(lambda: site.deployment()["status"].get("availableReplicas") == 3)
    site.configure(SELECTOR)
    return site


def managers(item: Json) -> set[tuple[str, str]]:
    """Who owns what: field managers, without the controllers that write status."""
    entries = item["metadata"]["managedFields"]
    found = {(entry["manager"], entry["operation"]) for entry in entries}
    return {entry for entry in found if entry[0] != "kube-controller-manager"}


def test_a_site_of_the_predecessor_is_taken_over(old_site: Site) -> None:
    before = old_site.pod_names()
    assert "plain-password" in repr(old_site.deployment())
    old_site.deployed()
    deployment = old_site.deployment()
    assert "plain-password" not in repr(deployment)
    assert "last-applied-configuration" not in repr(deployment)
    assert managers(deployment) == {("wpdeploy", "Apply")}
    assert not old_site.pod_names() & before
    variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert all("valueFrom" in variable for variable in variables)
    known = yaml.safe_load((ROOT / "k8s/parameters.yaml").read_text())["parameters"]
    fed = [spec for spec in known.values() if "only" not in spec]
    env = yaml.safe_load((ROOT / "k8s/environments/Test.yaml").read_text())["env"]
    assert len(variables) == len(fed) + len(env)


def test_the_service_that_is_taken_over_keeps_its_node_port(old_site: Site) -> None:
    path = old_site.collection("services", "v1") + "/wordpress"
    port = old_site.ask("GET", path)["spec"]["ports"][0]["nodePort"]
    old_site.deployed()
    spec = old_site.ask("GET", path)["spec"]
    assert [(item["nodePort"], item["targetPort"]) for item in spec["ports"]] == [(port, "http")]


def test_what_kubectl_applies_afterwards_is_taken_over_again(old_site: Site, kubectl: str) -> None:
    old_site.deployed()
    service = yaml.safe_load_all(Path(__file__).with_name("predecessor.yaml").read_text())
    manifest = json.dumps(next(item for item in service if item["kind"] == "Service"))
    apply(old_site, kubectl, "-", manifest)
    path = old_site.collection("services", "v1") + "/wordpress"
    assert ("kubectl-client-side-apply", "Update") in managers(old_site.ask("GET", path))
    old_site.deployed()
    assert managers(old_site.ask("GET", path)) == {("wpdeploy", "Apply")}


def edit(site: Site, spec: Json, manager: str) -> None:
    path = f"{site.collection('deployments')}/wordpress?fieldManager={manager}"
    site.ask("PATCH", path, {"spec": spec}, MERGE)


def everything(site: Site) -> Json:
    return site.fingerprint() | {"managers": managers(site.deployment())}


def test_a_foreign_conflict_is_explained_and_nothing_changed(site: Site) -> None:
    site.deployed()
    edit(site, {"replicas": 5, "minReadySeconds": 1}, "kubectl-edit")
    before = everything(site)
    site.release("v2", digest="b")
    result = site.run("render")
    assert result.code == 6
    assert result.block[0].startswith("wpdeploy render: FAILED (exit 6): API server, dry-run: ")
    assert '.spec.replicas is owned by "kubectl-edit"' in result.verdict
    assert "--force-conflicts" in result.verdict
    assert "minReadySeconds" not in result.output, "a field that is not ours is no conflict"
    assert everything(site) == before


def test_a_conflict_on_top_of_an_old_site_hands_nothing_over(old_site: Site) -> None:
    edit(old_site, {"replicas": 5}, "kubectl-edit")
    before = everything(old_site)
    assert old_site.run("render").code == 6
    assert everything(old_site) == before


def test_a_conflict_is_taken_over_by_hand(site: Site) -> None:
    site.deployed()
    edit(site, {"replicas": 5}, "kubectl-edit")
    assert site.run("render", "--force-conflicts").code == 0
    assert site.run("apply", "--force-conflicts").code == 0
    assert site.run("validate").code == 0
    assert site.deployment()["spec"]["replicas"] == 3
    site.deployed()


def test_another_selector_is_refused_before_anything_changes(old_site: Site) -> None:
    old_site.configure()
    before = old_site.fingerprint()
    result = old_site.run("render")
    assert result.code == 6
    assert "field is immutable" in result.verdict
    assert old_site.fingerprint() == before
