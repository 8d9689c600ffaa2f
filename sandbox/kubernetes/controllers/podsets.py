"""Pods, looked at as controllers do: which count, which go first. Pure."""

from collections.abc import Iterable
from datetime import datetime

from sandbox.kubernetes.controllers import conditions, timekeeping
from sandbox.kubernetes.objects import clone, reference
from sandbox.kubernetes.schema import Json

_ENDED = ("Succeeded", "Failed")
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def active(pods: Iterable[Json]) -> list[Json]:
    """The pods that count: neither ended nor going."""
    return [
        pod
        for pod in pods
        if pod["status"].get("phase") not in _ENDED and "deletionTimestamp" not in pod["metadata"]
    ]


def ready(pod: Json) -> bool:
    """Whether a pod is ready."""
    condition = conditions.find(pod["status"], "Ready")
    return condition is not None and condition["status"] == "True"


def ready_since(pod: Json) -> datetime | None:
    """Since when a pod is ready."""
    condition = conditions.find(pod["status"], "Ready")
    if condition is None or condition["status"] != "True":
        return None
    return timekeeping.read(condition["lastTransitionTime"])


def available(pod: Json, least: int, now: datetime) -> bool:
    """Whether a pod has been ready for so many seconds."""
    since = ready_since(pod)
    return since is not None and (not least or (now - since).total_seconds() >= least)


def restarts(pod: Json) -> int:
    """How often the pod's containers were started again, the most of them."""
    statuses = pod["status"].get("containerStatuses") or ()
    return max((each.get("restartCount", 0) for each in statuses), default=0)


def victims(pods: list[Json], count: int) -> list[Json]:
    """The pods that go first: unbound, not running, not ready, restarted, young."""
    if count <= 0:
        return []

    def rank(pod: Json) -> tuple[bool, int, bool, int]:
        bound = bool(pod["spec"].get("nodeName"))
        phase = _PHASES.get(pod["status"].get("phase", ""), 0)
        return bound, phase, ready(pod), -restarts(pod)

    youngest = sorted(pods, key=_youth, reverse=True)
    return sorted(youngest, key=rank)[:count]


def _youth(pod: Json) -> tuple[str, str]:
    since = ready_since(pod)
    return (timekeeping.written(since) if since else ""), pod["metadata"]["creationTimestamp"]


def from_template(owner: Json) -> Json:
    """A new pod for a ReplicaSet or a Job."""
    template = owner["spec"]["template"]
    metadata: Json = {
        key: clone(template["metadata"][key])
        for key in ("labels", "annotations", "finalizers")
        if template["metadata"].get(key)
    }
    metadata["generateName"] = f"{owner['metadata']['name']}-"
    metadata["ownerReferences"] = [reference(owner)]
    return {"metadata": metadata, "spec": clone(template["spec"])}
