"""What is true of the objects of k8s/wordpress, whichever switch is on."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.shipped import RELEASE, Shipped, shipped
from wpdeploy import checks
from wpdeploy.settings import (
    Autoscaling,
    Cron,
    DisruptionBudget,
    Ingress,
    Install,
    NetworkPolicy,
    Service,
    Upgrade,
    Uploads,
    WordPress,
)

SWITCHES: Mapping[str, tuple[Any, Any]] = {
    "disruption_budget": (DisruptionBudget(enabled=True), DisruptionBudget(enabled=False)),
    "install": (Install(enabled=True), Install(enabled=False)),
    "upgrade": (Upgrade(enabled=True), Upgrade(enabled=False)),
    "cron": (Cron(enabled=True), Cron(enabled=False)),
    "autoscaling": (Autoscaling(enabled=True), Autoscaling(enabled=False)),
    "uploads": (Uploads(enabled=True, storage_class="efs"), Uploads(enabled=False)),
    "network_policy": (NetworkPolicy(enabled=True), NetworkPolicy(enabled=False)),
    "ingress": (Ingress(enabled=True, host="blog.example.com"), Ingress(enabled=False)),
}
SELECTORS: Mapping[str, Mapping[str, str]] = {
    "the predecessor's": {"app": "wordpress"},
    "the instance alone": {"app.kubernetes.io/instance": "wordpress"},
    "another instance": {"app.kubernetes.io/instance": "blog"},
    "another tool's": {"app.kubernetes.io/name": "wordpress", "app.kubernetes.io/instance": "blog"},
}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as shipped": {},
    "all on": {name: on for name, (on, _) in SWITCHES.items()},
    "all off": {name: off for name, (_, off) in SWITCHES.items()},
    **{f"{name} on": {name: on} for name, (on, _) in SWITCHES.items()},
    **{f"{name} off": {name: off} for name, (_, off) in SWITCHES.items()},
    "own variables": {"env": {"WP_DEBUG": "$(HOST)", "ODD": "{{ x }}: 'y'\n"}},
    "a name of its own": {"name": "shop", "service": Service(node_port=30080)},
    **{
        f"selector: {name}": {
            "wordpress": WordPress(selector=selector),
            "network_policy": NetworkPolicy(enabled=True),
        }
        for name, selector in SELECTORS.items()
    },
}


@pytest.fixture(params=["Test", "Production"], scope="module")
def group(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=VARIANTS, scope="module")
def site(request: pytest.FixtureRequest, group: str) -> Shipped:
    return shipped(group, **VARIANTS[request.param])


def values(node: object, key: str) -> Iterator[Any]:
    """What each `key` at any depth holds."""
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == key:
                yield inner
            yield from values(inner, key)
    if isinstance(node, list):
        for inner in node:
            yield from values(inner, key)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Kubernetes' rule for a selector with matchLabels and matchExpressions."""
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    expressions = selector.get("matchExpressions", [])
    assert {expression["operator"] for expression in expressions} <= {"In"}
    return all(
        labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()
    ) and all(labels.get(one["key"]) in one["values"] for one in expressions)


def test_no_object_holds_a_parameters_value(site: Shipped) -> None:
    assert "value of " not in json.dumps(site.objects)


def test_a_container_has_every_variable_by_a_reference_that_leads_somewhere(site: Shipped) -> None:
    for what, pod in site.pods:
        [container] = pod["spec"]["containers"]
        both = [site.configs.site, site.configs.install]
        known = {
            (source, config.name, key)
            for config in (both if what == "Job install" else both[:1])
            if config
            for source, item in (
                ("secretKeyRef", config.secret),
                ("configMapKeyRef", config.config_map),
            )
            for key in item["data"]
        }
        found = set()
        for item in container["env"]:
            [(source, reference)] = item["valueFrom"].items()
            assert item == {"name": item["name"], "valueFrom": {source: reference}}
            assert reference["key"] == item["name"]
            found.add((source, reference["name"], item["name"]))
        assert found == known


def test_nobody_but_the_job_gets_the_administrators_password(site: Shipped) -> None:
    name = "WORDPRESS_DB_ADMIN_PASSWORD"
    for what, pod in site.pods:
        [container] = pod["spec"]["containers"]
        assert (name in {item["name"] for item in container["env"]}) is (what == "Job install")


def test_a_container_runs_the_image_by_its_digest(site: Shipped) -> None:
    assert set(values(site.objects, "image")) == {RELEASE.image}


def test_a_pod_can_do_nothing_that_it_needs_not_do(site: Shipped) -> None:
    for _, pod in site.pods:
        spec = pod["spec"]
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 33,
            "runAsGroup": 33,
            "fsGroup": 33,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert [container["securityContext"] for container in spec["containers"]] == [
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
        ]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        assert spec["serviceAccountName"] == site.objects["ServiceAccount"]["metadata"]["name"]
    assert site.objects["ServiceAccount"]["automountServiceAccountToken"] is False


