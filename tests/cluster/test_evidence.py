"""A release that fails leaves its evidence: in the last block, in the state directory, as JSON.

Whatever a container has said of a parameter's value is not in it.
"""

import json
import stat
from pathlib import Path

import pytest

from tests.cluster.site import Json, Result, Site, until

FATAL = "PHP Fatal error: Uncaught Error: Call to undefined function wp_cache_init() in"
QUOTA = {"metadata": {"name": "full"}, "spec": {"hard": {"pods": "3"}}}


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: the way to the API server makes no difference here."""


def failed(site: Site, tag: str, *arguments: str) -> Result:
    """A second release that fails, as a deployment of its own."""
    site.deployed()
    site.release(tag, digest="b")
    site.deployment_id = "d-TEST00002"
    assert site.deploy(["cleanup", "render", "apply"]).code == 0
    result = site.run("validate", "--settle", *arguments)
    assert result.code in {7, 8}, result.output
    return result


def unwrapped(result: Result) -> str:
    """The last block without its line ends: a path has no blanks at which it could be wrapped."""
    return "".join(line.removeprefix(" " * 12) for line in result.block)


def left(site: Site) -> Path:
    """Where the second deployment leaves its files."""
    return site.directory / "root/var/lib/wpdeploy/Test/d-TEST00002"


def test_a_crash_is_told_by_the_log_of_the_run_that_ended(site: Site) -> None:
    result = failed(site, "crashloop")
    assert f"log {FATAL}" in result.verdict
    assert f"evidence  {left(site)}/evidence.txt" in unwrapped(result)
    assert len(result.block) <= 13
    text = (left(site) / "evidence.txt").read_text()
    assert ", previous run\n  | AH00094: Command line: 'apache2 -D FOREGROUND'\n" in text
    assert " Warning  Pod wordpress-" in text
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in left(site).iterdir()}
    assert modes == dict.fromkeys(("deployment.json", "evidence.json", "evidence.txt"), 0o600)
    assert stat.S_IMODE(left(site).stat().st_mode) == 0o700


def test_an_init_containers_last_words_are_told(site: Site) -> None:
    template = site.bundle / "k8s/wordpress/deployment.yaml.j2"
    first = (
        "      initContainers:\n        - {name: first, image: 'registry.example/wp:initcrash'}\n"
    )
    text = template.read_text()
    template.write_text(text.replace("      containers:\n", f"{first}      containers:\n", 1))
    site.deploy(["render", "apply"])
    result = site.run("validate")
    assert result.code == 7
    assert "log Error: Error establishing a database connection." in result.verdict


def test_a_quota_is_told_with_its_numbers(site: Site) -> None:
    site.deployed()
    site.release("v2", digest="b")
    site.deployment_id = "d-TEST00002"
    assert site.run("render").code == 0
    site.ask("POST", site.collection("resourcequotas", "v1"), QUOTA)
    quota = f"{site.collection('resourcequotas', 'v1')}/full"
    until(lambda: "used" in site.ask("GET", quota).get("status", {}))
    assert site.run("apply").code == 0
    result = site.run("validate", "--settle")
    assert result.code == 7
    assert "quota full: 3 of 3 pods in use" in result.verdict
    assert "full: pods: 3 of 3 in use\n" in (left(site) / "evidence.txt").read_text()


def test_a_program_reads_the_evidence_as_json(site: Site) -> None:
    site.release("crashloop")
    site.deploy(["render", "apply"])
    document = json.loads(site.run("validate", "--output", "json").output)
    evidence: Json = document["evidence"]
    assert evidence["logs"][0]["which"] == "previous"
    assert "PHP Fatal error" in evidence["logs"][0]["lines"][-1]
    assert evidence["runs"]["items"][0]["exit_code"] == 1
    assert all(row["node"] for row in evidence["pods"]["items"])
    assert not list(site.directory.rglob("evidence.txt")), "by hand nothing is written"


def test_a_value_that_a_container_says_is_nowhere(site: Site) -> None:
    value = "PHP Fatal error:  Uncaught Error"
    site.put("auth_key", value)
    result = failed(site, "crashloop")
    by_hand = site.run("validate")
    files = [path.read_text() for path in left(site).iterdir()]
    for text in (result.output, by_hand.output, *files):
        assert value not in text
        assert " ".join(value.split()) not in text
    assert "log [redacted]: Call to undefined function" in result.verdict
    assert "| [redacted]: Call to undefined function" in by_hand.output


def test_without_the_right_to_read_the_secret_logs_are_withheld(site: Site) -> None:
    site.release("crashloop")
    site.deploy(["render", "apply"])
    role = site.collection("roles", "rbac.authorization.k8s.io/v1") + "/wpdeploy"
    rules = site.ask("GET", role)["rules"]
    kept = [rule for rule in rules if "secrets" not in rule["resources"]]
    patch = json.dumps([{"op": "replace", "path": "/rules", "value": kept}])
    site.ask("PATCH", role, json.loads(patch), "application/json-patch+json")
    result = site.run("validate")
    assert result.code == 7
    assert "PHP Fatal error" not in result.output
    assert "withheld: Secret wordpress-" in result.verdict


def test_cleanup_keeps_the_evidence_of_the_last_five_deployments(site: Site) -> None:
    failed(site, "crashloop")
    for number in range(3, 9):
        assert (left(site) / "evidence.txt").exists()
        site.deployment_id = f"d-TEST0000{number}"
        assert site.deploy(["cleanup", "render", "unlock --yes"]).code == 0
    assert not left(site).exists()
