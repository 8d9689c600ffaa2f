"""A pod's status, in the shape and with the words of a kubelet."""

from datetime import datetime
from typing import Any

from sandbox.kubelet.pods import HOST_IP, Container, Eviction, Pod
from sandbox.kubelet.timestamps import seconds

Json = dict[str, Any]

# What the status of an evicted pod does not have, in versions before there was a condition for it.
_CLEARED = (
    "conditions", "containerStatuses", "initContainerStatuses", "hostIP", "podIP", "podIPs",
    "qosClass",
)  # fmt: skip


def pod_status(pod: Pod, now: datetime) -> Json:
    """Build the status; a condition keeps its transition time while its status stays."""
    current = phase(pod)
    status: Json = {
        "phase": current,
        "conditions": _conditions(pod, current, seconds(now)),
        "hostIP": HOST_IP,
        "startTime": pod.start_time,
        "containerStatuses": [
            _container_status(each) for each in sorted(pod.containers, key=lambda c: c.name)
        ],
    }
    if pod.init:
        status["initContainerStatuses"] = [_container_status(each) for each in pod.init]
    if pod.has_address:
        status |= {"podIP": pod.ip, "podIPs": [{"ip": pod.ip}]}
    return _evicted(pod.eviction, status) if pod.eviction else status


def _evicted(eviction: Eviction, status: Json) -> Json:
    told = {"phase": "Failed", "reason": "Evicted", "message": eviction.message}
    if eviction.condition is None:
        # It says nothing else: a merge patch removes what was there.
        return dict.fromkeys(_CLEARED) | told | {"startTime": status["startTime"]}
    kind = eviction.condition["type"]
    others = [_failed(each) for each in status["conditions"] if each["type"] != kind]
    return status | told | {"conditions": [*others, eviction.condition]}


def _failed(condition: Json) -> Json:
    if condition["type"] not in {"Ready", "ContainersReady"}:
        return condition
    times = {key: condition[key] for key in ("type", "lastProbeTime", "lastTransitionTime")}
    return times | {"status": "False", "reason": "PodFailed"}


def phase(pod: Pod) -> str:
    """Tell the phase from the containers' states."""
    containers = pod.containers
    if pod.restart_policy == "Never" and any(each.exit_code for each in pod.init):
        return "Failed"
    if not initialized(pod) or any(_never_ran(each) for each in containers):
        return "Pending"
    if pod.restart_policy == "Always" or any(each.running for each in containers):
        return "Running"
    if all(each.exit_code == 0 for each in containers):
        return "Succeeded"
    # With OnFailure a failed container is about to be started again.
    return "Failed" if pod.restart_policy == "Never" else "Running"


def initialized(pod: Pod) -> bool:
    """Tell whether the other containers may run, or have run."""
    return any(each.runs for each in pod.containers) or not _incomplete(pod)


def _incomplete(pod: Pod) -> list[str]:
    return [
        each.name
        for each in pod.init
        if not (each.started if each.is_sidecar else each.exit_code == 0)
    ]


def _never_ran(container: Container) -> bool:
    return "waiting" in container.state and not container.last_state


def _container_status(container: Container) -> Json:
    status: Json = {
        "name": container.name,
        "state": container.state,
        "lastState": container.last_state,
        "ready": container.ready,
        "restartCount": container.restarts,
        "image": container.image,
        "imageID": container.image_id,
    }
    if container.container_id:
        status["containerID"] = container.container_id
    # A kubelet of 1.20, which knows no sidecars, leaves this out for init containers.
    return status | {"started": container.started} if container.goes_on else status


def _conditions(pod: Pod, current: str, moment: str) -> list[Json]:
    ready = _ready(pod, current)
    wanted = {
        "Initialized": _initialized(pod, current),
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": {"status": "True"},
    }
    before = {each["type"]: each for each in pod.conditions}
    own = [_condition(kind, wanted[kind], before.get(kind), moment) for kind in wanted]
    return own + [each for each in pod.conditions if each["type"] not in wanted]


def _condition(kind: str, wanted: Json, before: Json | None, moment: str) -> Json:
    same = before is not None and before["status"] == wanted["status"]
    since = before["lastTransitionTime"] if before is not None and same else moment
    return {"type": kind, **wanted, "lastProbeTime": None, "lastTransitionTime": since}


def _initialized(pod: Pod, current: str) -> Json:
    if current == "Succeeded":
        return {"status": "True", "reason": "PodCompleted"}
    missing = [] if initialized(pod) else _incomplete(pod)
    return _verdict(missing, "ContainersNotInitialized", "incomplete")


def _ready(pod: Pod, current: str) -> Json:
    if current == "Succeeded":
        return {"status": "False", "reason": "PodCompleted"}
    lasting = [each for each in pod.all_containers() if each.goes_on]
    missing = [each.name for each in lasting if not each.ready]
    return _verdict(missing, "ContainersNotReady", "unready")


def _verdict(missing: list[str], reason: str, word: str) -> Json:
    if not missing:
        return {"status": "True"}
    message = f"containers with {word} status: [{' '.join(missing)}]"
    return {"status": "False", "reason": reason, "message": message}
