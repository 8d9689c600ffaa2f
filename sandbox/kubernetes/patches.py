"""The patches that are no server-side apply: JSON patch, merge patch, strategic merge patch."""

import copy
import json
from typing import Any

from sandbox.kubernetes.schema import Json, Type, child
from sandbox.kubernetes.statuses import StatusError, bad_request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
ALL = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def patched(content_type: str, kind: Type, item: Json, body: bytes) -> Json:
    """The object with the patch of this media type."""
    try:
        patch = json.loads(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if content_type == JSON_PATCH:
        return json_patched(item, patch)
    if content_type == MERGE_PATCH:
        merged: Json = merge_patched(item, patch)
        return merged
    strategic: Json = strategic_patched(kind, item, patch)
    return strategic


def merge_patched(value: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    found = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            found.pop(key, None)
        else:
            found[key] = merge_patched(found.get(key), item)
    return found


def json_patched(item: Json, operations: Any) -> Json:
    """RFC 6902."""
    found = copy.deepcopy(item)
    for operation in operations:
        try:
            _operate(found, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise _unprocessable() from error
    return found


def _unprocessable() -> StatusError:
    message = "the server rejected our request due to an error in our request"
    return StatusError(422, "Invalid", message, {})


def _operate(found: Json, operation: Json) -> None:
    kind, steps = operation["op"], _steps(operation["path"])
    if kind == "test":
        if _get(found, steps) != operation.get("value"):
            raise ValueError(f"testing path {operation['path']} failed")
    elif kind == "remove":
        _remove(found, steps)
    elif kind == "replace":
        # Old API servers do not mind that there was nothing.
        _put(found, steps, operation.get("value"), insert=False)
    elif kind == "add":
        _put(found, steps, operation.get("value"), insert=True)
    else:
        source = _steps(operation["from"])
        value = copy.deepcopy(_get(found, source))
        if kind == "move":
            _remove(found, source)
        _put(found, steps, value, insert=True)


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _get(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def _put(found: Any, steps: list[str], value: Any, *, insert: bool) -> None:
    parent, last = _get(found, steps[:-1]), steps[-1]
    if not isinstance(parent, list):
        parent[last] = value
    elif last == "-":
        parent.append(value)
    elif insert:
        parent.insert(int(last), value)
    else:
        parent[int(last)] = value


def _remove(found: Any, steps: list[str]) -> None:
    parent, last = _get(found, steps[:-1]), steps[-1]
    del parent[int(last) if isinstance(parent, list) else last]


_DIRECTIVES = ("$patch", "$retainKeys")
_ORDER, _DELETE_FROM = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_patched(kind: Type, value: Any, patch: Any) -> Any:
    """A strategic merge patch: lists with keys are merged by the first of them."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {key: item for key, item in patch.items() if key not in _DIRECTIVES}
    found = dict(value) if isinstance(value, dict) else {}
    if "$retainKeys" in patch:
        found = {key: item for key, item in found.items() if key in patch["$retainKeys"]}
    for key, item in patch.items():
        if key.startswith(_DELETE_FROM):
            name = key.removeprefix(_DELETE_FROM)
            found[name] = [each for each in found.get(name, ()) if each not in item]
        elif item is None:
            found.pop(key, None)
        elif key not in _DIRECTIVES and not key.startswith(_ORDER):
            found[key] = _strategic_field(child(kind, key), found.get(key), item)
    return found


def _strategic_field(kind: Type | None, value: Any, patch: Any) -> Any:
    if kind is None:
        return patch
    if kind.form == "list" and kind.keys is not None:
        return _strategic_list(kind, value or [], patch)
    if isinstance(patch, dict):
        return strategic_patched(kind, value, patch)
    return patch


def _strategic_list(kind: Type, value: list[Any], patch: list[Any]) -> list[Any]:
    if not kind.keys:
        return [*value, *(item for item in patch if item not in value)]
    key = kind.keys[0]
    if {"$patch": "replace"} in patch:
        return [item for item in patch if "$patch" not in item]
    found = {item[key]: item for item in value}
    for item in patch:
        if item.get("$patch") == "delete":
            found.pop(item[key], None)
        else:
            found[item[key]] = strategic_patched(kind.element, found.get(item[key]), item)
    return _ordered(list(found.values()), value, [item[key] for item in patch], key)


def _ordered(found: list[Any], value: list[Any], patch: list[Any], key: str) -> list[Any]:
    """What the patch names in its order, the rest where it was; what is new goes before."""
    before = {item[key]: number for number, item in enumerate(value)}
    named = [item for name in patch for item in found if item[key] == name]
    others = [item for item in found if item[key] not in patch]
    ordered = []
    while named and others:
        is_later = before.get(named[0][key], -1) > before[others[0][key]]
        ordered.append((others if is_later else named).pop(0))
    return ordered + named + others
