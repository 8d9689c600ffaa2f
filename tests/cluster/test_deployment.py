"""A deployment from its first step to its last, on a real control plane, as a restricted user."""

import base64
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.cluster.site import Json, Site, until

# Quotes, a newline, what templates, shells, kubelets and YAML find special, and an emoji.
ODD = "p/&\"'\n{{x}}🔑$(id)$$ no 1:30"
CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/0f1e"
# What YAML takes for the end of a line, or does not take at all.
ODDER = "\u0085 \u2028 \u2029 \ufeff \x7f \x9f \t \r\n"

# Namespaces that end hold theirs for a while.
NODE_PORTS = itertools.count(30990)


def generations(site: Site) -> dict[str, int]:
    return {
        name: item["metadata"]["generation"]
        for name, item in site.fingerprint().items()
        if "generation" in item["metadata"]
    }


@contextmanager
def always_serving(site: Site) -> Iterator[list[int]]:
    """Count the Service's ready endpoints again and again, until the block ends."""
    counts: list[int] = []
    ended = threading.Event()

    def count() -> None:
        while not ended.wait(0.02):
            endpoints = site.ask("GET", site.collection("endpoints", "v1") + "/wordpress")
            subsets: list[Json] = endpoints.get("subsets") or []
            counts.append(sum(len(subset.get("addresses") or []) for subset in subsets))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        ended.set()
        thread.join()


def test_a_healthy_deployment_succeeds(site: Site) -> None:
    result = site.deployed()
    assert result.block == ["wpdeploy validate: succeeded: Deployment wordpress: ready 3/3"]
    assert [pod["status"]["phase"] for pod in site.pods()] == ["Running"] * 3


def test_the_same_release_again_restarts_nothing(site: Site) -> None:
    site.deployed()
    before = site.fingerprint(), site.pod_names(), generations(site)
    site.deployment_id = "d-TEST00002"
    site.deployed()
    assert (site.fingerprint(), site.pod_names(), generations(site)) == before


def test_a_changed_parameter_alone_rolls_the_pods(site: Site) -> None:
    site.deployed()
    before = site.pod_names()
    site.put("mysql_password", "another one")
    site.deployment_id = "d-TEST00002"
    site.deployed()
    pods = site.pod_names()
    assert len(pods) == 3
    assert not pods & before
    environment = site.player.environment(site.namespace, pods.pop(), "wordpress")
    assert environment["WORDPRESS_DB_PASSWORD"] == "another one"


def test_a_second_release_replaces_the_pods_behind_a_service_that_always_has_some(
    site: Site,
) -> None:
    site.deployed()
    before = site.pod_names()
    site.release("v2", digest="b")
    site.deployment_id = "d-TEST00002"
    with always_serving(site) as counts:
        site.deployed()
    assert not site.pod_names() & before
    assert len(counts) > 10
    assert min(counts) >= 1


def test_an_odd_value_arrives_byte_for_byte(site: Site) -> None:
    site.put("mysql_password", ODD)
    site.put("mysql_user", ODD)
    site.put("auth_salt", ODDER)
    site.put("mysql_host", ODDER)
    site.configure({"env": {"PHP_MEMORY_LIMIT": ODD}})
    site.deployed()
    for pod in site.pod_names():
        environment = site.player.environment(site.namespace, pod, "wordpress")
        assert environment["WORDPRESS_DB_PASSWORD"] == ODD
        assert environment["WORDPRESS_DB_USER"] == ODD
        assert environment["WORDPRESS_AUTH_SALT"] == ODDER
        assert environment["WORDPRESS_DB_HOST"] == ODDER
        assert environment["PHP_MEMORY_LIMIT"] == ODD


def test_every_parameter_reaches_the_container(site: Site) -> None:
    site.deployed()
    environment = site.player.environment(site.namespace, site.pod_names().pop(), "wordpress")
    assert {value for value, _ in site.values.values()} <= set(environment.values())


def forms(value: str) -> set[bytes]:
    encoded = base64.b64encode(value.encode()).decode()
    found = {value, encoded, quote(value), quote(value, safe=""), quote_plus(value)}
    return {form.encode() for form in found}


