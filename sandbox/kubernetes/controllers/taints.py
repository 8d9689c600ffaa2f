"""Taints, and the pods that tolerate them. Pure."""

from sandbox.kubernetes.controllers import conditions
from sandbox.kubernetes.schema import Json

UNREACHABLE = "node.kubernetes.io/unreachable"
_NOT_READY = "node.kubernetes.io/not-ready"
_REPELLING = ("NoSchedule", "NoExecute")


def lost(node: Json) -> bool:
    """Whether a node is not Ready."""
    ready = conditions.find(node["status"], "Ready")
    return ready is None or ready["status"] != "True"


def toleration(pod: Json, taint: Json) -> Json | None:
    """The first toleration of a pod that fits a taint."""
    found = pod["spec"].get("tolerations") or ()
    return next((each for each in found if _fits(each, taint)), None)


def repelled(pod: Json, node: Json) -> Json | None:
    """The taint that keeps a pod from a node."""
    taints = list(node["spec"].get("taints") or ())
    if lost(node):
        ready = conditions.find(node["status"], "Ready") or {}
        key = UNREACHABLE if ready.get("status") == "Unknown" else _NOT_READY
        taints.append({"key": key, "effect": "NoSchedule"})
    return next(
        (each for each in taints if each["effect"] in _REPELLING and toleration(pod, each) is None),
        None,
    )


def _fits(tolerated: Json, taint: Json) -> bool:
    same_value = tolerated.get("operator") == "Exists" or (
        tolerated.get("value", "") == taint.get("value", "")
    )
    return (
        same_value
        and tolerated.get("key", "") in ("", taint["key"])
        and tolerated.get("effect", "") in ("", taint["effect"])
    )
