"""The scripts about who may do what, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tests.differential.api import MERGE, Json, Step
from tests.differential.bodies import (
    CONFIG,
    CONFIGMAPS,
    CORE,
    DEPLOYMENT,
    RBAC,
    REVIEW,
    apply,
    config,
    deployment,
)
from tests.differential.waits import Action, Until

# What an administrator applies for wpdeploy, and the user who is to get along with it.
OWN_ROLE, OWN_BINDING = yaml.safe_load_all(
    (Path(__file__).parent.parent.parent / "k8s/cluster/role.yaml").read_text()
)
BASTION = {"Impersonate-User": "bastion", "Impersonate-Group": "wpdeploy"}
STRANGER = {"Impersonate-User": "stranger"}
OWNER = {"Impersonate-User": "owner"}
ACCOUNT = {"Impersonate-User": "system:serviceaccount:NS:default"}
NOBODY = {
    "Impersonate-User": "system:anonymous",
    "Impersonate-Group": "system:unauthenticated",
}
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
POLICIES = "/apis/policy/v1/namespaces/NS/poddisruptionbudgets"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/NS/leases"


def by(user: Mapping[str, str], *steps: Step) -> list[Step]:
    """The same steps by somebody else."""
    return [replace(step, headers={**step.headers, **user}) for step in steps]


def get(*paths: str, **query: str) -> list[Step]:
    return [Step("GET", path, query=query) for path in paths]


def may(verb: str, resource: str, **at: str) -> Step:
    """Ask whether one may; in this namespace unless another is named."""
    attributes = {"verb": verb, "resource": resource, "namespace": "NS", **at}
    return Step("POST", REVIEWS, {"spec": {"resourceAttributes": attributes}})


def may_path(verb: str, path: str) -> Step:
    attributes = {"verb": verb, "path": path}
    return Step("POST", REVIEWS, {"spec": {"nonResourceAttributes": attributes}})


def rule(resources: list[str], verbs: list[str], group: str = "", **more: Any) -> Json:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs, **more}


def role(name: str, *rules: Json) -> Step:
    return Step("POST", f"{RBAC}/roles", {"metadata": {"name": name}, "rules": list(rules)})


def bound(name: str, reference: str, kind: str = "Role", user: str = "stranger") -> Step:
    ref = {"kind": kind, "name": reference, "apiGroup": "rbac.authorization.k8s.io"}
    subject = {"kind": "User", "name": user}
    if user == "default":
        subject = {"kind": "ServiceAccount", "name": user, "namespace": "NS"}
    body = {"metadata": {"name": name}, "roleRef": ref, "subjects": [subject]}
    return Step("POST", f"{RBAC}/rolebindings", body)


def allowed(user: Mapping[str, str], review: Step) -> Until:
    """The real server hears of a new Role a moment later."""
    (asked,) = by(user, review)
    return Until("a right is known", lambda api: bool(api.send(asked).body["status"]["allowed"]))


def told(user: Mapping[str, str], review: Step) -> Until:
    """The same of a binding that says something, but allows nothing."""
    (asked,) = by(user, review)
    return Until("a reason is known", lambda api: "reason" in api.send(asked).body["status"])


ACCESS: dict[str, Sequence[Action]] = {
    "the role of k8s/cluster": [
        *by(BASTION, *get(CONFIG), may("get", "configmaps")),
        Step("POST", f"{RBAC}/rolebindings", OWN_BINDING),
        told(BASTION, may("get", "configmaps")),
        *by(BASTION, *get(CONFIG), may("get", "configmaps")),
        Step("POST", f"{RBAC}/roles", OWN_ROLE),
        allowed(BASTION, may("get", "configmaps")),
        *by(
            BASTION,
            *get(CONFIG),
            apply(CONFIG, config(data={"a": "1"})),
            *get(CONFIGMAPS, f"{CORE}/secrets", f"{CORE}/secrets/x", f"{CORE}/pods"),
            *get(f"{CORE}/pods/x", f"{CORE}/pods/x/log", f"{CORE}/pods/x/proxy/"),
            *get("/api/v1/nodes", "/api/v1/namespaces/NS", "/api/v1/namespaces", "/api/v1/pods"),
            *get(DEPLOYMENT, f"{DEPLOYMENT}/status", f"{DEPLOYMENT}/scale", f"{LEASES}/lock"),
            *get("/api/v1/namespaces/default/configmaps/x", f"{LEASES}"),
            *get("/apis/batch/v1/namespaces/NS/jobs", "/apis/no.such/v1/namespaces/NS/things/x"),
            *get("/api/v1/namespaces/NS/things", "/nothing", "/metrics", "/healthz"),
            *get(CONFIGMAPS, watch="true"),
            *get(f"{CORE}/pods", watch="true", timeoutSeconds="1", labelSelector="x=y"),
            Step("POST", f"{CORE}/services/x/proxy/", {}),
            Step("POST", "/api", {}),
            Step("DELETE", CONFIG),
            Step("DELETE", CONFIGMAPS),
            Step("PUT", CONFIG, config()),
            Step("PATCH", CONFIG, {"data": {"x": "1"}}, MERGE),
            apply(f"{POLICIES}/x", {}),
            may("list", "pods"),
            may("list", "pods", namespace=""),
            may("get", "pods", subresource="log"),
            may("*", "*"),
            may("create", "deployments", group="apps", name="web", version="v1"),
            may("create", "deployments"),
            may("create", "deployments", group="apps", namespace="default"),
            *(may_path("get", path) for path in ("/version", "/x", "/api/v1")),
            may_path("post", "/version"),
        ),
        *by(STRANGER, *get(CONFIG), may("get", "configmaps")),
        *by(NOBODY, *get(CONFIG, "/healthz", "/api")),
    ],
    "reviews": [
        Step("POST", REVIEWS, REVIEW),
        Step("POST", REVIEWS, REVIEW, query={"dryRun": "All"}),
        Step("POST", REVIEWS, {"spec": {}}),
        Step("POST", REVIEWS, {"spec": {
            "nonResourceAttributes": {"path": "/x", "verb": "get"},
            "resourceAttributes": {"verb": "get", "resource": "pods"}}}),
        Step("GET", REVIEWS),
        Step("DELETE", f"{REVIEWS}/x"),
        Step("POST", RULES, {"spec": {}}),
        Step("GET", RULES),
    ],
    "a patch that may not create": [
        role("patcher", rule(["configmaps"], ["patch"]), rule(["deployments"], ["patch"], "apps")),
        bound("patcher", "patcher"),
        allowed(STRANGER, may("patch", "configmaps")),
        *by(
            STRANGER,
            apply(CONFIG, config(data={"a": "1"})),
            apply(CONFIG, config(data={"a": "1"}), dryRun="All"),
            apply(CONFIG, config(data=["a"])),
            apply(CONFIG, config(name="Bad_name")),
            apply(DEPLOYMENT, deployment(replicas=-1)),
            apply(CONFIG, config(apiVersion="v2")),
            Step("PATCH", CONFIG, {"data": {"a": "2"}}, MERGE),
            apply("/api/v1/namespaces/no-such/configmaps/x", config("x")),
        ),
        Step("POST", CONFIGMAPS, config()),
        *by(STRANGER, apply(CONFIG, config(data={"a": "1"}))),
    ],
    "rules": [
        role("one", rule(["configmaps"], ["get", "list", "watch", "create"],
                         resourceNames=["settings"])),
        bound("one", "one"),
        allowed(STRANGER, may("get", "configmaps", name="settings")),
        *by(
            STRANGER,
            *get(CONFIG, f"{CONFIGMAPS}/other", CONFIGMAPS),
            *get(CONFIGMAPS, fieldSelector="metadata.name=settings"),
            Step("POST", CONFIGMAPS, config()),
        ),
        role("parts", rule(["pods/*"], ["get"]), rule(["*/status"], ["get"], "*"),
             rule(["services/proxy"], ["*"])),
        bound("parts", "parts"),
        allowed(STRANGER, may("create", "services", subresource="proxy")),
        *by(
            STRANGER,
            *(may("get", "pods", subresource=each) for each in ("log", "status", "")),
            may("get", "deployments", group="apps", subresource="status"),
            may("create", "services", subresource="proxy"),
        ),
        bound("account", "one", user="default"),
        allowed(ACCOUNT, may("get", "configmaps", name="settings")),
        *by(ACCOUNT, may("get", "configmaps", name="settings")),
        bound("gone", "gone"),
        bound("all", "cluster-admin", "ClusterRole", "owner"),
        allowed(OWNER, may("get", "pods")),
        told(STRANGER, may("get", "pods")),
        *by(STRANGER, *get(f"{CORE}/pods"), may("get", "pods")),
        *by(OWNER, *get(f"{CORE}/pods"), may("get", "pods"), may("get", "pods", namespace="")),
    ],
}  # fmt: skip
