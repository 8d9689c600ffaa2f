"""Selectors of objects (LabelSelector), and the text of a fieldSelector."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.kubernetes.label_selectors import Matcher, Requirement, SelectorError
from sandbox.kubernetes.schema import Json

# What every kind may be selected by.
_GENERIC = ("metadata.name", "metadata.namespace")
_TERM = re.compile(r"([\w.]*)(==|=|!=)(.*)", re.DOTALL)
_COMMA = re.compile(r"(?<!\\),")
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
# Kinds that refuse a field in words of their own.
_OWN_WORDS = {"Job": 'field label "{}" not supported for batchv1.Job'}


def selector_matcher(selector: Json | None) -> Matcher:
    """A matcher from a LabelSelector; none matches nothing, an empty one everything."""
    if selector is None:
        return lambda _labels: False
    requirements = [
        Requirement(key, "in", frozenset({value}))
        for key, value in (selector.get("matchLabels") or {}).items()
    ]
    requirements += [
        Requirement(each["key"], _OPERATORS[each["operator"]], frozenset(each.get("values") or ()))
        for each in selector.get("matchExpressions") or ()
    ]
    return lambda labels: all(each.holds(labels) for each in requirements)


def written(selector: Json) -> str:
    """A LabelSelector's matchLabels as text, as the scale subresource has it."""
    labels = sorted((selector.get("matchLabels") or {}).items())
    return ",".join(f"{key}={value}" for key, value in labels)


def field_matcher(text: str, kind: str, known: frozenset[str]) -> Callable[[Json], bool]:
    """A matcher from the text of fieldSelector; `known` are the fields to select the kind by."""
    terms: list[tuple[list[str], bool, str]] = []
    for part in filter(None, _COMMA.split(text)):
        match = _TERM.fullmatch(part)
        if match is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        if match[1] not in known:
            raise SelectorError(_unknown(match[1], kind, known))
        value = re.sub(r"\\(.)", r"\1", match[3])
        terms.append((match[1].split("."), match[2] != "!=", value))
    return lambda item: all((_at(item, path) == value) == wanted for path, wanted, value in terms)


def _unknown(name: str, kind: str, known: frozenset[str]) -> str:
    if kind in _OWN_WORDS:
        return _OWN_WORDS[kind].format(name)
    if len(known) > len(_GENERIC):
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _at(item: Any, path: list[str]) -> str:
    for step in path:
        item = (item or {}).get(step)
    return "" if item is None else str(item)
