"""What the bastion is granted, taken apart: single rights, each of which can be taken away."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wpdeploy.rights import Right

Json = dict[str, Any]


@dataclass(frozen=True, order=True)
class AwsRight:
    """An action on a resource, by a statement of the role's policy."""

    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


Permission = AwsRight | Right
Policies = Mapping[str, Json]


def of_policies(policies: Policies) -> list[AwsRight]:
    """Each action of each statement on each of its resources."""
    return [
        AwsRight(each["Sid"], action, resource)
        for document in policies.values()
        for each in document["Statement"]
        for action in _listed(each["Action"])
        for resource in _listed(each["Resource"])
    ]


def policies_without(policies: Policies, right: AwsRight) -> Policies:
    """The same policies, but for that right."""
    return {name: document | {"Statement": list(_kept(document, right))}
            for name, document in policies.items()}  # fmt: skip


def _kept(document: Json, right: AwsRight) -> Iterator[Json]:
    for each in document["Statement"]:
        if each["Sid"] != right.sid:
            yield each
            continue
        for action in _listed(each["Action"]):
            for resource in _listed(each["Resource"]):
                if (action, resource) != (right.action, right.resource):
                    yield each | {"Action": action, "Resource": resource}


def of_rules(rules: Sequence[Json]) -> list[Right]:
    """Each verb of each rule on each of its resources."""
    return [
        Right(group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def rules_without(rules: Sequence[Json], right: Right) -> list[Json]:
    """The same rules, but for that right."""
    kept = [each for each in of_rules(rules) if each != right]
    return [
        {"apiGroups": [each.group], "resources": [each.resource], "verbs": [each.verb]}
        for each in kept
    ]


def _listed(found: Any) -> list[str]:
    return found if isinstance(found, list) else [found]
