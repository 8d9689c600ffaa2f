"""Label and field selectors."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes.schema import Json

Labels = Mapping[str, str]
Matcher = Callable[[Labels], bool]

# What every kind may be selected by.
_GENERIC = ("metadata.name", "metadata.namespace")
_SET = re.compile(r"^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$")
_EQUAL = re.compile(r"^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$")
_EXISTS = re.compile(r"^(!?)\s*([\w./-]+)$")


class SelectorError(ValueError):
    """It cannot be read."""


def label_matcher(text: str) -> Matcher:
    """A matcher from the text of labelSelector."""
    requirements = [_requirement(part.strip()) for part in _parts(text)]
    return lambda labels: all(requirement(labels) for requirement in requirements)


def _parts(text: str) -> list[str]:
    # Commas inside of parentheses part values, not requirements.
    return [part for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _requirement(text: str) -> Matcher:
    if match := _SET.match(text):
        values = {value.strip() for value in match[3].split(",")}
        return _operation("In" if match[2] == "in" else "NotIn", match[1], values)
    if match := _EQUAL.match(text):
        return _operation("NotIn" if match[2] == "!=" else "In", match[1], {match[3]})
    if match := _EXISTS.match(text):
        return _operation("DoesNotExist" if match[1] else "Exists", match[2], set())
    raise SelectorError(f"unable to parse requirement: {text}")


def _operation(operator: str, key: str, values: set[str]) -> Matcher:
    table: dict[str, Matcher] = {
        "In": lambda labels: key in labels and labels[key] in values,
        "NotIn": lambda labels: labels.get(key) not in values,
        "Exists": lambda labels: key in labels,
        "DoesNotExist": lambda labels: key not in labels,
    }
    return table[operator]


def selector_matcher(selector: Json | None) -> Matcher:
    """A matcher from a LabelSelector; none matches nothing, an empty one everything."""
    if selector is None:
        return lambda _labels: False
    requirements = [
        _operation("In", key, {value}) for key, value in (selector.get("matchLabels") or {}).items()
    ]
    requirements += [
        _operation(each["operator"], each["key"], set(each.get("values") or ()))
        for each in selector.get("matchExpressions") or ()
    ]
    return lambda labels: all(requirement(labels) for requirement in requirements)


def written(selector: Json) -> str:
    """A LabelSelector's matchLabels as text, as the scale subresource has it."""
    labels = sorted((selector.get("matchLabels") or {}).items())
    return ",".join(f"{key}={value}" for key, value in labels)


def field_matcher(text: str, known: frozenset[str]) -> Callable[[Json], bool]:
    """A matcher from the text of fieldSelector; `known` are the fields that may be selected by."""
    terms: list[tuple[list[str], bool, str]] = []
    for part in filter(None, text.split(",")):
        match = re.match(r"^([\w.]+)(==|=|!=)(.*)$", part)
        if match is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        if match[1] not in known:
            raise SelectorError(_unknown(match[1], known))
        terms.append((match[1].split("."), match[2] != "!=", match[3]))
    return lambda item: all((_at(item, path) == value) == wanted for path, wanted, value in terms)


def _unknown(name: str, known: frozenset[str]) -> str:
    if len(known) > len(_GENERIC):
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _at(item: Any, path: list[str]) -> str:
    for step in path:
        item = (item or {}).get(step)
    return "" if item is None else str(item)
