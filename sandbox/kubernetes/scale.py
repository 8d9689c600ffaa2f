"""The scale subresource."""

from sandbox.kubernetes.schema import Json, parse
from sandbox.kubernetes.selectors import written

TYPE = parse("autoscaling.Scale")
_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def of(item: Json) -> Json:
    """How many replicas an object wants and has."""
    spec, status = item["spec"], item.get("status", {})
    replicas = spec.get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: item["metadata"][key] for key in _METADATA},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": written(spec["selector"]),
        },
    }
