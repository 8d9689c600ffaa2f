"""Role-based access control: what Roles and their bindings allow, and who is refused."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from multidict import MultiMapping

from sandbox.kubernetes.access import ANONYMOUS, User, authenticated
from sandbox.kubernetes.actions import Action
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Named, StatusError, forbidden
from sandbox.kubernetes.store import Store

MASTERS = "system:masters"
_GROUP = "rbac.authorization.k8s.io"
_ROLES = {"Role": f"{_GROUP}/roles", "ClusterRole": f"{_GROUP}/clusterroles"}
_BINDINGS = {
    "ClusterRoleBinding": f"{_GROUP}/clusterrolebindings",
    "RoleBinding": f"{_GROUP}/rolebindings",
}
_ANY = "*"


class Decision(NamedTuple):
    """Whether something is allowed, and why."""

    allowed: bool
    reason: str = ""


# Is told of each right that was used: who did what.
Witness = Callable[[User, Action], None]


def nobody(_user: User, _wanted: Action) -> None:
    """A witness who keeps nothing."""


class Authorizer:
    """Decides by the Roles and bindings that are there now."""

    def __init__(self, store: Store, witness: Witness = nobody) -> None:
        self._store = store
        self._witness = witness

    def check(self, user: User, wanted: Action) -> None:
        """403 for what nothing allows."""
        decision = self.decide(user, wanted)
        if not decision.allowed:
            raise refusal(user, wanted, decision.reason)
        self._witness(user, wanted)

    def may(self, user: User, wanted: Action) -> bool:
        """Whether something allows it, for a request that does it if it may."""
        allowed = self.decide(user, wanted).allowed
        if allowed:
            self._witness(user, wanted)
        return allowed

    def pretended(self, user: User, headers: MultiMapping[str]) -> User:
        """Whom the user pretends to be; 403 where it may not."""
        name, groups = headers.get("Impersonate-User"), headers.getall("Impersonate-Group", [])
        if name is None:
            return user
        for resource, each in (("users", name), *(("groups", group) for group in groups)):
            self.check(user, Action("impersonate", resource=resource, name=each))
        return ANONYMOUS if name == ANONYMOUS.name else authenticated(User(name, tuple(groups)))

    def decide(self, user: User, wanted: Action) -> Decision:
        """Whether a rule of a role that is bound to the user allows it."""
        if MASTERS in user.groups:
            return Decision(allowed=True)
        problems = []
        for kind, binding in self._bindings(wanted.namespace):
            subject = _subject(user, binding)
            if subject is None:
                continue
            role = self._role(binding)
            if role is None:
                problems.append(_missing(binding))
            elif any(_allows(rule, wanted) for rule in role.get("rules") or ()):
                return Decision(allowed=True, reason=f"RBAC: {_allowed_by(kind, binding, subject)}")
        told = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        return Decision(allowed=False, reason=f"RBAC: {told}" if problems else "")

    def rules(self, user: User, namespace: str) -> list[Json]:
        """The rules of all roles that are bound to the user, for a namespace."""
        bound = (each for _, each in self._bindings(namespace) if _subject(user, each))
        roles = [role for each in bound if (role := self._role(each))]
        return [rule for role in roles for rule in role.get("rules") or ()]

    def _bindings(self, namespace: str) -> Iterator[tuple[str, Json]]:
        for kind, storage in _BINDINGS.items():
            if namespace or kind != "RoleBinding":
                place = namespace if kind == "RoleBinding" else ""
                yield from ((kind, each) for each in self._store.items(storage, place))

    def _role(self, binding: Json) -> Json | None:
        reference = binding["roleRef"]
        namespace = binding["metadata"].get("namespace", "") if _is_local(reference) else ""
        return self._store.get((_ROLES[reference["kind"]], namespace, reference["name"]))


def _is_local(reference: Json) -> bool:
    return bool(reference["kind"] == "Role")


def _subject(user: User, binding: Json) -> Json | None:
    """The subject of a binding that the user is."""
    place = binding["metadata"].get("namespace", "")
    return next((each for each in binding.get("subjects") or () if _is(user, each, place)), None)


def _is(user: User, subject: Json, place: str) -> bool:
    kind, name = subject["kind"], subject["name"]
    if kind == "Group":
        return name in user.groups
    if kind == "ServiceAccount":
        name = f"system:serviceaccount:{subject.get('namespace') or place}:{name}"
    return bool(user.name == name)


def _allows(rule: Json, wanted: Action) -> bool:
    if not _has(rule, "verbs", wanted.verb):
        return False
    if wanted.path:
        return any(_covers(each, wanted.path) for each in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _has(rule, "apiGroups", wanted.group)
        and _has_resource(rule, wanted.resource)
        and (not names or wanted.name in names)
    )


def _has(rule: Json, field: str, value: str) -> bool:
    found: Sequence[str] = rule.get(field) or ()
    return _ANY in found or value in found


def _has_resource(rule: Json, resource: str) -> bool:
    _, slash, sub = resource.partition("/")
    return _has(rule, "resources", resource) or (
        bool(slash) and f"{_ANY}/{sub}" in rule.get("resources", ())
    )


def _covers(pattern: str, path: str) -> bool:
    return pattern in (_ANY, path) or (
        pattern.endswith(_ANY) and path.startswith(pattern.rstrip(_ANY))
    )


def _missing(binding: Json) -> str:
    reference = binding["roleRef"]
    return f'{reference["kind"].lower()}.{_GROUP} "{reference["name"]}" not found'


def _allowed_by(kind: str, binding: Json, subject: Json) -> str:
    metadata, reference = binding["metadata"], binding["roleRef"]
    place = f"/{metadata['namespace']}" if kind == "RoleBinding" else ""
    who = subject["name"]
    if subject["kind"] == "ServiceAccount":
        who = f"{who}/{subject.get('namespace', '')}"
    return (
        f'allowed by {kind} "{metadata["name"]}{place}" of {reference["kind"]} '
        f'"{reference["name"]}" to {subject["kind"]} "{who}"'
    )


def refusal(user: User, wanted: Action, reason: str) -> StatusError:
    """403 for an action."""
    because = f": {reason}" if reason else ""
    if wanted.path:
        why = f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"{because}'
        return StatusError(403, "Forbidden", why, {})
    plural = wanted.resource.partition("/")[0]
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {wanted.verb} resource "{wanted.resource}" in API group '
        f'"{wanted.group}" {where}{because}'
    )
    return forbidden(Named(wanted.group, plural, wanted.name), why)
