"""The HorizontalPodAutoscaler's controller: keeps to the bounds, and says that nobody measures."""

import json
from collections.abc import Iterable

from sandbox.kubernetes.controllers import timekeeping
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, WARNING, Recorder
from sandbox.kubernetes.conversion import CONDITIONS
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Change

_SCALERS = "autoscaling/horizontalpodautoscalers"
_DEPLOYMENTS = "apps/deployments"
_PERIOD = 15.0
_ABLE, _ACTIVE = "AbleToScale", "ScalingActive"
_GOT = "the HPA controller was able to get the target's current scale"
_NO_SCALE = "the HPA controller was unable to get the target's current scale"
_NO_METRICS = (
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch "
    "metrics from resource metrics API: the server could not find the requested resource "
    "(get pods.metrics.k8s.io)"
)
_ZERO = "scaling is disabled since the replica count of the target is zero"


class AutoscalerController:
    """Scales; as in a cluster without a metrics server, by nothing but the bounds."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "horizontal-pod-autoscaler")
        self._due: dict[str, float] = {}

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The autoscaler when it comes; then it is looked at time and again."""
        storage, namespace, name = change.key
        return [(namespace, name)] if storage == _SCALERS and change.before is None else []

    def sync(self, namespace: str, name: str) -> float | None:
        """Look at the target, each 15 s."""
        scaler = self._client.get(_SCALERS, namespace, name)
        if scaler is None:
            return None
        uid, now = scaler["metadata"]["uid"], self._client.now().timestamp()
        due = self._due.setdefault(uid, now + _PERIOD)
        if now < due:
            return due - now
        self._due[uid] = now + _PERIOD
        self._look(scaler)
        return _PERIOD

    def _look(self, scaler: Json) -> None:
        before = json.dumps(scaler, sort_keys=True)
        conditions = _Conditions(scaler, self._client.moment())
        name = scaler["spec"]["scaleTargetRef"]["name"]
        target = self._client.get(_DEPLOYMENTS, scaler["metadata"]["namespace"], name)
        if target is None:
            why = f'deployments/scale.apps "{name}" not found'
            conditions.put(_ABLE, "False", "FailedGetScale", f"{_NO_SCALE}: {why}")
            self._recorder.record(scaler, WARNING, "FailedGetScale", why)
        else:
            conditions.put(_ABLE, "True", "SucceededGetScale", _GOT)
            self._scale(scaler, target, conditions)
        conditions.write()
        if json.dumps(scaler, sort_keys=True) != before:
            self._client.update_status(_SCALERS, scaler)

    def _scale(self, scaler: Json, target: Json, conditions: "_Conditions") -> None:
        spec, status, current = scaler["spec"], scaler["status"], target["spec"]["replicas"]
        least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
        status["currentReplicas"] = current
        if current == 0:
            status["desiredReplicas"] = 0
            conditions.put(_ACTIVE, "False", "ScalingDisabled", _ZERO)
        elif least <= current <= most:
            why = f"the HPA was unable to compute the replica count: {_NO_METRICS}"
            conditions.put(_ACTIVE, "False", "FailedGetResourceMetric", why)
            self._recorder.record(scaler, WARNING, "FailedGetResourceMetric", _NO_METRICS)
            told = f"invalid metrics (1 invalid out of 1), first error is: {_NO_METRICS}"
            self._recorder.record(scaler, WARNING, "FailedComputeMetricsReplicas", told)
        else:
            self._rescale(scaler, target, conditions)

    def _rescale(self, scaler: Json, target: Json, conditions: "_Conditions") -> None:
        spec, current = scaler["spec"], target["spec"]["replicas"]
        high = current > spec["maxReplicas"]
        wanted = spec["maxReplicas"] if high else spec.get("minReplicas", 1)
        self._client.scale(_DEPLOYMENTS, target, wanted)
        bound = "above Spec.MaxReplicas" if high else "below Spec.MinReplicas"
        told = f"New size: {wanted}; reason: Current number of replicas {bound}"
        self._recorder.record(scaler, NORMAL, "SuccessfulRescale", told)
        done = f"the HPA controller was able to update the target scale to {wanted}"
        conditions.put(_ABLE, "True", "SucceededRescale", done)
        moment = timekeeping.written(self._client.now())
        scaler["status"] |= {"desiredReplicas": wanted, "lastScaleTime": moment}


class _Conditions:
    """The conditions: in the status, but autoscaling/v1 keeps them in an annotation."""

    def __init__(self, scaler: Json, moment: str) -> None:
        self._scaler = scaler
        self._moment = moment
        annotations = scaler["metadata"].get("annotations") or {}
        self._annotated = scaler["apiVersion"] == "autoscaling/v1"
        noted = annotations.get(CONDITIONS, "[]")
        self._found: list[Json] = (
            json.loads(noted) if self._annotated else scaler["status"].get("conditions") or []
        )

    def put(self, kind: str, status: str, reason: str, message: str) -> None:
        known = next((each for each in self._found if each["type"] == kind), None)
        if known is None:
            known = {"type": kind, "status": ""}
            self._found.append(known)
        if known["status"] != status:
            known |= {"status": status, "lastTransitionTime": self._moment}
        known |= {"reason": reason, "message": message}

    def write(self) -> None:
        if self._annotated:
            annotations = self._scaler["metadata"].setdefault("annotations", {})
            annotations[CONDITIONS] = json.dumps(self._found, separators=(",", ":"))
        else:
            self._scaler["status"]["conditions"] = self._found
