"""Policies: what a document allows and denies, by the evaluation logic of the IAM User Guide.

An explicit Deny wins, else an Allow, else nothing is allowed. An element that is not known here is
an error and never an Allow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.iam.conditions import Condition, ConditionError, Context
from sandbox.iam.patterns import action_matches, arn_matches

Document = Mapping[str, Any]
_VERSION = "2012-10-17"
_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
_ARN = "arn:"
_ANY = "*"
_SERVICE = 2


class PolicyError(Exception):
    """A document that IAM, or this stand-in for it, does not take."""


class Effect(StrEnum):
    """What becomes of a request that a statement is about."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True)
class Request:
    """One action on one resource: `*` where the action knows no resources."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """The statement that a request is about, and its elements that say so."""

    policy: str
    sid: str
    action: str
    resource: str


@dataclass(frozen=True)
class Statement:
    """A statement of a policy that somebody has."""

    sid: str
    effect: Effect
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def match(self, request: Request) -> tuple[str, str] | None:
        """The first of its actions and of its resources that name the request's, if it applies."""
        action = next((each for each in self.actions if action_matches(each, request.action)), None)
        resource = next((each for each in self.resources if _names(each, request.resource)), None)
        if action is None or resource is None:
            return None
        holds = all(condition.holds(request.context) for condition in self.conditions)
        return (action, resource) if holds else None


@dataclass(frozen=True)
class Policy:
    """A policy with its name."""

    name: str
    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, name: str, document: Document) -> "Policy":
        """The policy of a document whose intrinsic functions are resolved."""
        if document.get("Version") != _VERSION:
            raise PolicyError(f"policy {name}: its Version is not {_VERSION}")
        if unknown := set(document) - {"Version", "Id", "Statement"}:
            raise PolicyError(f"policy {name}: unknown {', '.join(sorted(unknown))}")
        found = document.get("Statement") or ()
        many = [found] if isinstance(found, Mapping) else found
        return cls(name, tuple(_statement(f"policy {name}", each) for each in many))


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed, and by what; none where nothing says anything of it."""

    allowed: bool
    by: Match | None = None


def decide(policies: Iterable[Policy], request: Request) -> Decision:
    """What policies that somebody has make of a request."""
    known = tuple(policies)
    for effect in (Effect.DENY, Effect.ALLOW):
        if by := next(_matches(known, effect, request), None):
            return Decision(effect is Effect.ALLOW, by)
    return Decision(allowed=False)


def _matches(policies: Iterable[Policy], effect: Effect, request: Request) -> Iterator[Match]:
    for policy in policies:
        for statement in policy.statements:
            if statement.effect is effect and (found := statement.match(request)):
                yield Match(policy.name, statement.sid, *found)


def _names(pattern: str, resource: str) -> bool:
    return pattern == _ANY or (resource != _ANY and arn_matches(pattern, resource))


def _statement(where: str, document: Document) -> Statement:
    sid = str(document.get("Sid", ""))
    where = f"{where}, statement {sid or 'without a Sid'}"
    if unknown := set(document) - _ELEMENTS:
        raise PolicyError(f"{where}: unknown {', '.join(sorted(unknown))}")
    try:
        conditions = tuple(_conditions(where, document.get("Condition") or {}))
        effect = Effect(document.get("Effect", ""))
    except (ConditionError, ValueError) as error:
        raise PolicyError(f"{where}: {error}") from error
    actions = _strings(where, "Action", document)
    resources = _strings(where, "Resource", document)
    for each in actions:
        if each != _ANY and ":" not in each:
            raise PolicyError(f"{where}: {each} is no action of a service")
    for each in resources:
        _check_resource(where, each)
    return Statement(sid, effect, actions, resources, conditions)


def _conditions(where: str, document: Document) -> Iterator[Condition]:
    for operator, tests in document.items():
        for key in tests:
            yield Condition(operator, key, _strings(where, key, tests))


def _check_resource(where: str, resource: str) -> None:
    segments = resource.split(":")
    if resource == _ANY:
        return
    if not resource.startswith(_ARN) or len(segments) <= _SERVICE:
        raise PolicyError(f"{where}: {resource} is no ARN")
    if {_ANY, "?"} & set(segments[_SERVICE]):
        raise PolicyError(f"{where}: {resource} has a wildcard in place of the service")


def _strings(where: str, element: str, document: Document) -> tuple[str, ...]:
    """The element's texts; one may stand without a list."""
    found = document.get(element)
    many: list[Any] = found if isinstance(found, list) else [found]
    texts = tuple(str(each).lower() if isinstance(each, bool) else each for each in many)
    if not texts or not all(isinstance(each, str) and each for each in texts):
        raise PolicyError(f"{where}: {element} is not a text or a list of texts")
    if variable := next((each for each in texts if "${" in each), None):
        raise PolicyError(f"{where}: {variable} has a policy variable")
    return texts
