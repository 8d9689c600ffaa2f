"""`doctor` on a healthy set-up, and what `render` foresees before a deployment changes anything."""

import json

import pytest

from sandbox.aws import BASTION
from tests.cluster.conftest import EKS_CLUSTER
from tests.cluster.doctor import HEALTHY, lines, of, push
from tests.cluster.proxy import Answer, Proxy
from tests.cluster.site import Json, Site, until

# What is the same by a kubeconfig.
through_eks = pytest.mark.parametrize("access", [EKS_CLUSTER], ids=["eks"], indirect=True)


def quota(site: Site, **hard: str) -> None:
    """Limit the namespace."""
    body = {"metadata": {"name": "small"}, "spec": {"hard": hard}}
    site.ask("POST", site.collection("resourcequotas", "v1"), body)

    def is_counted() -> bool:
        found: Json = site.ask("GET", site.collection("resourcequotas", "v1") + "/small")
        return set(found.get("status", {}).get("used", {})) == set(hard)

    until(is_counted)


def test_a_healthy_set_up(site: Site) -> None:
    push(site, "amd64", "arm64")
    before = site.fingerprint()
    result = site.run("doctor")
    assert result.code == 0, result.output
    cluster = f"EKS cluster {site.eks}" if site.eks else f"kubeconfig {site.kubeconfig}"
    printed = [line.replace(cluster, "EKS cluster the-cluster") for line in lines(site, result)]
    assert printed == HEALTHY
    assert site.fingerprint() == before
    assert not (site.directory / "root").exists()


@through_eks
def test_programs_get_the_same(site: Site) -> None:
    push(site, "amd64")
    site.aws.delete_parameter(f"{site.path}/mysql_password")
    result = site.run("doctor", "--output", "json")
    document = json.loads(result.output)
    assert (result.code, document["exit_code"], document["result"]) == (4, 4, "parameters")
    checks = {each["check"]: each for each in document["checks"]}
    assert len(checks) == len(HEALTHY)
    assert checks["parameters"] == {
        "check": "parameters",
        "level": "failed",
        "sentence": f"SSM Parameter Store: {site.path}/mysql_password does not exist",
        "hint": "create it (`params check` says how), or map its name under parameters.names "
        "in the environment file",
        "exit": 4,
    }
    assert checks["templates"]["sentence"] == "needs parameters"
    assert checks["rights"]["level"] == "ok", "what can be looked at all the same is looked at"


@through_eks
def test_no_value_of_a_parameter_is_told(site: Site) -> None:
    push(site, "amd64")
    site.put("mysql_password", "hunter2-Pa$$w0rd")
    told = site.run("doctor", "-v").output + site.run("doctor", "--output", "json").output
    assert site.aws.assume(BASTION).secret_key not in told
    assert not [value for value, secret in site.values.values() if secret and value in told]


@through_eks
def test_a_rollout_without_room_for_its_first_pod_ends_in_render(site: Site) -> None:
    site.deployed()
    quota(site, pods="3")
    again = site.run("render")
    assert again.code == 0, "the same release again replaces no pod"
    site.release("v2", "b")
    before = site.fingerprint()
    result = site.run("render")
    assert result.code == 6
    assert (
        "preflight: quota: ResourceQuota small has 3 of 3 pods in use: room for 0 more pods, "
        "but the rollout needs 1 to do raise the quota"
    ) in result.verdict
    assert site.fingerprint() == before


@through_eks
def test_render_tells_what_it_foresees_and_goes_on(site: Site) -> None:
    quota(site, **{"limits.cpu": "10"})
    result = site.run("render")
    assert result.code == 0
    assert "warning: uploads: up to 3 pods" in result.output
    assert "warning: quota: ResourceQuota small counts limits.cpu" in result.output


@through_eks
def test_render_warns_of_salts_that_log_everybody_out(site: Site) -> None:
    site.deployed()
    again = site.run("render")
    assert (again.code, "salts" in again.output) == (0, False)
    site.put("mysql_password", "another")
    assert "salts" not in site.run("render").output
    site.put("nonce_salt", "another")
    told = f"warning: salts: {site.path}/nonce_salt changed since the last release"
    assert told in site.run("render").output


@through_eks
def test_a_right_that_only_the_verdict_needs_is_missed_in_render(site: Site) -> None:
    path = site.collection("roles", "rbac.authorization.k8s.io/v1") + "/wpdeploy"
    role = site.ask("GET", path)
    role["rules"] = [rule for rule in role["rules"] if "replicasets" not in rule["resources"]]
    site.ask("PUT", path, role)
    before = site.fingerprint()
    result = site.run("render")
    assert result.code == 6
    assert "preflight: rights: cannot list replicasets, watch replicasets" in result.verdict
    assert site.fingerprint() == before


@through_eks
def test_render_asks_two_questions_more(site: Site, proxy: Proxy) -> None:
    assert site.run("render").code == 0
    paths = [path.partition("?")[0].rpartition("/")[2] for _, path in proxy.requests]
    asked = [each for each in paths if each.startswith(("selfsubject", "resourcequotas"))]
    assert asked == ["selfsubjectrulesreviews", "resourcequotas"]


@through_eks
def test_what_a_list_of_rules_leaves_out_is_asked_for(site: Site, proxy: Proxy) -> None:
    def unlisted(_method: str, path: str) -> Answer | None:
        """What EKS answers about somebody whose rights come from an access policy."""
        status = '{"status": {"resourceRules": [], "incomplete": true}}'
        return Answer(201, status) if path.endswith("selfsubjectrulesreviews") else None

    proxy.rules.append(unlisted)
    assert site.run("render").code == 0
    push(site, "amd64")
    assert "ok " in of("rights", lines(site, site.run("doctor")))
