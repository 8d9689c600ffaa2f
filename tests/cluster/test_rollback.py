"""Back to a release that succeeded: after a failure, by hand, and by CodeDeploy."""

import json
import re
from collections.abc import Sequence

import pytest

from sandbox.site import STEPS
from tests.cluster.site import Json, Result, Site
from tests.cluster.test_deployment import generations

BACK = "rolled back to #1 (wordpress:v1@sha256:aaaaaaaaaaaa, commit c0ffee)"


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: a rollback reaches the cluster as every other step does."""


@pytest.fixture
def site(site: Site) -> Site:
    configure(site)
    return site


def configure(site: Site, **changes: object) -> None:
    """Rollbacks, and one pod, which is soon there; with these changes."""
    own = {"on_failure": "rollback", "wordpress": {"replicas": 1}}
    site.configure({**own, **changes})


def deploy(site: Site, number: int, tag: str = "v1", steps: Sequence[str] = STEPS) -> Result:
    """The deployment `d-NUMBER`; its tag v1 is always the same release."""
    site.deployment_id = f"d-{number}"
    site.release(tag, digest="a" if tag == "v1" else "b")
    return site.deploy(steps)


def records(site: Site) -> list[tuple[int, str, int | None]]:
    """Number, result, and what is restored, the oldest first."""
    found = json.loads(site.run("history", "--output", "json").output)["records"]
    told = [(item["number"], item["result"], item["restores"]) for item in found]
    return sorted(told, key=lambda item: item[0])


def passwords(site: Site) -> set[str]:
    """What the containers of the pods have for the password."""
    names = site.pod_names()
    found = [site.player.environment(site.namespace, name, "wordpress") for name in names]
    return {environment["WORDPRESS_DB_PASSWORD"] for environment in found}


def images(site: Site) -> set[str]:
    """The images of the pods, by tag."""
    specs = [pod["spec"]["containers"][0]["image"] for pod in site.pods()]
    return {image.partition("@")[0].rpartition(":")[2] for image in specs}


def secrets(site: Site) -> set[str]:
    """Those of the releases, beside the tokens of old control planes."""
    return {name for name in site.fingerprint() if re.fullmatch(r"secrets/\w+-[0-9a-f]{10}", name)}


def limit_pods(site: Site, most: str) -> None:
    """From now on there are at most so many pods."""
    quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": most}}}
    site.ask("POST", site.collection("resourcequotas", "v1"), quota)


def template(site: Site) -> Json:
    found: Json = site.deployment()["spec"]["template"]
    return found


def test_a_release_that_fails_is_rolled_back_and_codedeploys_own_rollback_changes_nothing(
    site: Site,
) -> None:
    assert deploy(site, 1).code == 0
    good = site.pod_names(), template(site), secrets(site)
    result = deploy(site, 2, "badpull")
    assert result.code == 7, result.output
    assert "ErrImagePull" in result.verdict
    assert BACK in result.verdict
    assert len(result.block) <= 13
    evidence, rollback = (result.output.index(text) for text in ("message: ", "rolling back to"))
    assert evidence < rollback
    assert (site.pod_names(), template(site), secrets(site)) == good, "the good pods never left"
    assert records(site) == [(1, "succeeded", None), (2, "failed", None), (3, "succeeded", 1)]

    before = site.pod_names(), generations(site), secrets(site)
    result = deploy(site, 3)
    assert result.code == 0, result.output
    assert "as #3, with its parameters" in result.verdict
    assert (site.pod_names(), generations(site), secrets(site)) == before, "CodeDeploy's own"
    assert records(site)[-1] == (4, "succeeded", 3)


def test_a_first_release_that_fails_has_nothing_to_go_back_to(site: Site) -> None:
    result = deploy(site, 1, "badpull")
    assert result.code == 7
    assert "not rolled back: no deployment has succeeded before" in result.verdict
    assert records(site) == [(1, "failed", None)]


def test_a_deployment_that_failed_for_a_new_parameter_comes_back_with_the_old_one(
    site: Site,
) -> None:
    assert deploy(site, 1).code == 0
    good, old = site.pod_names(), site.values["mysql_password"][0]
    configure(site, rollout={"deadline": 11, "progress_deadline": 10})
    site.put("mysql_password", "a new one")
    assert deploy(site, 2, steps=["render"]).code == 0
    # The pods with the new one cannot come up, whatever it is.
    limit_pods(site, "1")
    result = site.deploy(STEPS[2:])
    assert result.code in {7, 8}, result.output
    assert BACK in result.verdict
    assert (passwords(site), site.pod_names()) == ({old}, good)
    site.ask("DELETE", f"{site.collection('resourcequotas', 'v1')}/pods")
    assert deploy(site, 3).code == 0
    assert (passwords(site), site.pod_names()) == ({old}, good), "CodeDeploy's own rollback"
    assert deploy(site, 4).code == 0
    assert passwords(site) == {"a new one"}, "it rolls back once; this is what somebody wants"


@pytest.mark.parametrize("mended", [False, True])
def test_codedeploys_rollback_restores_the_parameters_of_that_time_unless_they_are_mended(
    site: Site, *, mended: bool
) -> None:
    configure(site, on_failure="keep")
    assert deploy(site, 1).code == 0
    old = site.values["mysql_password"][0]
    site.put("mysql_password", "a bad one")
    assert deploy(site, 2, "badpull").code == 7
    if mended:
        site.put("mysql_password", "a mended one")
    result = deploy(site, 3)
    assert result.code == 0, result.output
    assert passwords(site) == {"a mended one" if mended else old}
    assert images(site) == {"v1"}
    assert records(site)[-1] == (3, "succeeded", None if mended else 1)


def delete_pair(site: Site) -> str:
    """Delete the Secret and the ConfigMap of the release that is there."""
    (name,) = secrets(site)
    for path in (site.collection("secrets", "v1"), site.collection("configmaps", "v1")):
        site.ask("DELETE", f"{path}/{name.partition('/')[2]}")
    return name


def test_what_is_gone_of_its_configuration_is_made_anew_from_the_recorded_versions(
    site: Site,
) -> None:
    assert deploy(site, 1).code == 0
    old, before = site.values["mysql_password"][0], site.fingerprint()
    name = delete_pair(site)
    site.put("mysql_password", "another one")
    assert deploy(site, 2, "v2").code == 0
    assert passwords(site) == {"another one"}
    result = site.run("rollback", "--to", "1", "--yes")
    assert result.code == 0, result.output
    assert passwords(site) == {old}
    for kind in ("secrets", "configmaps"):
        key = name.replace("secrets", kind)
        data = [found[key].get("data") for found in (before, site.fingerprint())]
        assert data[0] == data[1]


def test_a_rollback_that_is_impossible_changes_nothing_and_is_told_with_what_to_do(
    site: Site,
) -> None:
    assert deploy(site, 1).code == 0
    delete_pair(site)
    site.aws.delete_parameter(f"{site.path}/mysql_password")
    site.put("mysql_password", "made anew")
    result = deploy(site, 2, "badpull")
    assert result.code == 7
    gone = f"version 1 of {site.path}/mysql_password"
    for told in ("ErrImagePull", "the rollback to #1", gone, "rollback --group Test --to 1"):
        assert told in result.verdict

    before = site.fingerprint()
    result = site.run("rollback", "--yes")
    assert (result.code, gone in result.verdict) == (4, True)
    assert "nothing was changed" in result.verdict
    for number, why in (("2", "that deployment failed: Deployment"), ("9", "no such record")):
        result = site.run("rollback", "--to", number, "--yes")
        assert (result.code, why in result.verdict) == (2, True), result.output
        assert "those that succeeded: 1" in result.verdict
    assert site.fingerprint() == before


def test_by_hand_it_shows_what_changes_and_goes_back_to_the_release_before(site: Site) -> None:
    assert deploy(site, 1).code == 0
    configure(site, ingress={"host": "www.example.com"}, network_policy={"enabled": True})
    assert deploy(site, 2, "v2").code == 0
    before = site.fingerprint()
    unasked = site.run("rollback")
    assert (unasked.code, "pass --yes" in unasked.verdict) == (2, True)
    assert site.fingerprint() == before
    result = site.run("rollback", "--yes")
    assert result.code == 0, result.output
    assert "back on #1 (wordpress:v1@sha256:aaaaaaaaaaaa, commit c0ffee)" in result.verdict
    assert "~ Ingress wordpress: changed" in result.output
    assert images(site) == {"v1"}
    after = site.fingerprint()
    assert "host" not in after["ingresses/wordpress"]["spec"]["rules"][0]
    assert "networkpolicies/wordpress" not in after, "what the newer release added is pruned"
