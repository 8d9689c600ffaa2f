"""What wpdeploy may have to do, beside k8s/cluster/role.yaml and an API server's rules."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from wpdeploy.rights import (
    RIGHTS,
    Right,
    access_review,
    of_rules,
    rules_review,
    to_apply,
    ungranted,
)

ROLE, BINDING = yaml.safe_load_all(
    (Path(__file__).parent.parent.parent / "k8s/cluster/role.yaml").read_text()
)
PODS = Right("", "pods", "list")
SCALE = Right("apps", "deployments", "patch")


def rule(group: str, resource: str, *verbs: str, **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **more}


def test_the_role_grants_what_is_needed_and_nothing_else() -> None:
    assert sorted(of_rules(ROLE["rules"]), key=str) == sorted(RIGHTS, key=str)


def test_a_rule_grants_each_verb_on_each_resource_of_each_group() -> None:
    rule = {"apiGroups": ["", "apps"], "resources": ["a", "b"], "verbs": ["get", "list"]}
    found = {(each.group, each.resource, each.verb) for each in of_rules([rule])}
    assert found == {(g, r, v) for g in ("", "apps") for r in "ab" for v in ("get", "list")}
    assert of_rules([{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}, {}]) == ()


@pytest.mark.parametrize(
    ("api_version", "kind", "group", "resource"),
    [
        ("v1", "Namespace", "", "namespaces"),
        ("rbac.authorization.k8s.io/v1", "Role", "rbac.authorization.k8s.io", "roles"),
    ],
)
def test_an_apply_needs_to_get_create_and_patch(
    api_version: str, kind: str, group: str, resource: str
) -> None:
    needed = to_apply({"apiVersion": api_version, "kind": kind, "metadata": {"name": "w"}})
    assert needed == tuple(Right(group, resource, verb) for verb in ("get", "create", "patch"))


def test_no_secret_can_be_listed() -> None:
    assert not [
        right for right in RIGHTS if right.resource == "secrets" and right.verb in {"list", "watch"}
    ]


def test_the_role_s_own_rules_leave_nothing_out() -> None:
    assert ungranted(RIGHTS, ROLE["rules"]) == []


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        pytest.param([], [PODS, SCALE], id="none"),
        pytest.param([rule("", "pods", "list", "get")], [SCALE], id="one of them"),
        pytest.param([rule("*", "*", "*")], [], id="everything"),
        pytest.param([rule("apps", "*", "patch")], [PODS], id="every resource of a group"),
        pytest.param([rule("extensions", "deployments", "patch")], [PODS, SCALE], id="elsewhere"),
        pytest.param([rule("", "pods", "watch")], [PODS, SCALE], id="another verb"),
        pytest.param([rule("", "pods/log", "list")], [PODS, SCALE], id="a subresource"),
        pytest.param(
            [rule("", "pods", "list", resourceNames=["one"])], [PODS, SCALE], id="a single object"
        ),
        pytest.param([{"verbs": ["list"]}], [PODS, SCALE], id="neither group nor resource"),
    ],
)
def test_what_rules_do_not_grant(rules: list[dict[str, Any]], missing: list[Right]) -> None:
    assert ungranted([PODS, SCALE], rules) == missing


@pytest.mark.parametrize(
    ("right", "needed"),
    [
        (Right("", "pods", "watch"), True),
        (Right("coordination.k8s.io", "leases", "update"), True),
        (Right("", "configmaps", "list"), True),
        (Right("", "secrets", "delete"), True),
        # A dry-run of what the release has tells of these.
        (Right("", "secrets", "patch"), False),
        (Right("autoscaling", "horizontalpodautoscalers", "get"), False),
        # Only looked at beforehand.
        (Right("", "namespaces", "get"), False),
        (Right("", "resourcequotas", "list"), False),
    ],
)
def test_which_are_needed_whatever_is_deployed(right: Right, *, needed: bool) -> None:
    assert right in RIGHTS
    assert right.is_always_needed is needed


def test_the_questions() -> None:
    assert rules_review("blog")["spec"] == {"namespace": "blog"}
    assert access_review("blog", SCALE)["spec"] == {
        "resourceAttributes": {
            "namespace": "blog",
            "group": "apps",
            "resource": "deployments",
            "verb": "patch",
        }
    }
