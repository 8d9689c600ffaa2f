"""Rights: what wpdeploy may have to do in the namespace of an environment.

k8s/cluster/role.yaml grants them, and nothing else; a test compares the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wpdeploy.kinds import KINDS, Manifest, kind_of

AUTHORIZATION = "authorization.k8s.io/v1"
_APPLIED = ("get", "create", "patch")
_WATCHED = ("list", "watch")
_PRUNED = ("list", "delete")
_ANY = "*"


@dataclass(frozen=True)
class Right:
    """A verb on a resource of an API group; RESOURCE/SUBRESOURCE where it is on a part of it."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"

    @property
    def is_always_needed(self) -> bool:
        """Whether a deployment needs it whatever it deploys, and no dry-run shows it."""
        plurals = {kind.plural for kind in KINDS.values()}
        rehearsed = self.resource in plurals and self.verb in _APPLIED
        return not rehearsed and self not in _FOR_DOCTOR


def _rights(group: str, resources: Sequence[str], verbs: Sequence[str]) -> tuple[Right, ...]:
    return tuple(Right(group, resource, verb) for resource in resources for verb in verbs)


_FOR_DOCTOR = (
    *_rights("", ("namespaces",), ("get",)),
    *_rights("", ("resourcequotas",), ("list",)),
)
RIGHTS = (
    *_rights(
        "",
        ("serviceaccounts", "secrets", "configmaps", "persistentvolumeclaims", "services"),
        _APPLIED,
    ),
    *_rights("apps", ("deployments",), (*_APPLIED, *_WATCHED)),
    *_rights("autoscaling", ("horizontalpodautoscalers",), _APPLIED),
    *_rights("policy", ("poddisruptionbudgets",), _APPLIED),
    *_rights("batch", ("cronjobs", "jobs"), _APPLIED),
    *_rights("networking.k8s.io", ("ingresses", "networkpolicies"), _APPLIED),
    *_rights("coordination.k8s.io", ("leases",), ("get", "create", "update")),
    *_rights("", ("configmaps",), _PRUNED),
    *_rights("", ("secrets",), ("delete",)),
    *_rights("autoscaling", ("horizontalpodautoscalers",), _PRUNED),
    *_rights("policy", ("poddisruptionbudgets",), _PRUNED),
    *_rights("batch", ("cronjobs", "jobs"), _PRUNED),
    *_rights("networking.k8s.io", ("ingresses", "networkpolicies"), _PRUNED),
    *_rights("batch", ("jobs",), ("watch",)),
    *_rights("apps", ("replicasets",), _WATCHED),
    *_rights("", ("pods", "endpoints", "events"), _WATCHED),
    *_rights("discovery.k8s.io", ("endpointslices",), _WATCHED),
    *_rights("", ("pods/proxy", "pods/log"), ("get",)),
    *_FOR_DOCTOR,
)


# By either of which somebody may give in a Role, or by a binding, what he has not himself.
GRANTING = (
    Right("rbac.authorization.k8s.io", "roles", "escalate"),
    Right("rbac.authorization.k8s.io", "roles", "bind"),
)


def to_apply(manifest: Manifest) -> tuple[Right, ...]:
    """What an apply of the object needs."""
    group = manifest["apiVersion"].rpartition("/")[0]
    return _rights(group, (kind_of(manifest).plural,), _APPLIED)


def of_rules(rules: Iterable[Manifest]) -> tuple[Right, ...]:
    """The rights that a Role's rules grant."""
    return tuple(
        right
        for rule in rules
        for group in rule.get("apiGroups") or ()
        for right in _rights(group, rule.get("resources") or (), rule.get("verbs") or ())
    )


def ungranted(wanted: Iterable[Right], rules: Sequence[Manifest]) -> list[Right]:
    """The rights that none of the rules grants; a SelfSubjectRulesReview lists the rules."""
    return [right for right in wanted if not any(_grants(rule, right) for rule in rules)]


def rules_review(namespace: str) -> Manifest:
    """What asks for the rules of a namespace, all at once."""
    return _review("SelfSubjectRulesReview", {"namespace": namespace})


def access_review(namespace: str, right: Right) -> Manifest:
    """What asks for a right."""
    resource, _, part = right.resource.partition("/")
    attributes = {"group": right.group, "resource": resource, "verb": right.verb}
    if part:
        attributes["subresource"] = part
    spec = {"resourceAttributes": {"namespace": namespace, **attributes}}
    return _review("SelfSubjectAccessReview", spec)


def _review(kind: str, spec: Manifest) -> Manifest:
    # The API server takes no name; messages have one.
    return {"apiVersion": AUTHORIZATION, "kind": kind, "spec": spec}


def _grants(rule: Manifest, right: Right) -> bool:
    if rule.get("resourceNames"):
        return False
    asked = {"apiGroups": right.group, "resources": right.resource, "verbs": right.verb}
    return all({_ANY, value} & set(rule.get(key) or ()) for key, value in asked.items())
