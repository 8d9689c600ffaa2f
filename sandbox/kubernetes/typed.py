"""What server-side apply does with typed values: validate, list fields, compare, merge, remove."""

import json
from typing import Any, NamedTuple

from sandbox.kubernetes.fieldsets import FieldSet, Path, key_step, to_fields, value_step, written
from sandbox.kubernetes.schema import Json, Type, child, fields_of

# What the API server's OpenAPI says of a list's key that an item leaves out.
_KEY_DEFAULTS = {("core.ContainerPort", "protocol"): "TCP"}


class _Absent:
    def __bool__(self) -> bool:
        return False


ABSENT = _Absent()


class Comparison(NamedTuple):
    """The fields in which two values differ."""

    added: FieldSet
    removed: FieldSet
    modified: FieldSet

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not (self.added or self.removed or self.modified)


class KeyMissingError(Exception):
    """A list's item lacks a key."""


def step_of(kind: Type, item: Any) -> str:
    """The step to an item of an associative list."""
    if not kind.keys:
        return value_step(item)
    if not isinstance(item, dict):
        raise KeyMissingError("associative list with keys may not have non-map elements")
    values = {key: _key(kind.element, key, item) for key in kind.keys}
    return key_step(values)


def _key(kind: Type, key: str, item: Json) -> Any:
    if key in item:
        return item[key]
    if (kind.struct, key) in _KEY_DEFAULTS:
        return _KEY_DEFAULTS[kind.struct, key]
    field = fields_of(kind)[key]
    if field.always:
        return 0 if field.type.form == "int" else ""
    raise KeyMissingError(
        f'associative list with keys has an element that omits key field "{key}" '
        "(and doesn't have default value)"
    )


def field_set(kind: Type, value: Any) -> FieldSet:
    """All fields of a value, as its owner's set."""
    found: set[Path] = set()
    _collect(kind, value, (), found)
    return frozenset(found - {()})


def _collect(kind: Type, value: Any, path: Path, found: set[Path]) -> None:
    if kind.atomic or kind.form not in ("struct", "map", "list"):
        found.add(path)
        return
    if value is None:
        return
    if isinstance(value, list):
        for item in value:
            inner = (*path, step_of(kind, item))
            _collect(kind.element, item, inner, found)
            found.add(inner)
        return
    for key, item in value.items():
        inner = (*path, f"f:{key}")
        _collect(child(kind, key) or kind.element, item, inner, found)
        if kind.form != "struct":
            found.add(inner)


def compare(kind: Type, left: Any, right: Any) -> Comparison:
    """The fields in which right differs from left."""
    walk = _Compare()
    walk.visit(kind, left, right, ())
    return Comparison(
        *(frozenset(each - {()}) for each in (walk.added, walk.removed, walk.modified))
    )


class _Compare:
    def __init__(self) -> None:
        self.added: set[Path] = set()
        self.removed: set[Path] = set()
        self.modified: set[Path] = set()

    def visit(self, kind: Type, left: Any, right: Any, path: Path) -> None:
        if left is right or (left and right and left == right):
            return
        if _is_leaf(kind, left, right):
            if not self._one_sided(left, right, path) and left != right:
                self.modified.add(path)
            return
        for step, inner, one, other in _pairs(kind, left, right):
            self.visit(inner, one, other, (*path, step))
        self._one_sided(left, right, path)

    def _one_sided(self, left: Any, right: Any, path: Path) -> bool:
        if left is ABSENT:
            self.added.add(path)
        elif right is ABSENT:
            self.removed.add(path)
        return left is ABSENT or right is ABSENT


def _is_leaf(kind: Type, left: Any, right: Any) -> bool:
    if kind.atomic or kind.form not in ("list", "map", "struct"):
        return True
    return not left and not right


