"""What `kubectl apply` once owned becomes ours, without a change to what the object says.

A forced server-side apply alone would leave the fields that the old template had and ours has not
(an environment variable with a password in it), or be refused where both have one entry with two
forms of value. So the managedFields are rewritten: what `kubectl apply` holds as an Update is held
by our field manager as an Apply, and the next apply removes what it no longer names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wpdeploy.kinds import Manifest

KUBECTL = "kubectl-client-side-apply"


def is_due(live: Manifest | None) -> bool:
    """Whether `kubectl apply` owns fields of the live object."""
    return live is not None and any(_is_kubectl(entry) for entry in _entries(live))


def owns(live: Manifest, manager: str, *path: str) -> bool:
    """Whether the manager has applied the field, its path in the notation of fieldsV1."""
    fields = [entry["fieldsV1"] for entry in _entries(live) if _is_ours(entry, manager)]
    return any(_reaches(field, path) for field in fields)


def operations(live: Manifest, manager: str) -> list[Manifest]:
    """The JSON patch that hands over; the API server refuses it (409) if the object has changed."""
    entries = _entries(live)
    taken = [entry for entry in entries if _is_kubectl(entry) or _is_ours(entry, manager)]
    fields: dict[str, Any] = {}
    for entry in taken:
        fields = _union(fields, entry.get("fieldsV1") or {})
    ours = {**taken[0], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    rest = [entry for entry in entries if entry not in taken]
    version = live["metadata"]["resourceVersion"]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [ours, *rest]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]


def _entries(live: Manifest) -> list[dict[str, Any]]:
    return live["metadata"].get("managedFields") or []


def _is_kubectl(entry: Mapping[str, Any]) -> bool:
    held = (entry.get("manager"), entry.get("operation"), entry.get("subresource", ""))
    return held == (KUBECTL, "Update", "")


def _is_ours(entry: Mapping[str, Any], manager: str) -> bool:
    return (entry.get("manager"), entry.get("operation")) == (manager, "Apply")


def _reaches(fields: Mapping[str, Any], path: Sequence[str]) -> bool:
    return not path or (path[0] in fields and _reaches(fields[path[0]], path[1:]))


def _union(left: dict[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(left)
    for key, value in right.items():
        merged[key] = _union(merged.get(key) or {}, value)
    return merged
