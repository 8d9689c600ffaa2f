"""The verdict on a real node: real pulls, crashes, kills and probes, in the kubelet's own words."""

import pytest

from tests.node.conftest import NodeSite

# Another module's node may have to end first.
pytestmark = pytest.mark.timeout(900)


def test_a_deployment_succeeds_and_the_next_one_replaces_it(site: NodeSite) -> None:
    site.configure({"smoke": {"enabled": True}})
    site.deployed()
    before = site.pod_names()
    site.release("v2")
    assert "ready 3/3; 3 pods answer 200" in site.deployed().verdict
    assert len(site.pods()) == 3
    assert not before & site.pod_names()


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("absent", "the registry has no such image"),
        ("crash", "container wordpress crashes: exit code 1"),
        ("memory", "OOMKilled"),
    ],
)
def test_a_fault_fails_the_rollout_and_says_why(site: NodeSite, tag: str, told: str) -> None:
    site.deployed()
    good = site.pod_names()
    site.release(tag)
    result = site.deploy()
    assert result.code == 7, result.output
    assert told in result.verdict
    assert ("PHP Fatal error: Uncaught Error" in result.verdict) is (tag == "crash")
    assert good <= site.pod_names(), "the old pods still serve"


def test_a_crash_some_seconds_after_ready_fails_the_rollout(site: NodeSite) -> None:
    site.configure({"wordpress": {"replicas": 1}, "rollout": {"stability_window": 10}})
    site.release("later")
    result = site.deploy()
    assert result.code == 7, result.output
    assert "container wordpress restarted (exit code 3, Error)" in result.verdict


def test_a_pod_that_is_never_ready_times_out_with_what_its_probe_says(site: NodeSite) -> None:
    site.release("notready")
    site.deploy(["render", "apply"])
    result = site.run("validate", "--timeout", "20")
    assert result.code == 8
    assert "Readiness probe failed: HTTP probe failed with statuscode: 404" in result.verdict