def _pairs(kind: Type, left: Any, right: Any) -> list[tuple[str, Type, Any, Any]]:
    """The entries of both sides by their step, in the left's order, then the right's."""
    one, other = _entries(kind, left), _entries(kind, right)
    steps = [*one, *(step for step in other if step not in one)]
    return [
        (step, _inner(kind, step), one.get(step, ABSENT), other.get(step, ABSENT)) for step in steps
    ]


def _inner(kind: Type, step: str) -> Type:
    return kind.element if kind.form == "list" else child(kind, step[2:]) or kind.element


def _entries(kind: Type, value: Any) -> Json:
    if isinstance(value, list):
        return {step_of(kind, item): item for item in value}
    if isinstance(value, dict):
        return {f"f:{key}": item for key, item in value.items()}
    return {}


def merge(kind: Type, left: Any, right: Any) -> Any:
    """The left value with all that the right one says."""
    if right is ABSENT:
        return left
    if left is ABSENT or _is_leaf(kind, left, right):
        return right
    merged = [
        (step, merge(inner, one, other)) for step, inner, one, other in _pairs(kind, left, right)
    ]
    if kind.form == "list":
        return [value for _, value in merged]
    return {step[2:]: value for step, value in merged}


def remove(kind: Type, value: Any, fields: FieldSet) -> Any:
    """The value without these fields."""
    return _without(kind, value, to_fields(fields)) if fields else value


def _without(kind: Type, value: Any, doomed: Json) -> Any:
    if not doomed or kind.atomic or not isinstance(value, (dict, list)):
        return value
    kept = {}
    for step, item in _entries(kind, value).items():
        below = doomed.get(step)
        if below is None:
            kept[step] = item
        elif below and "." not in below:
            kept[step] = _without(_inner(kind, step), item, below)
    if not kept:
        return None
    if kind.form == "list":
        return list(kept.values())
    return {step[2:]: item for step, item in kept.items()}


def problems(kind: Type, value: Any, path: str = "") -> list[str]:
    """What is wrong with a value, in the words of the API server."""
    if kind.form == "any" or value is None:
        return []
    if kind.form == "list":
        return _list_problems(kind, value, path)
    if kind.form in ("map", "struct"):
        return _map_problems(kind, value, path)
    return [f"{path}: {problem}"] if (problem := _scalar_problem(kind.form, value)) else []


def _list_problems(kind: Type, value: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: expected list, got &{{{_go_value(value)}}}"]
    found: list[str] = []
    seen: set[str] = set()
    for number, item in enumerate(value):
        step = f"[{number}]"
        if kind.keys is not None:
            try:
                key = step_of(kind, item)
            except KeyMissingError as error:
                return [*found, f"{path}: element {number}: {error}"]
            step = written((key,))
            if key in seen:
                found.append(f"{path}: duplicate entries for key {step}")
            seen.add(key)
        found += problems(kind.element, item, path + step)
    return found


def _map_problems(kind: Type, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: expected map, got &{{{_go_value(value)}}}"]
    found: list[str] = []
    for key, item in value.items():
        if kind.form == "struct" and key not in fields_of(kind):
            return [*found, f"{path}.{key}: field not declared in schema"]
        found += problems(child(kind, key) or kind.element, item, f"{path}.{key}")
    return found


def _scalar_problem(form: str, value: Any) -> str:
    if form in ("int", "float"):
        wrong = isinstance(value, bool) or not isinstance(value, (int, float))
        return "expected numeric (int or float), got *value.valueUnstructured" if wrong else ""
    if form == "bool":
        wrong = not isinstance(value, bool)
        return f"expected boolean, got &{{{_go_value(value)}}}" if wrong else ""
    if form in ("string", "quantity", "bytes") and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{_go_literal(value)}}}"
    return ""


def _go_value(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{_go_value(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(_go_value(item) for item in value) + "]"
    return value if isinstance(value, str) else _go_literal(value)


def _go_literal(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f'"{key}":{_go_literal(value[key])}' for key in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_go_literal(item) for item in value) + "}"
    return json.dumps(value)
