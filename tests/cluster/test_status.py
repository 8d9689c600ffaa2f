"""How a site stands, on one screen, before, while and after it is deployed."""

import json

import pytest

from sandbox.aws import Aws
from tests.cluster.conftest import through_eks
from tests.cluster.plane import Plane
from tests.cluster.site import Site, running, until
from tests.cluster.test_deployment import forms
from tests.cluster.test_diff import SENTINEL, versions
from tests.cluster.test_takeover import MERGE
from tests.unit.wire import Server, answer


@pytest.fixture
def access(plane: Plane, aws: Aws) -> str:
    """Through EKS alone: test_diff.py goes by a kubeconfig."""
    return through_eks(plane, aws)


def screen(site: Site) -> str:
    """What it shows, to somebody without a deployment: at most 24 lines of 100 columns."""
    result = site.run("status", DEPLOYMENT_ID="")
    assert result.code == 0, result.output
    lines = result.output.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 100 for line in lines)
    return result.output


def test_a_site_that_was_never_deployed(site: Site) -> None:
    before = versions(site)
    shown = screen(site)
    assert shown.startswith("Deployment wordpress: not deployed: ")
    assert "no record" in shown
    assert versions(site) == before


def test_a_good_deployment_with_a_parameter_and_an_image_changed_since(site: Site) -> None:
    site.put("mysql_password", SENTINEL)
    site.deployed()
    (site.bundle / "release.json").unlink()
    shown = screen(site)
    assert shown.startswith("Deployment wordpress: up: ready 3/3\n")
    assert "release     commit c0ffee on main: Larger logo" in shown
    assert "by d-TEST00001, #1: succeeded" in shown
    assert "pods        revision 1 (current): 3/3 ready, restarts: 0" in shown
    assert "lock        nobody holds it" in shown
    assert "parameters  those of the release" in shown
    site.put("mysql_password", SENTINEL[::-1])
    containers = [{"name": "wordpress", "image": "registry.example.com/wordpress:hand"}]
    site.ask(
        "PATCH",
        site.collection("deployments") + "/wordpress?fieldManager=kubectl-set",
        {"spec": {"template": {"spec": {"containers": containers}}}},
        "application/strategic-merge-patch+json",
    )
    shown = screen(site)
    assert "mysql_password, version 2 -> 3, changed " in shown
    assert " after this release" in shown
    assert 'wordpress was changed by "kubectl-set" ' in shown
    assert "from wordpress:v1@sha256:aaaaaaaaaaaa" in shown
    document = site.run("status", "--output", "json").output
    assert json.loads(document)["drift"][0]["manager"] == "kubectl-set"
    values = forms(SENTINEL) | forms(SENTINEL[::-1])
    assert not [form for form in values if form in (shown + document).encode()]


def test_a_deployment_that_is_at_work_and_fails_while_the_site_stays_up(site: Site) -> None:
    site.deployed()
    site.release("notready", digest="b")
    site.configure({"rollout": {"deadline": 20, "progress_deadline": 10, "stability_window": 1}})
    site.deployment_id = "d-TEST00002"
    assert site.deploy(["render", "apply"]).code == 0
    with running(site.start("validate", "--settle")) as process:
        until(lambda: len(site.pods()) == 4)
        shown = screen(site)
        assert shown.startswith("Deployment wordpress: up: 3 serve; ready 0/3")
        assert "by d-TEST00002, #2: applying" in shown
        assert "held by d-TEST00002 (Test, " in shown
        process.communicate(timeout=60)
    shown = screen(site)
    assert shown.startswith("Deployment wordpress: up: 3 serve; rollout failed: no progress")
    assert "#2: failed" in shown
    assert "revision 2 (current): 0/1 ready" in shown
    assert "revision 1: 3/3 ready" in shown


def test_a_site_that_is_down_says_so_first_and_is_no_error(site: Site) -> None:
    site.release("badpull")
    assert site.deploy().code == 7
    until(lambda: all("ImagePullBackOff" in json.dumps(pod["status"]) for pod in site.pods()))
    shown = screen(site)
    assert shown.startswith("Deployment wordpress: DOWN: no pod serves; rollout failed: pod ")
    headline = " ".join(" ".join(shown.splitlines()[:2]).split())
    assert headline.endswith(": the registry has no such image (ImagePullBackOff)")
    assert ": ImagePullBackOff: " in shown
    assert "Deployment wordpress is DOWN" in shown.splitlines()[-1]


def test_a_site_scaled_to_nothing_is_down(site: Site) -> None:
    site.deployed()
    path = site.collection("deployments") + "/wordpress"
    site.ask("PATCH", path, {"spec": {"replicas": 0}}, MERGE)
    until(lambda: not site.pods())
    assert screen(site).startswith("Deployment wordpress: DOWN: no pod serves; ready 0/0")


def test_where_the_parameters_may_not_be_read_all_the_rest_is_shown(site: Site) -> None:
    site.deployed()
    denial = {"__type": "AccessDeniedException", "message": "not today"}
    with Server(answer(denial, 400)) as ssm:
        result = site.run("status", AWS_ENDPOINT_URL_SSM=ssm.url)
    assert result.code == 0, result.output
    assert "parameters  not readable: SSM Parameter Store: access denied: " in result.output
    assert "ready 3/3" in result.output
    assert ssm.received[0].document["WithDecryption"] is False