def test_a_secret_is_in_the_kubernetes_secret_and_nowhere_else(site: Site) -> None:
    sentinel = "s3ntinel/&+ p%w=?"
    site.put("mysql_password", sentinel)
    output = "".join(site.run(step, "-v").output for step in ("cleanup", "render", "apply"))
    output += site.run("validate", "-v").output
    site.release("badpull", digest="b")
    output += "".join(site.run(step, "-v").output for step in ("render", "apply", "validate"))
    assert "ROLLOUT FAILED" in output
    assert site.secret_values()["WORDPRESS_DB_PASSWORD"] == sentinel

    files = [path for path in site.directory.rglob("*") if path.is_file()]
    assert any(path.name == "deployment.json" for path in files)
    elsewhere = b"".join(path.read_bytes() for path in files) + output.encode()
    objects = {key: value for key, value in site.fingerprint().items() if "secrets/" not in key}
    assert objects
    elsewhere += repr(objects).encode() + repr(site.pods()).encode()
    assert not [form for form in forms(sentinel) if form in elsewhere]


def test_the_state_is_for_its_owner_alone(site: Site) -> None:
    site.deployed()
    state = site.directory / "root/var/lib/wpdeploy/Test/d-TEST00001"
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "deployment.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in state.iterdir()] == ["deployment.json"]


def test_every_optional_object_that_the_server_knows_is_accepted(site: Site) -> None:
    site.configure(
        {
            "autoscaling": {"enabled": True, "min_replicas": 2},
            "uploads": {"enabled": True, "storage_class": "efs"},
            "network_policy": {"enabled": True},
            "service": {"node_port": next(NODE_PORTS)},
            "ingress": {"host": "www.example.com", "certificate_arn": CERTIFICATE},
        }
    )
    assert site.run("render").code == 0
    assert site.run("apply").code == 0
    assert {key for key in site.fingerprint() if "secrets/" not in key} >= {
        "horizontalpodautoscalers/wordpress",
        "persistentvolumeclaims/wordpress-uploads",
        "networkpolicies/wordpress",
        "ingresses/wordpress",
        "services/wordpress",
    }


def scale(site: Site, replicas: int) -> None:
    """What a HorizontalPodAutoscaler does, under its name."""
    path = site.collection("deployments") + "/wordpress/scale?fieldManager=kube-controller-manager"
    site.ask("PATCH", path, {"spec": {"replicas": replicas}}, "application/merge-patch+json")


def test_an_autoscaler_keeps_the_number_of_replicas(site: Site) -> None:
    site.deployed()
    site.configure({"autoscaling": {"enabled": True, "min_replicas": 2}})
    site.deployed()
    assert site.deployment()["spec"]["replicas"] == 3, "nobody has said another number yet"
    scale(site, 4)
    site.release("v2", digest="b")
    site.deployed()
    assert site.deployment()["spec"]["replicas"] == 4
    site.configure({"wordpress": {"replicas": 2}})
    site.deployed()
    assert site.deployment()["spec"]["replicas"] == 2, "without an autoscaler the file says it"


def test_a_new_site_with_an_autoscaler_starts_with_its_least_replicas(site: Site) -> None:
    site.configure({"autoscaling": {"enabled": True, "min_replicas": 2}})
    site.deployed()
    assert site.deployment()["spec"]["replicas"] == 2


def test_validate_by_hand_needs_no_earlier_step(site: Site, tmp_path: Path) -> None:
    site.deployed()
    result = site.run("validate", DEPLOYMENT_ID="", WPDEPLOY_ROOT=str(tmp_path / "elsewhere"))
    assert result.code == 0
    assert f"judging deployment #1 ({site.deployment_id}) of Test" in result.output
    assert not (tmp_path / "elsewhere").exists()


def test_validate_of_a_site_that_was_never_deployed_says_so(site: Site) -> None:
    result = site.run("validate")
    assert result.code == 6
    assert "Deployment wordpress: does not exist in the namespace" in result.output


def test_cleanup_bounds_what_deployments_leave(site: Site) -> None:
    for number in range(8):
        site.deployment_id = f"d-{number}"
        assert site.run("cleanup").code == 0
        assert site.run("render").code == 0
        assert site.run("unlock", "--yes").code == 0
    left = site.directory / "root/var/lib/wpdeploy/Test"
    assert sorted(path.name for path in left.iterdir()) == [f"d-{number}" for number in range(2, 8)]


def test_old_pods_that_terminate_do_not_hold_up_a_success(site: Site) -> None:
    site.release("slowterm", digest="b")
    site.configure({"wordpress": {"termination_grace_seconds": 60}})
    site.deployed()
    site.release("v2", digest="c")
    site.deployed()
    until(lambda: len(site.pods()) == 3)
