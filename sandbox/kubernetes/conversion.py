"""Objects in another API version than the one they were written in."""

from collections.abc import Callable, Mapping

from sandbox.kubernetes.schema import Json

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
    return autoscaler | {"spec": spec, "status": _status(autoscaler)}


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
    return autoscaler | {"spec": spec, "status": _status(autoscaler)}


def _status(autoscaler: Json) -> Json:
    # Nobody scales here: there are only the numbers.
    status = autoscaler.get("status") or {}
    return {key: status.get(key, 0) for key in ("currentReplicas", "desiredReplicas")}


_CONVERSIONS: Mapping[tuple[str, str], Callable[[Json], Json]] = {
    ("autoscaling/v1", "autoscaling/v2"): _to_metrics,
    ("autoscaling/v2", "autoscaling/v1"): _to_number,
}
