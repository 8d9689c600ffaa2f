"""The scripts about what `bootstrap` applies, by name; what is in no namespace is called NS."""

from collections.abc import Sequence
from typing import Any

from tests.differential.api import MERGE, Json, Step
from tests.differential.bodies import RBAC, apply
from tests.differential.waits import Action

SPACE = "/api/v1/namespaces/NS"
STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
INGRESS = "/apis/networking.k8s.io/v1/ingressclasses"
_GROUP = "rbac.authorization.k8s.io"


def _object(api_version: str, kind: str, **more: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "NS"}, **more}


def _namespace(**labels: str) -> Json:
    return _object("v1", "Namespace", metadata={"name": "NS", "labels": labels})


def _storage(**more: Any) -> Json:
    found = _object("storage.k8s.io/v1", "StorageClass", provisioner="efs.csi.aws.com")
    return found | {"parameters": {"fileSystemId": "fs-1"}, "reclaimPolicy": "Retain"} | more


def _ingress(controller: str = "eks.amazonaws.com/alb", **parameters: str) -> Json:
    reference = {"apiGroup": "eks.amazonaws.com", "kind": "IngressClassParams", **parameters}
    spec = {"controller": controller, **({"parameters": reference} if parameters else {})}
    return _object("networking.k8s.io/v1", "IngressClass", spec=spec)


def _role(*verbs: str) -> Json:
    rule = {"apiGroups": [""], "resources": ["pods", "services"], "verbs": list(verbs)}
    metadata = {"name": "tool", "namespace": "NS"}
    return {"apiVersion": f"{_GROUP}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]}


def _binding(role: str) -> Json:
    metadata = {"name": "tool", "namespace": "NS"}
    reference = {"apiGroup": _GROUP, "kind": "Role", "name": role}
    subject = {"apiGroup": _GROUP, "kind": "Group", "name": "tool"}
    found = {"apiVersion": f"{_GROUP}/v1", "kind": "RoleBinding", "metadata": metadata}
    return found | {"roleRef": reference, "subjects": [subject]}


BOOTSTRAP: dict[str, Sequence[Action]] = {
    "apply of a Namespace": [
        apply(SPACE, _namespace(enforce="restricted"), dryRun="All"),
        apply(SPACE, _namespace(enforce="restricted")),
        apply(SPACE, _namespace(enforce="restricted")),
        Step("PATCH", SPACE, {"metadata": {"labels": {"team": "blue"}}}, MERGE),
        apply(SPACE, _namespace(enforce="restricted", part="site")),
        apply(SPACE, _namespace(team="red")),
        apply(SPACE, _namespace()),
        apply("/api/v1/namespaces/no-such/configmaps/x", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, dryRun="All"),
        apply(f"{SPACE}-Bad", _object("v1", "Namespace", metadata={"name": "NS-Bad"})),
    ],
    "apply of a Role and its binding": [
        apply(f"{RBAC}/roles/tool", _role("get")),
        apply(f"{RBAC}/rolebindings/tool", _binding("tool")),
        apply(f"{RBAC}/roles/tool", _role("get")),
        apply(f"{RBAC}/roles/tool", _role("get", "list"), dryRun="All"),
        Step("PATCH", f"{RBAC}/roles/tool", {"rules": _role("delete")["rules"]}, MERGE,
             {"fieldManager": "other"}),
        apply(f"{RBAC}/roles/tool", _role("get")),
        apply(f"{RBAC}/roles/tool", _role("get"), force="true"),
        apply(f"{RBAC}/rolebindings/tool", _binding("other")),
        Step("GET", f"{RBAC}/roles/tool"),
    ],
    "apply of a StorageClass": [
        apply(f"{STORAGE}/NS", _storage(), dryRun="All"),
        apply(f"{STORAGE}/NS", _storage()),
        apply(f"{STORAGE}/NS", _storage()),
        apply(f"{STORAGE}/NS", _storage(parameters={"fileSystemId": "fs-2"})),
        apply(f"{STORAGE}/NS", _storage(provisioner="x.example", reclaimPolicy="Delete")),
        apply(f"{STORAGE}/NS", _storage(volumeBindingMode="WaitForFirstConsumer")),
        apply(f"{STORAGE}/NS", _storage(mountOptions=["tls"])),
        apply(f"{STORAGE}/NS-2", _object("storage.k8s.io/v1", "StorageClass", metadata={
            "name": "NS-2"})),
        Step("GET", f"{STORAGE}/NS"),
        Step("DELETE", f"{STORAGE}/NS"),
        Step("GET", f"{STORAGE}/NS"),
    ],
    "apply of an IngressClass": [
        apply(f"{INGRESS}/NS", _ingress(), dryRun="All"),
        apply(f"{INGRESS}/NS", _ingress()),
        apply(f"{INGRESS}/NS", _ingress(name="alb")),
        apply(f"{INGRESS}/NS", _ingress("ingress.example/other", name="alb")),
        apply(f"{INGRESS}/NS", _ingress(name="other"), "somebody"),
        apply(f"{INGRESS}/NS-2", _object("networking.k8s.io/v1", "IngressClass", metadata={
            "name": "NS-2"})),
        Step("DELETE", f"{INGRESS}/NS"),
    ],
}  # fmt: skip
