"""A rollout as the API server's JSON: its objects, its lists, the events of its watches."""

import json
from datetime import datetime
from typing import Any

from tests.unit.rollout_states import IMAGE, ago

Json = dict[str, Any]
REVISION = "deployment.kubernetes.io/revision"
LABELS = {"app.kubernetes.io/instance": "Test", "app": "wordpress"}


def stamp(moment: datetime) -> str:
    """A time as Kubernetes writes it: whole seconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, status: str, **rest: str) -> Json:
    """A condition of a status."""
    return {"type": kind, "status": status, **rest}


def owned_by(uid: str) -> list[Json]:
    """The ownerReferences of a controller's object."""
    return [{"kind": "Ignored", "uid": "somebody"}, {"uid": uid, "controller": True}]


def deployment(generation: int = 7, **status: Any) -> Json:
    """A Deployment of one replica whose rollout is complete."""
    complete = {
        "observedGeneration": generation,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    }
    return {
        "metadata": {
            "name": "wordpress",
            "uid": "deployment",
            "generation": generation,
            "annotations": {REVISION: "4"},
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}},
        "status": complete | status,
    }


def replica_set(uid: str = "new", revision: str = "4", *conditions: Json) -> Json:
    """A ReplicaSet of the Deployment."""
    metadata = {"uid": uid, "name": f"web-{uid}", "annotations": {REVISION: revision}}
    owners = {"ownerReferences": owned_by("deployment")}
    status = {"conditions": list(conditions)}
    return {"metadata": metadata | owners, "spec": {"template": {}}, "status": status}


def container(name: str = "wordpress", **status: Any) -> Json:
    """A container's status: it runs."""
    running = {"running": {"startedAt": stamp(ago(80))}}
    return {"name": name, "image": IMAGE, "restartCount": 0, "state": running, **status}


def waiting(reason: str, message: str = "", **status: Any) -> Json:
    """A container's status: it waits."""
    return container(state={"waiting": {"reason": reason, "message": message}}, **status)


def pod(name: str = "web-1", *containers: Json, ready: bool = True, **status: Any) -> Json:
    """A pod of the new ReplicaSet, ready for a minute."""
    since = stamp(ago(60))
    is_ready = condition("Ready", str(ready), lastTransitionTime=since)
    within = condition("ContainersReady", str(ready), lastTransitionTime=since)
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-of-{name}",
            "creationTimestamp": stamp(ago(90)),
            "ownerReferences": owned_by("new"),
        },
        "spec": {"containers": [{"name": "wordpress", "image": IMAGE}]},
        "status": {
            "phase": "Running",
            "conditions": [condition("PodScheduled", "True"), within, is_ready],
            "containerStatuses": list(containers or (container(),)),
            **status,
        },
    }


def told(pod: str, reason: str, message: str = "", seconds: float = 5) -> Json:
    """An Event about a pod, so many seconds ago."""
    return {
        "metadata": {"uid": f"{reason}-of-{pod}", "name": f"{pod}.{reason}"},
        "involvedObject": {"kind": "Pod", "name": pod, "uid": f"uid-of-{pod}"},
        "reason": reason,
        "message": message,
        "lastTimestamp": stamp(ago(seconds)),
    }


def endpoint(uid: str, **conditions: bool) -> Json:
    """One endpoint of a slice."""
    return {"conditions": conditions, "targetRef": {"kind": "Pod", "uid": uid}}


def endpoint_slice(*endpoints: Json) -> Json:
    """An EndpointSlice of the Service."""
    return {"metadata": {"uid": "slice"}, "endpoints": list(endpoints)}


def listing(*items: Json, version: str = "100") -> Json:
    """A list as the API server answers it."""
    return {"metadata": {"resourceVersion": version}, "items": list(items)}


def event(kind: str, item: Json, version: str) -> bytes:
    """A line of a watch."""
    versioned = item | {"metadata": item["metadata"] | {"resourceVersion": version}}
    return json.dumps({"type": kind, "object": versioned}).encode() + b"\n"


def bookmark(version: str) -> bytes:
    """The line that says only how far a watch has come."""
    return event("BOOKMARK", {"metadata": {}}, version)


def status(code: int, message: str) -> Json:
    """A refusal's Status object."""
    return {"kind": "Status", "status": "Failure", "message": message, "code": code}


def error_event(code: int, message: str) -> bytes:
    """The line with which the API server ends a watch that it cannot go on with."""
    return json.dumps({"type": "ERROR", "object": status(code, message)}).encode() + b"\n"