def test_wordpress_can_write_to_tmp_and_uploads_alone(site: Shipped) -> None:
    for what, pod in site.pods:
        [container] = pod["spec"]["containers"]
        assert container["volumeMounts"] == [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            {"name": "uploads", "mountPath": "/var/www/html/wp-content/uploads"},
        ]
        claim = {"persistentVolumeClaim": {"claimName": f"{site.env.name}-uploads"}}
        # A Job may run before the claim is there.
        shares = site.env.uploads.enabled and not what.startswith("Job ")
        assert pod["spec"]["volumes"] == [
            {"name": "tmp", "emptyDir": {}},
            {"name": "uploads", **(claim if shares else {"emptyDir": {}})},
        ]


def test_quantities_are_canonical(site: Shipped) -> None:
    resources = [value for value in values(site.objects, "resources") if value]
    quantities = [
        quantity
        for resource in resources
        for amounts in resource.values()
        for quantity in amounts.values()
    ]
    assert [checks.quantity(quantity) for quantity in quantities] == quantities


def test_the_environment_files_say_what_a_pod_needs(group: str) -> None:
    for _, pod in shipped(group).pods:
        [container] = pod["spec"]["containers"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert set(container["resources"]["limits"]) == {"memory"}


def test_labels_and_annotations_are_strings(site: Shipped) -> None:
    for key in ("labels", "annotations", "matchLabels"):
        for mapping in values(site.objects, key):
            assert {type(value) for value in mapping.values()} == {str}


def test_the_deployments_pods_are_found_and_no_other(site: Shipped) -> None:
    pods = {kind: pod["metadata"]["labels"] for kind, pod in site.pods}
    deployment, service = site.objects["Deployment"]["spec"], site.objects["Service"]["spec"]
    constraints = deployment["template"]["spec"]["topologySpreadConstraints"]
    selectors = [
        deployment["selector"],
        {"matchLabels": service["selector"]},
        *(constraint["labelSelector"] for constraint in constraints),
    ]
    if budget := site.objects.get("PodDisruptionBudget"):
        selectors.append(budget["spec"]["selector"])
    for selector in selectors:
        assert {kind for kind, found in pods.items() if selects(selector, found)} == {"Deployment"}


def test_a_network_policy_is_for_all_pods(site: Shipped) -> None:
    if policy := site.objects.get("NetworkPolicy"):
        for _, pod in site.pods:
            assert selects(policy["spec"]["podSelector"], pod["metadata"]["labels"])


def test_visitors_find_their_way_to_the_container(site: Shipped) -> None:
    deployment, service = site.objects["Deployment"]["spec"], site.objects["Service"]
    [container] = deployment["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    [port] = service["spec"]["ports"]
    assert (port["name"], port["port"], port["targetPort"]) == ("http", 80, "http")
    for backend in values(site.objects.get("Ingress"), "backend"):
        name = service["metadata"]["name"]
        assert backend == {"service": {"name": name, "port": {"name": "http"}}}


def test_objects_are_in_the_environments_namespace_with_wpdeploys_labels(site: Shipped) -> None:
    for manifest in site.objects.values():
        metadata = manifest["metadata"]
        assert metadata["namespace"] == site.env.namespace
        suffix = r"-(cron|uploads|(install|upgrade)-[0-9a-f]{10})$"
        assert re.sub(suffix, "", metadata["name"]) == site.env.name
        assert metadata["labels"] == {
            "app.kubernetes.io/name": "wordpress",
            "app.kubernetes.io/instance": site.env.name,
            "app.kubernetes.io/part-of": "wordpress",
            "app.kubernetes.io/managed-by": "wpdeploy",
        }


def test_the_longest_name_that_is_allowed_fits_every_object() -> None:
    longest = max(filter(allowed, ("a" * length for length in range(1, 64))), key=len)
    objects = shipped(**{**VARIANTS["all on"], "name": longest}).objects
    assert len(objects["Service"]["metadata"]["name"]) <= 63
    assert len(objects["CronJob"]["metadata"]["name"]) <= 52
    assert all(
        len(label) <= 63 for labels in values(objects, "labels") for label in labels.values()
    )


def allowed(name: str) -> bool:
    try:
        return checks.base_name(name) == name
    except ValueError:
        return False


def test_the_same_image_from_another_build_restarts_no_pod(group: str) -> None:
    other = replace(RELEASE, commit="decade", build="wordpress:18", time="2026-11-02T12:00:00Z")
    one, two = shipped(group), shipped(group, other)
    assert list(two.pods) == list(one.pods)
    assert two.objects["Deployment"]["metadata"]["annotations"] == {
        "wpdeploy/commit": "decade",
        "wpdeploy/build": "wordpress:18",
        "wpdeploy/built-at": "2026-11-02T12:00:00Z",
    }
