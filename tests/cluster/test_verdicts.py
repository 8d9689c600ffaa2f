"""What must fail soon and with its reason, what must not fail, and what must not succeed."""

import re
from collections.abc import Callable

import pytest

from sandbox.kubelet import Autoscaling
from tests.cluster.site import Site, running

# More than a played node has of them, beside one other.
NO_ROOM = {"wordpress": {"resources": {"requests": {"cpu": "9"}}, "replicas": 7}}
ONE = {"wordpress": {"replicas": 1}}


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: the way to the API server makes no difference here."""


def second(site: Site, tag: str) -> None:
    """A release after one that runs, applied."""
    site.deployed()
    site.release(tag, digest="b")
    site.deployment_id = "d-TEST00002"
    assert site.deploy(["render", "apply"]).code == 0


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("denied", "the registry denies the image to the node (ErrImagePull)"),
        ("forbidden", "the registry denies the image to the node (ErrImagePull)"),
        ("runerror", "cannot be started"),
        ("createerror", "the container cannot be made (CreateContainerError)"),
    ],
)
def test_a_fault_fails_the_rollout_with_its_sentence(site: Site, tag: str, told: str) -> None:
    site.configure({"rollout": {"grace": {"container": 2}}})
    second(site, tag)
    result = site.run("validate")
    assert result.code == 7, result.output
    assert told in result.verdict


def test_an_init_container_that_crashes_fails_the_rollout(site: Site) -> None:
    template = site.bundle / "k8s/wordpress/deployment.yaml.j2"
    image = site.image("initcrash", "c")
    init = f"      initContainers:\n        - name: prepare\n          image: {image}\n"
    template.write_text(
        template.read_text().replace("      containers:\n", f"{init}      containers:\n", 1)
    )
    site.deploy(["render", "apply"])
    result = site.run("validate")
    assert result.code == 7, result.output
    assert "init container prepare crashes: exit code 1" in result.verdict


def test_a_rollout_that_is_done_costs_few_requests(site: Site) -> None:
    site.deployed()
    output = site.run("validate", "--verbose").output
    paths = re.findall(r" (?:GET|POST|PUT|PATCH) \S+/namespaces/[^/]+/(\S+): 200", output)
    assert len(paths) >= 4, output
    # The record is extra.
    assert len([path for path in paths if not path.startswith("configmaps")]) <= 8, output


def test_a_flap_in_the_stability_window_fails_the_rollout(site: Site) -> None:
    site.configure({**ONE, "rollout": {"stability_window": 10}})
    site.release("flap")
    result = site.deploy()
    assert result.code == 7, result.output
    assert "was not ready any more" in result.verdict


def test_a_crash_in_the_stability_window_fails_the_rollout(site: Site) -> None:
    site.configure({**ONE, "rollout": {"stability_window": 10}})
    site.release("crashlater")
    result = site.deploy()
    assert result.code == 7, result.output
    assert "container wordpress restarted (exit code 1, Error)" in result.verdict


@pytest.mark.parametrize("tag", ["registry5xx", "crashonce", "slow"])
def test_what_mends_itself_is_waited_for(site: Site, tag: str) -> None:
    site.release(tag)
    assert site.deployed().verdict.endswith("ready 3/3")


def test_a_pod_that_is_evicted_and_replaced_is_no_failure(site: Site) -> None:
    site.configure({"rollout": {"stability_window": 5}})
    site.deploy(["render", "apply"])
    told = _while_it_waits(site, "until it is stable", lambda: _evict_one(site))
    assert "validate: succeeded" in told, told


def test_old_pods_that_crash_while_the_new_ones_are_well_are_no_failure(site: Site) -> None:
    site.release("crashloop")
    assert site.deploy().code == 7
    site.release("v2", digest="b")
    site.deployment_id = "d-TEST00002"
    site.deployed()


def test_no_room_fails_the_rollout_in_the_schedulers_words(site: Site) -> None:
    site.configure(NO_ROOM)
    site.deploy(["render", "apply"])
    result = site.run("validate")
    assert result.code == 7, result.output
    assert "no node has room for it, and no autoscaler has heard of it" in result.verdict
    assert "Insufficient cpu" in result.verdict


def test_an_autoscaler_that_adds_nodes_is_waited_for(site: Site) -> None:
    site.configure(NO_ROOM)
    site.player.autoscale(Autoscaling(hears_after=1, provisions_in=6, most=10))
    try:
        site.deployed()
    finally:
        site.player.autoscale(None)


def test_replicas_that_are_changed_in_mid_rollout_are_waited_for(site: Site) -> None:
    site.release("slow")
    site.deploy(["render", "apply"])
    path = f"{site.collection('deployments')}/wordpress/scale"
    body = {"spec": {"replicas": 5}}
    kind = "application/merge-patch+json"
    told = _while_it_waits(site, "ready 0/3", lambda: site.ask("PATCH", path, body, kind))
    assert "ready 5/5" in told, told


def test_a_paused_deployment_fails_at_once(site: Site) -> None:
    site.deployed()
    body = {"spec": {"paused": True}}
    kind = "application/merge-patch+json"
    site.ask("PATCH", f"{site.collection('deployments')}/wordpress", body, kind)
    site.release("v2", digest="b")
    site.deployment_id = "d-TEST00002"
    site.deploy(["render", "apply"])
    result = site.run("validate")
    assert result.code == 7, result.output
    assert "the Deployment is paused" in result.verdict


def test_one_replica_that_may_be_away_is_waited_for_all_the_same(site: Site) -> None:
    template = site.bundle / "k8s/wordpress/deployment.yaml.j2"
    text = template.read_text().replace("maxSurge: 1", "maxSurge: 0")
    template.write_text(text.replace("maxUnavailable: 0", "maxUnavailable: 1"))
    site.configure(ONE)
    second(site, "notready")
    result = site.run("validate", "--timeout", "4")
    assert result.code == 8, result.output
    assert "ready 0/1" in result.verdict


def _evict_one(site: Site) -> None:
    site.player.evict(site.namespace, min(site.pod_names()))


def _while_it_waits(site: Site, state: str, act: Callable[[], object]) -> str:
    """What a validate prints during which something happens when it tells of a state."""
    with running(site.start("validate")) as process:
        assert process.stdout is not None
        lines = list[str]()
        while state not in (lines or [""])[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], f"it ended: {''.join(lines)}"
        act()
        rest, _ = process.communicate(timeout=100)
    return "".join([*lines, rest])
