"""What an API server has from its start: namespaces, the roles to look around."""

from sandbox.kubernetes.registry import Registry
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.targets import Asked, Target

_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_GROUP = "rbac.authorization.k8s.io"
_HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_DOCUMENTS = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"]
_EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_OWN_RIGHTS = {
    "apiGroups": ["authorization.k8s.io"],
    "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    "verbs": ["create"],
}
# ClusterRoles with their rules, and the groups that they are bound to.
_ROLES: dict[str, tuple[list[Json], list[str]]] = {
    "cluster-admin": (
        [_EVERYTHING, {"nonResourceURLs": ["*"], "verbs": ["*"]}],
        ["system:masters"],
    ),
    "system:discovery": (
        [{"nonResourceURLs": [*_DOCUMENTS, *_HEALTH], "verbs": ["get"]}],
        ["system:authenticated"],
    ),
    "system:basic-user": ([_OWN_RIGHTS], ["system:authenticated"]),
    "system:public-info-viewer": (
        [{"nonResourceURLs": _HEALTH, "verbs": ["get"]}],
        ["system:authenticated", "system:unauthenticated"],
    ),
}


def furnish(registry: Registry) -> None:
    """Make all of it."""
    asked = Asked("kube-apiserver")

    def create(storage: str, name: str, **body: object) -> None:
        target = Target(registry.catalog.stored(storage), "", name)
        registry.create(target, {"metadata": {"name": name}, **body}, asked)

    for name in _NAMESPACES:
        create("/namespaces", name)
    for name, (rules, groups) in _ROLES.items():
        create(f"{_GROUP}/clusterroles", name, rules=rules)
        subjects = [{"apiGroup": _GROUP, "kind": "Group", "name": each} for each in groups]
        reference = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name}
        binding = f"{_GROUP}/clusterrolebindings"
        create(binding, name, roleRef=reference, subjects=subjects)
