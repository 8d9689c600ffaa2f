"""What a deployment would change: it is told, it is so, and to tell it writes nothing."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster.site import KINDS, Json, Site, until
from tests.cluster.test_deployment import forms, scale
from tests.cluster.test_takeover import SELECTOR, edit, managers

CHANGES = 11
SENTINEL = "s3ntinel/&+ p%w=?"


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: how the API server is reached makes no difference."""


def versions(site: Site) -> Json:
    """The resourceVersion of every object, the lock's and the records' among them."""
    kinds = (*KINDS, ("coordination.k8s.io/v1", "leases"))
    return {
        f"{plural}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for group, plural in kinds
        if plural != "horizontalpodautoscalers"  # whose controller never rests
        for item in site.ask("GET", site.collection(plural, group))["items"]
    }


def told(site: Site, *argv: str) -> dict[str, str]:
    """What becomes of each object, by title; to tell it writes nothing."""
    before = versions(site), sorted((site.directory / "root").rglob("*"))
    result = site.run("diff", "--exit-code", "--output", "json", *argv)
    assert (versions(site), sorted((site.directory / "root").rglob("*"))) == before
    document = json.loads(result.output)
    assert result.code == document["exit_code"] == (CHANGES if document["changes"] else 0)
    return {item["title"]: item["action"] for item in document["objects"]}


def changed(site: Site, *argv: str) -> dict[str, str]:
    """The same, without what stays as it is."""
    found = told(site, *argv)
    return {title: action for title, action in found.items() if action != "unchanged"}


def shown(site: Site, *argv: str) -> str:
    """What people are shown."""
    result = site.run("diff", *argv)
    assert result.code == 0, result.output
    return result.output


def applied(site: Site) -> dict[str, str]:
    """What the next deployment does to each object."""
    assert site.run("render").code == 0
    document = json.loads(site.run("apply", "--output", "json").output)
    assert site.run("validate", "--settle").code == 0
    return {item["title"]: item["action"] for item in document["objects"]}


def foretold(site: Site) -> dict[str, str]:
    """The same by a diff."""
    return {
        title: action
        for title, action in told(site).items()
        if action != "deleted" and not title.startswith("Secret and ConfigMap")
    }


def test_before_the_first_deployment_everything_is_created(site: Site) -> None:
    output = shown(site)
    assert "+ Deployment wordpress: created" in output
    assert "+ spec.replicas: 3" in output
    assert "    + mysql_password: version 1 of " in output
    found = foretold(site)
    assert set(found.values()) == {"created"}
    assert found == applied(site)


def test_the_same_release_changes_nothing(site: Site) -> None:
    site.deployed()
    assert changed(site) == {}
    assert "succeeded: commit c0ffee changes nothing: 5 unchanged" in shown(site)
    assert foretold(site) == applied(site)


def test_a_changed_release_parameter_and_environment_file(site: Site) -> None:
    site.put("mysql_password", SENTINEL)
    site.deployed()
    site.put("mysql_password", SENTINEL[::-1])
    site.put("mysql_host", "db2")
    site.release("v2", digest="b")
    site.configure({"env": {"PHP_MEMORY_LIMIT": "1G"}, "wordpress": {"replicas": 2}})
    output = shown(site, "-v")
    for line in (
        "- mysql_password: version 2 of ",
        "+ mysql_password: version 3 of ",
        '- WORDPRESS_DB_HOST: "value-of-mysql_host"',
        '+ WORDPRESS_DB_HOST: "db2"',
        '+ PHP_MEMORY_LIMIT: "1G"',
        "- spec.replicas: 3",
        "+ spec.replicas: 2",
        "wordpress:v1@sha256:aaaa",
        "wordpress:v2@sha256:bbbb",
    ):
        assert line in output
    output += site.run("diff", "--output", "json").output
    assert not [form for form in forms(SENTINEL) | forms(SENTINEL[::-1]) if form in output.encode()]
    assert foretold(site) == applied(site)
    assert changed(site) == {}


def test_an_ingress_that_is_switched_off_is_deleted(site: Site) -> None:
    site.deployed()
    site.configure({"ingress": {"enabled": False}})
    assert changed(site) == {"Ingress wordpress": "deleted"}
    site.deployed()
    assert changed(site) == {}


def test_a_recorded_deployment(site: Site) -> None:
    site.deployed()
    site.put("mysql_password", "another one")
    site.release("v2", digest="b")
    site.deployment_id = "d-TEST00002"
    site.deployed()
    assert changed(site, "--to", "2") == {}
    assert list(changed(site, "--to", "1").values()) == ["changed", "changed"]
    output = shown(site, "--to", "1")
    assert "+ mysql_password: version 1 of " in output
    assert "succeeded: #1 (wordpress:v1@sha256:aaaaaaaaaaaa, commit" in output
    result = site.run("diff", "--to", "9")
    assert (result.code, "there are: 2, 1" in result.verdict) == (2, True)


def test_an_autoscaler_keeps_or_gives_back_the_number_of_replicas(site: Site) -> None:
    site.deployed()
    site.configure({"autoscaling": {"enabled": True, "min_replicas": 2}})
    assert changed(site) == {"HorizontalPodAutoscaler wordpress": "created"}
    site.deployed()
    scale(site, 4)
    until(lambda: site.deployment()["status"].get("availableReplicas") == 4)
    assert changed(site) == {}
    site.configure()
    assert changed(site) == {
        "Deployment wordpress": "changed",
        "HorizontalPodAutoscaler wordpress": "deleted",
    }
    assert "    - spec.replicas: 4\n    + spec.replicas: 3\n" in shown(site)


def test_a_conflict_is_told_as_a_deployment_tells_it(site: Site) -> None:
    site.deployed()
    edit(site, {"replicas": 5}, "kubectl-edit")
    diff, render = site.run("diff", "--exit-code"), site.run("render")
    assert diff.code == render.code == 6
    assert diff.block[1:] == render.block[1:]
    assert '.spec.replicas is owned by "kubectl-edit"' in diff.verdict
    until(lambda: site.deployment()["status"].get("availableReplicas") == 5)
    assert changed(site, "--force-conflicts") == {"Deployment wordpress": "changed"}


def apply_as_kubectl(site: Site) -> None:
    """Leave what the shell hooks left, as `kubectl apply` does."""
    text = Path(__file__).with_name("predecessor.yaml").read_text()
    for manifest in yaml.safe_load_all(text):
        last = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(manifest)}
        metadata = {**manifest["metadata"], "annotations": last}
        path = site.collection(manifest["kind"].lower() + "s", manifest["apiVersion"])
        manager = "?fieldManager=kubectl-client-side-apply"
        site.ask("POST", path + manager, {**manifest, "metadata": metadata})
    site.configure(SELECTOR)


def test_a_site_of_the_predecessor_is_compared_without_a_handover(site: Site) -> None:
    apply_as_kubectl(site)
    before = managers(site.deployment())
    output = shown(site)
    assert "~ Deployment wordpress: changed" in output
    assert "handed over first" in output
    assert "env[WORDPRESS_DB_PASSWORD].value: (not shown)" in output
    assert "plain-password" not in output
    assert managers(site.deployment()) == before
    site.deployed()
    assert changed(site) == {}


def test_what_cannot_be_rendered_is_refused(site: Site) -> None:
    site.aws.delete_parameter(f"{site.path}/mysql_password")
    result = site.run("diff")
    assert (result.code, "mysql_password does not exist" in result.verdict) == (4, True)
