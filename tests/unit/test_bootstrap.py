"""What `bootstrap` applies for an environment: the files of k8s/cluster, right and wrong."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.shipped import ROOT
from wpdeploy import bootstrap, settings
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import Manifest, title
from wpdeploy.settings import Ingress, NetworkPolicy, Settings, Uploads

CONTEXT = DeploymentContext("Test", "d-1", ROOT, ROOT, ROOT / "release.json")
EFS = Uploads(enabled=True, storage_class="efs", file_system="fs-01234567")
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ namespace }}\n"
LABELS = {
    "app.kubernetes.io/part-of": "wordpress",
    "app.kubernetes.io/managed-by": "wpdeploy",
}
ALWAYS = ["Namespace wordpress-test", "Role wpdeploy", "RoleBinding wpdeploy"]
CLASSES = ["IngressClassParams alb", "IngressClass alb"]
POLICIES = "ConfigMap amazon-vpc-cni"


def env(**sections: Any) -> Settings:
    return replace(settings.read(CONTEXT), **sections)


def rendered(**sections: Any) -> Mapping[str, Manifest]:
    return {title(item): item for item in bootstrap.render(CONTEXT, env(**sections))}


def faults(directory: Path, **files: str) -> tuple[str, ...]:
    """What is said of these files of k8s/cluster."""
    cluster = directory / "k8s" / "cluster"
    cluster.mkdir(parents=True)
    for name, text in {"namespace_yaml_j2": NAMESPACE, **files}.items():
        (cluster / name.replace("_", ".")).write_text(text)
    context = replace(CONTEXT, bundle=directory)
    with pytest.raises(ManifestError) as caught:
        bootstrap.render(context, env())
    assert caught.value.where == "k8s/cluster"
    return caught.value.problems


@pytest.mark.parametrize(
    ("sections", "titles"),
    [
        ({}, [*ALWAYS, *CLASSES]),
        ({"ingress": Ingress(enabled=False)}, ALWAYS),
        ({"ingress": Ingress(class_name="nginx")}, ALWAYS),
        ({"uploads": EFS}, [*ALWAYS, "StorageClass efs", *CLASSES]),
        ({"network_policy": NetworkPolicy(enabled=True)}, [*ALWAYS, POLICIES, *CLASSES]),
        ({"uploads": replace(EFS, enabled=False)}, [*ALWAYS, *CLASSES]),
        ({"uploads": replace(EFS, file_system=None)}, [*ALWAYS, *CLASSES]),
    ],
)
def test_what_an_environment_needs_is_made_in_order(
    sections: Mapping[str, Any], titles: list[str]
) -> None:
    assert list(rendered(**sections)) == titles


def test_every_object_has_the_labels_that_environments_share_and_its_place() -> None:
    inside = dict.fromkeys(["Role wpdeploy", "RoleBinding wpdeploy"], "wordpress-test")
    places = {**inside, POLICIES: "kube-system"}
    found = rendered(uploads=EFS, network_policy=NetworkPolicy(enabled=True))
    for name, item in found.items():
        metadata = item["metadata"]
        assert metadata["labels"].items() >= LABELS.items()
        assert "app.kubernetes.io/instance" not in metadata["labels"]
        assert metadata.get("namespace") == places.get(name)


def test_the_namespace_admits_restricted_pods_alone() -> None:
    labels = rendered()["Namespace wordpress-test"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_uploads_outlive_their_claim_and_belong_to_the_user_of_the_pods() -> None:
    made = rendered(uploads=EFS)["StorageClass efs"]
    assert made["reclaimPolicy"] == "Retain"
    assert made["parameters"].items() >= {"fileSystemId": "fs-01234567", "uid": "33"}.items()


def test_the_class_leaves_scheme_and_certificate_to_the_environments_that_share_it() -> None:
    made = rendered()
    assert made["IngressClassParams alb"]["spec"] == {}
    assert made["IngressClass alb"]["spec"]["controller"] == bootstrap.CONTROLLER


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x_yaml", "a: 1\na: 2\n", 'x.yaml: line 2: the key "a" is here already in line 1'),
        (
            "x_yaml",
            "name: {{ name }}\n",
            "x.yaml: line 1: a key must be a string: put it in quotes",
        ),
        ("x_yml", "kind: Pod\n", "x.yml: kind is 'Pod', but must be one of Namespace, Role, "),
        ("x_yaml_j2", "kind: Deployment\n", "x.yaml.j2: kind is 'Deployment', but must be one of "),
        ("x_yaml", "kind: Secret\n", "x.yaml: a template makes no Secret: what is rendered is "),
        ("x_yaml_j2", "kind: {{ nam }}\n", "x.yaml.j2: line 1: 'nam' is undefined"),
        ("x_yaml_j2", NAMESPACE, "x.yaml.j2: Namespace wordpress-test is already in namespace."),
        (
            "namespace_yaml_j2",
            NAMESPACE.replace("{{ namespace }}", "other"),
            "no template makes the Namespace wordpress-test",
        ),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path: Path, name: str, text: str, problem: str) -> None:
    [found] = faults(tmp_path, **{name: text})
    assert found.startswith(problem)


def test_without_a_file_there_is_nothing_to_apply(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no template"):
        bootstrap.render(replace(CONTEXT, bundle=tmp_path), env())


OTHER: Manifest = {"spec": {"controller": "ingress.k8s.aws/alb"}}
OURS: Manifest = {"spec": {"controller": bootstrap.CONTROLLER}}


@pytest.mark.parametrize(
    ("live", "is_auto_mode", "why_not"),
    [
        (None, True, ""),
        (OURS, True, ""),
        (OTHER, True, "it is there, and served by ingress.k8s.aws/alb"),
        (OTHER, False, "it is there, and served by ingress.k8s.aws/alb"),
        (
            None,
            False,
            "the cluster has no IngressClassParams of eks.amazonaws.com/v1, as EKS Auto ",
        ),
        (
            OURS,
            False,
            "the cluster has no IngressClassParams of eks.amazonaws.com/v1, as EKS Auto ",
        ),
    ],
)
def test_which_class_is_left_alone(
    live: Manifest | None, why_not: str, *, is_auto_mode: bool
) -> None:
    found = bootstrap.why_no_class(live, is_auto_mode=is_auto_mode)
    assert found.startswith(why_not)
    assert bool(found) is bool(why_not)


@pytest.mark.parametrize(
    ("params", "note"),
    [
        (None, ""),
        ({}, ""),
        ({"spec": None}, ""),
        ({"spec": {"scheme": "internal"}}, ""),
        (
            {"spec": {"scheme": "internet-facing"}},
            "its spec.scheme, internet-facing, overrules ingress.scheme, which is internal",
        ),
    ],
)
def test_a_class_that_opens_what_the_environment_keeps_inside_is_told(
    params: Manifest | None, note: str
) -> None:
    assert bootstrap.scheme_note(params, "internal") == note


def test_a_storage_class_whose_driver_is_missing_is_told() -> None:
    made = rendered(uploads=EFS)["StorageClass efs"]
    assert "aws-efs-csi-driver" in bootstrap.driver_note(made, None)
    assert bootstrap.driver_note(made, {}) == ""
    assert bootstrap.driver_note({"provisioner": "nfs.example"}, None) == ""
