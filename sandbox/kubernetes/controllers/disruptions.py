"""The disruption controller: how many pods a PodDisruptionBudget lets go."""

import math
from collections.abc import Iterable, Sequence

from sandbox.kubernetes.controllers import podsets
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, Recorder
from sandbox.kubernetes.objects import owner
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.selectors import selector_matcher
from sandbox.kubernetes.store import Change

_BUDGETS, _PODS = "policy/poddisruptionbudgets", "/pods"
_SETS, _DEPLOYMENTS = "apps/replicasets", "apps/deployments"


class DisruptionController:
    """Counts healthy pods."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "controllermanager")

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The budget, or all of the namespace of a pod or of what says how many there are to be."""
        storage, namespace, name = change.key
        if storage == _BUDGETS:
            return [(namespace, name)]
        if storage not in (_PODS, _SETS, _DEPLOYMENTS):
            return []
        found = self._client.store.items(_BUDGETS, namespace)
        return [(namespace, budget["metadata"]["name"]) for budget in found]

    def sync(self, namespace: str, name: str) -> float | None:
        """Write the counts."""
        budget = self._client.get(_BUDGETS, namespace, name)
        if budget is None:
            return None
        matches = selector_matcher(budget["spec"].get("selector"))
        pods = [
            pod
            for pod in self._client.store.items(_PODS, namespace)
            if matches(pod["metadata"].get("labels") or {})
        ]
        if not pods:
            self._recorder.record(budget, NORMAL, "NoPods", "No matching pods found")
        status = budget["status"] | _counted(budget, pods, self._wanted(namespace, pods))
        if status != budget["status"]:
            self._client.update_status(_BUDGETS, budget | {"status": status})
        return None

    def _wanted(self, namespace: str, pods: Sequence[Json]) -> int:
        """How many pods their Deployments, else their ReplicaSets, are to have."""
        scales = {}
        for pod in pods:
            parent = self._parent(_SETS, namespace, pod)
            parent = (parent and self._parent(_DEPLOYMENTS, namespace, parent)) or parent
            if parent is not None:
                scales[parent["metadata"]["uid"]] = parent["spec"]["replicas"]
        return sum(scales.values())

    def _parent(self, storage: str, namespace: str, item: Json) -> Json | None:
        reference = owner(item)
        return reference and self._client.store.get((storage, namespace, reference["name"]))


def _counted(budget: Json, pods: Sequence[Json], wanted: int) -> Json:
    spec = budget["spec"]
    healthy = sum(podsets.ready(pod) for pod in podsets.active(pods))
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if most is not None:
        expected = wanted
        desired = max(expected - _resolved(most, expected), 0)
    else:
        # A share is one of the pods that are to be, a number one of those that are.
        expected = wanted if isinstance(least, str) else len(pods)
        desired = _resolved(least or 0, expected)
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    return {
        "observedGeneration": budget["metadata"]["generation"],
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
    }


def _resolved(value: int | str, total: int) -> int:
    if isinstance(value, int):
        return value
    return math.ceil(int(value.removesuffix("%")) * total / 100)
