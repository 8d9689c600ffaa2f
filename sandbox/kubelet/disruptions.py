"""Pods that are taken from their nodes: evicted by a kubelet, preempted by the scheduler."""

from datetime import datetime
from typing import Any

from sandbox.kubelet.events import NORMAL, WARNING, reference
from sandbox.kubelet.pods import Eviction, Pod
from sandbox.kubelet.timestamps import microseconds, seconds

Json = dict[str, Any]

# Since then (1.26, by default) the condition DisruptionTarget says who has ended a pod, and the
# status of an evicted pod keeps what it told of its containers.
CONDITIONS_SINCE = 26
_IN_USE = "513228Ki"
_LOW = "The node was low on resource: memory. "
_OLD = "Container {name} was using {used}, which exceeds its request of {request}. "
_THRESHOLD = "Threshold quantity: 100Mi, available: 81920Ki. "
_NEW = "Container {name} was using {used}, request is {request}, has larger consumption of memory. "


def evict(pod: Pod, minor: int, now: datetime) -> None:
    """End a pod because its node is short of memory, as a kubelet of this minor version does."""
    is_new = minor >= CONDITIONS_SINCE
    message = _eviction_message(pod, is_new=is_new)
    condition = _target("TerminationByKubelet", message, now) if is_new else None
    pod.eviction = Eviction(message, condition)
    pod.events.record(WARNING, "Evicted", message, "", now)
    for container in pod.all_containers():
        if container.running:
            stopping = f"Stopping container {container.name}"
            pod.events.record(NORMAL, "Killing", stopping, container.field_path, now)
            container.end(137, "Error", now)


def preemption(now: datetime) -> Json:
    """The condition of a pod that has to make room for another."""
    message = "default-scheduler: preempting to accommodate a higher priority pod"
    return _target("PreemptionByScheduler", message, now)


def preempted(pod: Json, now: datetime) -> Json:
    """The scheduler's event about a pod that had to make room for another."""
    metadata = pod["metadata"]
    return {
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
        "involvedObject": reference(pod),
        "type": NORMAL,
        "reason": "Preempted",
        "message": f"Preempted by kube-system/urgent on node {pod['spec']['nodeName']}",
        "action": "Preempting",
        "eventTime": microseconds(now),
        "reportingComponent": "default-scheduler",
        "reportingInstance": "default-scheduler-sandbox",
    }


def _eviction_message(pod: Pod, *, is_new: bool) -> str:
    told = [_LOW + (_THRESHOLD if is_new else "")]
    for container in pod.containers:
        requests = (container.spec.get("resources") or {}).get("requests") or {}
        words = _NEW if is_new else _OLD
        request = requests.get("memory", "0")
        told.append(words.format(name=container.name, used=_IN_USE, request=request))
    return "".join(told)


def _target(reason: str, message: str, now: datetime) -> Json:
    return {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": reason,
        "message": message,
        "lastProbeTime": None,
        "lastTransitionTime": seconds(now),
    }
