"""Who asks, and what is refused to whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Named, StatusError, forbidden, unauthorized

_MASTERS = "system:masters"


@dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()


Authenticator = Callable[[str], User | None]
"""A bearer token to its user; None: the token is not valid."""
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass(frozen=True)
class Denial:
    """What is refused: each part is one word or `*`, the resource with its subresource."""

    verb: str = "*"
    group: str = "*"
    resource: str = "*"
    namespace: str = "*"
    user: str = "*"


@dataclass(frozen=True)
class Action:
    """What somebody wants to do."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str


class Access:
    """The tokens that are known, and the table of refusals; what it does not refuse is allowed."""

    def __init__(self, authenticators: Sequence[Authenticator] = ()) -> None:
        self.denials: list[Denial] = []
        self.authenticators = list(authenticators)
        self._tokens: dict[str, User] = {}

    def add(self, token: str, user: User) -> None:
        """Know a token."""
        self._tokens[token] = user

    def user(self, authorization: str) -> User:
        """Who sent this header; 401 for a token that nobody knows."""
        if not authorization:
            return ANONYMOUS
        token = authorization.removeprefix("Bearer ").strip()
        if token in self._tokens:
            return self._tokens[token]
        for authenticate in self.authenticators:
            if user := authenticate(token):
                return user
        raise unauthorized()

    def check(self, user: User, action: Action) -> None:
        """403 for what is refused."""
        if self.allows(user, action):
            return
        raise _refusal(user, action)

    def allows(self, user: User, action: Action) -> bool:
        """Whether nothing refuses it."""
        if user == ANONYMOUS:
            return False
        return _MASTERS in user.groups or not any(
            _matches(denial, user, action) for denial in self.denials
        )


def action(verb: str, found: Route) -> Action:
    """What a request wants to do, as the rules name it."""
    resource = found.resource.plural + (f"/{found.subresource}" if found.subresource else "")
    return Action(verb, found.resource.group, resource, found.namespace, found.name)


def review(body: Json) -> Action:
    """What a SelfSubjectAccessReview asks about."""
    wanted = body.get("spec", {}).get("resourceAttributes") or {}
    resource, sub = wanted.get("resource", "*"), wanted.get("subresource", "")
    return Action(
        wanted.get("verb", "*"),
        wanted.get("group", ""),
        f"{resource}/{sub}" if sub else resource,
        wanted.get("namespace", ""),
        wanted.get("name", ""),
    )


def _matches(denial: Denial, user: User, wanted: Action) -> bool:
    pairs = (
        (denial.verb, wanted.verb),
        (denial.group, wanted.group),
        (denial.resource, wanted.resource),
        (denial.namespace, wanted.namespace),
        (denial.user, user.name),
    )
    return all(rule in ("*", found) for rule, found in pairs)


def _refusal(user: User, wanted: Action) -> StatusError:
    plural = wanted.resource.partition("/")[0]
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {wanted.verb} resource "{wanted.resource}" in API group '
        f'"{wanted.group}" {where}'
    )
    return forbidden(Named(wanted.group, plural, wanted.name), why)
