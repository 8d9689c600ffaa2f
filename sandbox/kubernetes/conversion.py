"""Objects in another API version than the one they were written in."""

import json
from collections.abc import Callable, Mapping

from sandbox.kubernetes.schema import Json, with_metadata

# Where autoscaling/v1 keeps what newer versions have in the status.
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_NUMBERS = {"currentReplicas": 0, "desiredReplicas": 0}
_TARGET = "targetCPUUtilizationPercentage"


def converted(item: Json, api_version: str) -> Json:
    """The object in this version; most kinds have the same fields in all of theirs."""
    convert = _CONVERSIONS.get((item["apiVersion"], api_version))
    return (convert(item) if convert else item) | {"apiVersion": api_version}


def _to_metrics(autoscaler: Json) -> Json:
    """autoscaling/v1 knows one number, v2 a list of metrics."""
    spec = {key: value for key, value in autoscaler["spec"].items() if key != _TARGET}
    if _TARGET in autoscaler["spec"]:
        target = {"type": "Utilization", "averageUtilization": autoscaler["spec"][_TARGET]}
        metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
        spec["metrics"] = [metric]
    return _with_conditions(autoscaler | {"spec": spec})


def _to_number(autoscaler: Json) -> Json:
    spec = {
        key: value
        for key, value in autoscaler["spec"].items()
        if key not in ("metrics", "behavior")
    }
    for metric in autoscaler["spec"].get("metrics") or ():
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu" and "averageUtilization" in resource["target"]:
            spec[_TARGET] = resource["target"]["averageUtilization"]
    return _with_annotation(autoscaler | {"spec": spec})


def _with_conditions(autoscaler: Json) -> Json:
    annotations = dict(autoscaler["metadata"].get("annotations") or {})
    found = json.loads(annotations.pop(CONDITIONS, "null"))
    status = autoscaler.get("status") or {}
    status = _NUMBERS | status | {"currentMetrics": None, "conditions": found}
    shown = with_metadata(autoscaler, annotations=annotations or None)
    return shown | {"status": status}


def _with_annotation(autoscaler: Json) -> Json:
    status = dict(autoscaler.get("status") or _NUMBERS)
    found = status.pop("conditions", None)
    status.pop("currentMetrics", None)
    annotations = dict(autoscaler["metadata"].get("annotations") or {})
    if found:
        annotations[CONDITIONS] = json.dumps(found, separators=(",", ":"))
    shown = with_metadata(autoscaler, annotations=annotations or None)
    return shown | {"status": status}


_CONVERSIONS: Mapping[tuple[str, str], Callable[[Json], Json]] = {
    ("autoscaling/v1", "autoscaling/v2"): _to_metrics,
    ("autoscaling/v2", "autoscaling/v1"): _to_number,
}
