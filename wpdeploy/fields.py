"""An object's fields: paths and values, without its name and what the API server alone writes.

An item of a list is known by its name, as in `spec.containers[wordpress].image`, else by its place.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wpdeploy.kinds import Manifest

Fields = Mapping[str, str]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NO_FIELDS = {"apiVersion", "kind", "status"}
_NO_METADATA = {
    "creationTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
}
# By which the items of a list differ: the first that all of them have, each its own.
_KEYS = ("name", "mountPath", "topologyKey", "containerPort", "port")
_PLAIN = re.compile(r"[\w$-]+")


def of(manifest: Manifest) -> Fields:
    """The values of the fields by path, as JSON."""
    own = _own(manifest)
    return {path: json.dumps(value) for path, value in _leaves("", own)} if own else {}


def are_same(one: Manifest, other: Manifest) -> bool:
    """Whether the fields of both are the same, in the same order where they are a list's."""
    return _own(one) == _own(other)


def last_applied(live: Manifest) -> Fields:
    """What `kubectl apply` said of the object when it last did; nothing where it does not say."""
    annotations = live["metadata"].get("annotations") or {}
    try:
        document = json.loads(annotations[LAST_APPLIED])
        return of(document) if isinstance(document["metadata"], dict) else {}
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}


def _own(manifest: Manifest) -> Manifest:
    metadata = _but(_NO_METADATA, manifest["metadata"])
    annotations = _but({LAST_APPLIED}, metadata.pop("annotations", None) or {})
    if annotations:
        metadata["annotations"] = annotations
    rest = _but({*_NO_FIELDS, "metadata"}, manifest)
    return rest | ({"metadata": metadata} if metadata else {})


def _but(keys: set[str], mapping: Manifest) -> Manifest:
    return {key: value for key, value in mapping.items() if key not in keys}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if value and isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(_joined(path, key), inner)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        key = _key(value)
        for place, item in enumerate(value):
            yield from _leaves(f"{path}[{item[key] if key else place}]", _without(key, item))
    else:
        yield path, value


def _joined(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _key(items: Sequence[Any]) -> str:
    if not all(isinstance(item, dict) for item in items):
        return ""
    for key in _KEYS:
        if len({str(item[key]) for item in items if item.get(key)}) == len(items):
            return key
    return ""


def _without(key: str, item: Any) -> Any:
    """The item without what its path already says, unless that is all there is."""
    rest = {name: value for name, value in item.items() if name != key} if key else item
    return rest or item
