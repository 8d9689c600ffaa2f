"""Sets of fields, and the notation of managedFields (fieldsV1) for them.

A path is a tuple of that notation's own steps: `f:name`, `k:{"name":"x"}`, `v:"x"`.
"""

import json
from collections.abc import Iterable
from typing import Any

from sandbox.kubernetes.schema import Json

Path = tuple[str, ...]
FieldSet = frozenset[Path]
EMPTY: FieldSet = frozenset()


def to_fields(paths: Iterable[Path]) -> Json:
    """Write a set as fieldsV1."""
    root: Json = {}
    members = set(paths)
    for path in sorted(members):
        node = root
        for depth, step in enumerate(path, 1):
            node = node.setdefault(step, {})
            # A field that is in the set and has fields of its own there is marked.
            if depth < len(path) and path[:depth] in members:
                node["."] = {}
    return root


def from_fields(fields: Json, prefix: Path = ()) -> FieldSet:
    """Read fieldsV1."""
    found: set[Path] = set()
    for step, inner in fields.items():
        if step == ".":
            found.add(prefix)
            continue
        path = (*prefix, step)
        if not inner:
            found.add(path)
        found |= from_fields(inner, path)
    return frozenset(found - {()})


def key_step(values: Json) -> str:
    """The step to the list's item with these key values."""
    return "k:" + json.dumps(values, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def value_step(value: Any) -> str:
    """The step to a set's item."""
    return "v:" + json.dumps(value, ensure_ascii=False)


def written(path: Path) -> str:
    """A path as messages write it: `.spec.containers[name="web"].image`."""
    return "".join(_step(step) for step in path)


def _step(step: str) -> str:
    kind, rest = step[:1], step[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        pairs = json.loads(rest).items()
        return "[" + ",".join(f"{key}={_go(value)}" for key, value in pairs) + "]"
    return f"[={rest}]"


def _go(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
