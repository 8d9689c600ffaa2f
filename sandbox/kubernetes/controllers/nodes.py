"""The node-lifecycle controller: what becomes of a node that is no more heard of, and of its pods.

silent for the grace period ─→ Unknown, tainted; its pods not Ready ─→ deleted, once no
toleration is left; they stay Terminating until their kubelet ends them
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sandbox.kubernetes.controllers import conditions, podsets, taints, timekeeping
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, WARNING, Recorder
from sandbox.kubernetes.objects import clone
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Change

_NODES, _PODS, _LEASES = "/nodes", "/pods", "coordination.k8s.io/leases"
_LEASE_NAMESPACE = "kube-node-lease"
_EFFECTS = ("NoSchedule", "NoExecute")
_GRACE_SECONDS = 40.0
_OLD_PROFILE = "1.20"


@dataclass(frozen=True)
class _Sign:
    """A sign of life of a node, and when it was seen here."""

    told: tuple[str, str]
    seen: datetime


class NodeLifecycleController:
    """Looks after the nodes' Leases; its seconds are multiplied by `scale`."""

    def __init__(self, client: Client, scale: float) -> None:
        self._client = client
        self._scale = scale
        self._recorder = Recorder(client, "node-controller")
        self._evictions = Recorder(client, "taint-controller")
        self._signs: dict[str, _Sign] = {}

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The node: of a Lease, or to which a pod is bound."""
        storage, namespace, name = change.key
        if storage == _NODES or (storage == _LEASES and namespace == _LEASE_NAMESPACE):
            return [("", name)]
        node = change.after and storage == _PODS and change.after["spec"].get("nodeName")
        return [("", node)] if node and node in self._signs else []

    def sync(self, _namespace: str, name: str) -> float | None:
        """Judge one node; the seconds until it is to be judged again."""
        node = self._client.get(_NODES, "", name)
        if node is None:
            self._signs.pop(name, None)
            return None
        left = self._grace_left(node)
        if left > 0:
            self._untaint(node)
            return left
        if not taints.lost(node):
            self._lose(node)
            return 0
        self._mark_pods(name)
        if not _taints(node):
            self._taint(node)
            return 0
        return self._evict(node)

    def _grace_left(self, node: Json) -> float:
        """How much longer the node may be silent."""
        now, name = self._client.now(), node["metadata"]["name"]
        lease = self._client.get(_LEASES, _LEASE_NAMESPACE, name) or {"spec": {}}
        ready = conditions.find(node["status"], "Ready") or {}
        told = lease["spec"].get("renewTime", ""), ready.get("lastHeartbeatTime") or ""
        sign = self._signs.get(name)
        if sign is None or sign.told != told:
            sign = self._signs[name] = _Sign(told, now)
        return _GRACE_SECONDS * self._scale - (now - sign.seen).total_seconds()

    def _lose(self, node: Json) -> None:
        moment = self._client.moment()
        for each in node["status"].get("conditions") or ():
            each |= {
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": moment,
            }
        self._client.update_status(_NODES, node)
        told = f"Node {node['metadata']['name']} status is now: NodeNotReady"
        self._recorder.record(node, NORMAL, "NodeNotReady", told)

    def _mark_pods(self, name: str) -> None:
        """Take Ready away from the pods, and nothing else."""
        for pod in self._pods(name):
            ready = conditions.find(pod["status"], "Ready")
            if ready is not None and ready["status"] != "False":
                ready |= {"status": "False", "lastTransitionTime": self._client.moment()}
                self._client.update_status(_PODS, pod)
                self._recorder.record(pod, WARNING, "NodeNotReady", "Node is not ready")

    def _taint(self, node: Json) -> None:
        moment = self._client.moment()
        new = [
            {"key": taints.UNREACHABLE, "effect": each, "timeAdded": moment} for each in _EFFECTS
        ]
        node["spec"]["taints"] = [*(node["spec"].get("taints") or ()), *new]
        self._client.update(_NODES, node)

    def _untaint(self, node: Json) -> None:
        if not taints.lost(node) and _taints(node):
            kept = [each for each in node["spec"]["taints"] if each["key"] != taints.UNREACHABLE]
            node["spec"]["taints"] = kept
            self._client.update(_NODES, node)

    def _evict(self, node: Json) -> float | None:
        """Delete the pods that have tolerated it for long enough; the seconds to the next one."""
        since = timekeeping.read(_taints(node)[0]["timeAdded"])
        now, waits = self._client.now(), []
        for pod in self._pods(node["metadata"]["name"]):
            seconds = _tolerated(pod)
            if seconds is None or "deletionTimestamp" in pod["metadata"]:
                continue
            left = seconds * self._scale - (now - since).total_seconds()
            if left > 0:
                waits.append(left)
            else:
                self._delete(pod)
        return min(waits, default=None)

    def _delete(self, pod: Json) -> None:
        metadata = pod["metadata"]
        told = f"Marking for deletion Pod {metadata['namespace']}/{metadata['name']}"
        # It knows the pod by its name only.
        named = {key: metadata[key] for key in ("namespace", "name")}
        subject = {"kind": "Pod", "apiVersion": "", "metadata": named}
        self._evictions.record(subject, NORMAL, "TaintManagerEviction", told)
        if self._client.profile != _OLD_PROFILE:
            message = "Taint manager: deleting due to NoExecute taint"
            condition = conditions.new(
                "DisruptionTarget", "True", "DeletionByTaintManager", message, self._client.moment()
            )
            pod["status"]["conditions"].append(condition | {"lastProbeTime": None})
            pod = self._client.update_status(_PODS, pod)
        self._client.delete(_PODS, pod)

    def _pods(self, node: str) -> Iterator[Json]:
        for each in podsets.active(self._client.store.items(_PODS)):
            if each["spec"].get("nodeName") == node:
                yield clone(each)


def _taints(node: Json) -> list[Json]:
    return [each for each in node["spec"].get("taints") or () if each["key"] == taints.UNREACHABLE]


def _tolerated(pod: Json) -> float | None:
    """For how many seconds a pod stays on a node that is not heard of; None: for ever."""
    taint = {"key": taints.UNREACHABLE, "effect": "NoExecute"}
    found = taints.toleration(pod, taint)
    if found is None:
        return 0
    seconds: float | None = found.get("tolerationSeconds")
    return seconds
