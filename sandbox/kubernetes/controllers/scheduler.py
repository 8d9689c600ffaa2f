"""A simple scheduler: the Ready node with the fewest pods on it that a pod fits on."""

import itertools
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal

from sandbox.kubernetes import quantities
from sandbox.kubernetes.controllers import conditions, taints
from sandbox.kubernetes.controllers.claims import CLAIMS, problem
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, WARNING, involved
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.store import Change

_PODS, _NODES = "/pods", "/nodes"
_ENDED = ("Succeeded", "Failed")
_RESOURCES = ("cpu", "memory")
_NO_ROOM = "Insufficient"
_VICTIMS = {
    True: ["No preemption victims found for incoming pod"],
    False: ["Preemption is not helpful for scheduling"],
}
_OLD_PROFILE = "1.20"


class Scheduler:
    """Binds pods to nodes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._numbers = itertools.count(time.time_ns())

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """A pod without a node; all of them when a node or a volume comes or room is made."""
        storage, namespace, name = change.key
        if storage == _PODS and change.after and not change.after["spec"].get("nodeName"):
            return [(namespace, name)]
        freed = storage == _PODS and (
            change.after is None or change.after["status"].get("phase") in _ENDED
        )
        if not (freed or storage == CLAIMS or (storage == _NODES and _fits_more(change))):
            return []
        return [
            (pod["metadata"]["namespace"], pod["metadata"]["name"])
            for pod in self._client.store.items(_PODS)
            if not pod["spec"].get("nodeName")
        ]

    def sync(self, namespace: str, name: str) -> float | None:
        """Bind one pod, or say why it cannot be."""
        pod = self._client.get(_PODS, namespace, name)
        going = pod is None or "deletionTimestamp" in pod["metadata"]
        if pod is None or going or pod["spec"].get("nodeName"):
            return None
        unbound = problem(self._client, pod)
        refusals = {
            node["metadata"]["name"]: [unbound] if unbound else self._refusals(pod, node)
            for node in self._client.store.items(_NODES)
        }
        fitting = [node for node, reasons in refusals.items() if not reasons]
        if fitting:
            self._bind(pod, min(fitting, key=self._pods_by_node().__getitem__))
        else:
            self._refuse(pod, list(refusals.values()))
        return None

    def _bind(self, pod: Json, node: str) -> None:
        metadata = pod["metadata"]
        pod["spec"]["nodeName"] = node
        moment = self._client.moment()
        condition = {
            "type": "PodScheduled", "status": "True",
            "lastProbeTime": None, "lastTransitionTime": moment,
        }  # fmt: skip
        status = pod["status"]
        conditions.remove(status, "PodScheduled")
        status["conditions"].append(condition)
        # A binding writes spec and status at once, and leaves managedFields alone.
        key = (_PODS, metadata["namespace"], metadata["name"])
        store = self._client.store
        with store.lock:
            live = store.get(key)
            if live and live["metadata"]["resourceVersion"] == metadata["resourceVersion"]:
                store.put(key, pod, live)
        where = f"{metadata['namespace']}/{metadata['name']}"
        message = f"Successfully assigned {where} to {node}"
        self._tell(pod, NORMAL, "Scheduled", message, "Binding")

    def _refuse(self, pod: Json, refusals: list[list[str]]) -> None:
        message = self._message(refusals)
        before = conditions.find(pod["status"], "PodScheduled")
        if before and before.get("message") == message:
            return
        moment = self._client.moment()
        condition = conditions.new("PodScheduled", "False", "Unschedulable", message, moment)
        conditions.remove(pod["status"], "PodScheduled")
        pod["status"]["conditions"].append(condition | {"lastProbeTime": None})
        self._client.update_status(_PODS, pod)
        self._tell(pod, WARNING, "FailedScheduling", message, "Scheduling")

    def _message(self, refusals: list[list[str]]) -> str:
        if not refusals:
            return "no nodes available to schedule pods"
        message = _available(refusals)
        if self._client.profile == _OLD_PROFILE:
            return message
        # Only where nothing but room is missing might others make room.
        victims = [_VICTIMS[reasons[0].startswith(_NO_ROOM)] for reasons in refusals]
        return f"{message} no new claims to deallocate, preemption: {_available(victims)}"

    def _tell(self, pod: Json, kind: str, reason: str, message: str, action: str) -> None:
        """An event of the newer kind, which has neither a count nor a first and a last time."""
        moment = self._client.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        metadata = {"name": f"{pod['metadata']['name']}.{next(self._numbers):x}"}
        body = {
            "metadata": metadata,
            "involvedObject": involved(pod),
            "reason": reason,
            "message": message,
            "type": kind,
            "eventTime": moment,
            "action": action,
            "reportingComponent": "default-scheduler",
            "reportingInstance": "default-scheduler-sandbox",
        }
        # The namespace may be going.
        with suppress(StatusError):
            self._client.create("/events", pod["metadata"]["namespace"], body)

    def _pods_by_node(self) -> Counter[str]:
        return Counter(
            pod["spec"].get("nodeName", "")
            for pod in self._client.store.items(_PODS)
            if pod["status"].get("phase") not in _ENDED
        )

    def _refusals(self, pod: Json, node: Json) -> list[str]:
        """Why a pod may not run on a node, as the first check says that fails."""
        is_old = self._client.profile == _OLD_PROFILE
        if node["spec"].get("unschedulable"):
            return ["node(s) were unschedulable"]
        if (taint := taints.repelled(pod, node)) is not None:
            shown = f"{{{taint['key']}: {taint.get('value', '')}}}"
            told = f"had taint {shown}, that the pod didn't tolerate"
            return [f"node(s) {told if is_old else f'had untolerated taint {shown}'}"]
        wanted = pod["spec"].get("nodeSelector") or {}
        if not wanted.items() <= (node["metadata"].get("labels") or {}).items():
            return ["node(s) didn't match Pod's node affinity" + ("" if is_old else "/selector")]
        room = node["status"].get("allocatable") or {}
        return [
            f"{_NO_ROOM} {resource}"
            for resource in _RESOURCES
            if resource in room
            and self._asked(pod, node, resource) > quantities.value(room[resource])
        ]

    def _asked(self, pod: Json, node: Json, resource: str) -> Decimal:
        own = _requests(pod, resource)
        if not own:
            return Decimal(0)
        name = node["metadata"]["name"]
        others = [
            each
            for each in self._client.store.items(_PODS)
            if each["spec"].get("nodeName") == name and each["status"].get("phase") not in _ENDED
        ]
        return own + sum((_requests(each, resource) for each in others), Decimal(0))


def _requests(pod: Json, resource: str) -> Decimal:
    found = [
        container["resources"].get("requests", {}).get(resource)
        for container in pod["spec"]["containers"]
    ]
    return sum((quantities.value(each) for each in found if each), Decimal(0))


def _available(refusals: list[list[str]]) -> str:
    """How often each reason was heard."""
    counts = Counter(reason for reasons in refusals for reason in reasons)
    told = sorted(f"{count} {reason}" for reason, count in counts.items())
    return f"0/{len(refusals)} nodes are available: {', '.join(told)}."


def _fits_more(change: Change) -> bool:
    """Whether a node is new, is back, has grown, or keeps other pods away."""
    if change.after is None:
        return False
    if change.before is None or taints.lost(change.before) != taints.lost(change.after):
        return True
    if change.before["spec"] != change.after["spec"]:
        return True
    before, after = (each["status"].get("allocatable") for each in (change.before, change.after))
    return bool(before != after)
