"""Conditions in a status: found, set, removed."""

from typing import Any

from sandbox.kubernetes.schema import Json


def find(status: Json, kind: str) -> Json | None:
    """The condition of a type."""
    return next((each for each in status.get("conditions") or () if each["type"] == kind), None)


def remove(status: Json, kind: str) -> None:
    """Take a condition away."""
    kept = [each for each in status.get("conditions") or () if each["type"] != kind]
    status["conditions"] = kept


def put(status: Json, condition: Json) -> None:
    """Set a condition, unless status and reason are as before; it goes to the end."""
    before = find(status, condition["type"])
    if before and _same(before, condition):
        return
    if before and before["status"] == condition["status"]:
        condition = condition | {"lastTransitionTime": before["lastTransitionTime"]}
    remove(status, condition["type"])
    status["conditions"].append(condition)


def new(kind: str, status: Any, reason: str, message: str, moment: str) -> Json:
    """A condition without lastUpdateTime."""
    return {
        "type": kind,
        "status": status,
        "lastTransitionTime": moment,
        "reason": reason,
        "message": message,
    }


def updated(kind: str, status: str, reason: str, message: str, moment: str) -> Json:
    """A condition as Deployments have it."""
    return new(kind, status, reason, message, moment) | {"lastUpdateTime": moment}


def _same(left: Json, right: Json) -> bool:
    return (left["status"], left.get("reason")) == (right["status"], right.get("reason"))
