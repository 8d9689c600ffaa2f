"""What done is, and what is lost, stated anew on the model's JSON; the core is not asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.unit import rollout_model as model_of
from tests.unit.rollout_model import MISSING, UNKNOWN

Json = dict[str, Any]
Objects = Mapping[str, Mapping[str, Json]]
HOPELESS = {
    ("InvalidImageName", "x"),
    ("ErrImagePull", UNKNOWN),
    ("CreateContainerConfigError", MISSING),
}


def uid(item: Json) -> str:
    found: str = item["metadata"]["uid"]
    return found


def own_pods(objects: Objects) -> list[Json]:
    """The pods of the newest ReplicaSet, where the Deployment knows it for its own."""
    newest = max(objects["replicasets"].values(), key=model_of.revision)
    pods = objects["pods"].values()
    return [pod for pod in pods if model_of.is_owned(pod, uid(newest)) and model_of.is_active(pod)]


def is_current(objects: Objects) -> bool:
    """Whether the controller has seen the generation, and made its ReplicaSet."""
    (deployment,) = objects["deployments"].values()
    newest = max(map(model_of.revision, objects["replicasets"].values()))
    seen: int = deployment["status"]["observedGeneration"]
    is_seen = seen >= deployment["metadata"]["generation"]
    return is_seen and newest == model_of.revision(deployment)


def is_done(objects: Objects) -> bool:
    """The strictest union, of what these objects say."""
    serving = {item["targetRef"]["uid"] for item in objects["endpointslices"]["slice"]["endpoints"]}
    return is_complete(objects) and bool(serving & {uid(pod) for pod in own_pods(objects)})


def is_complete(objects: Objects) -> bool:
    """The same, whether or not anything leads to the pods."""
    (deployment,) = objects["deployments"].values()
    own, status = own_pods(objects), deployment["status"]
    desired: int = deployment["spec"]["replicas"]
    counters = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return (
        is_current(objects)
        and all(status.get(name) == desired for name in counters)
        and len(own) == desired == sum(map(model_of.is_ready, own))
        and not [pod for pod in objects["pods"].values() if _is_stray(pod, own)]
    )


def _is_stray(pod: Json, own: Sequence[Json]) -> bool:
    return model_of.is_active(pod) and pod not in own


def is_doomed(objects: Objects, since: str) -> bool:
    """Whether a new pod shows what no patience cures."""
    return is_current(objects) and any(
        (waits["reason"], waits["message"]) in HOPELESS
        for pod in own_pods(objects)
        for item in pod["status"]["containerStatuses"]
        if (waits := item["state"].get("waiting")) and pod["metadata"]["creationTimestamp"] >= since
    )
