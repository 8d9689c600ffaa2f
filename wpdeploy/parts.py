"""Parts that the JSON of many kinds of objects has: times, conditions, owners."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def time(text: str | None) -> datetime | None:
    """A Kubernetes timestamp (RFC 3339), where there is one."""
    return required_time(text) if text else None


def required_time(text: str) -> datetime:
    """A Kubernetes timestamp (RFC 3339)."""
    return datetime.fromisoformat(text)


def condition(status: Mapping[str, Any], name: str) -> Mapping[str, str]:
    """The condition of that type; an empty one where there is none."""
    for item in status.get("conditions") or []:
        if item["type"] == name:
            found: Mapping[str, str] = item
            return found
    return {}


def owner(metadata: Mapping[str, Any]) -> str:
    """The UID of the object's controller; empty where it has none."""
    for reference in metadata.get("ownerReferences") or []:
        if reference.get("controller"):
            uid: str = reference["uid"]
            return uid
    return ""
