"""Smoke checks after a rollout: pods that are Ready, and whose WordPress is sick."""

import pytest

from sandbox.kubelet.pages import ELSEWHERE
from tests.cluster.external import ExternalCluster
from tests.cluster.site import Json, Site

ON: Json = {"smoke": {"enabled": True}}
HOST = "www.example.com"


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: the way to the API server makes no difference here."""


@pytest.fixture(autouse=True)
def served(site: Site) -> None:
    """Smoke checks are on, where the API server can reach the played pods."""
    if isinstance(site.plane, ExternalCluster):
        pytest.skip("its API server cannot reach pods that are played on loopback")
    site.configure(ON)


def test_healthy_pods_pass(site: Site) -> None:
    output = site.deployed().output
    assert "3 pods answer 200" in output
    assert "Ingress skipped: it has no address yet" in output


SICK = {
    "dberror": "answers 500: WordPress has no connection to its database",
    "install": (
        "answers 302: WordPress is not installed in this database, and redirects to "
        "wp-admin/install.php"
    ),
    "maintenance": "answers 503: WordPress is in maintenance mode",
    "fatal": "answers 200: PHP ended with a fatal error",
    "critical": "answers 500: WordPress met a critical error",
    "empty": "answers 200: the page is empty",
}


@pytest.mark.parametrize(("tag", "told"), SICK.items(), ids=SICK)
def test_a_sick_wordpress_fails_though_its_pods_are_ready(site: Site, tag: str, told: str) -> None:
    site.release(tag)
    result = site.deploy()
    assert result.code == 10, result.output
    assert "wpdeploy validate: SMOKE TEST FAILED (exit 10): " in result.verdict
    assert any(f"pod {name}: {told}" in result.verdict for name in site.pod_names())
    assert "hunter2" not in result.output
    assert len(result.block) <= 13


def test_a_redirect_to_another_host_fails(site: Site) -> None:
    site.configure(ON | {"ingress": {"host": HOST}})
    site.release("otherhost")
    result = site.deploy()
    assert result.code == 10, result.output
    assert f"redirects to {ELSEWHERE}, away from {HOST}" in result.verdict


def test_where_no_host_is_configured_a_redirect_tells_it(site: Site) -> None:
    site.release("otherhost")
    assert "3 pods answer 200" in site.deployed().output


def test_a_page_that_is_too_slow_fails(site: Site) -> None:
    site.configure({"smoke": {"enabled": True, "latency": 1}})
    site.release("slowpage")
    result = site.deploy()
    assert result.code == 10, result.output
    assert "s to answer, more than 1 s" in result.verdict


def test_a_page_that_does_not_match_fails(site: Site) -> None:
    site.configure({"smoke": {"enabled": True, "pattern": "Goodbye world"}})
    result = site.deploy()
    assert result.code == 10, result.output
    assert "answers 200, but the page does not match smoke.pattern" in result.verdict


def test_they_can_be_switched_off(site: Site) -> None:
    site.configure({"smoke": {"enabled": False}})
    site.release("dberror")
    site.deployed()


def test_a_failed_smoke_test_by_hand_changes_nothing(site: Site) -> None:
    site.configure({"smoke": {"enabled": False}})
    site.release("dberror")
    site.deployed()
    before = site.fingerprint()
    site.configure(ON)
    assert site.run("validate").code == 10
    assert site.fingerprint() == before
