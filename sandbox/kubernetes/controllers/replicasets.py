"""The ReplicaSet controller."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers import conditions, podsets
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, WARNING, Recorder
from sandbox.kubernetes.objects import clone, owner
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.store import Change

_SETS, _PODS = "apps/replicasets", "/pods"
_FAILURE = "ReplicaFailure"
_FIRST_RETRY, _LONGEST_RETRY = 0.02, 10.0


class ReplicaSetController:
    """Makes and deletes pods until there are as many as wanted."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "replicaset-controller")
        self._failures: dict[str, int] = {}

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The ReplicaSet, or the owner of the pod."""
        storage, namespace, name = change.key
        if storage == _SETS:
            return [(namespace, name)]
        reference = owner(change.after or change.before or {}) if storage == _PODS else None
        if reference is None or reference["kind"] != "ReplicaSet":
            return []
        return [(namespace, reference["name"])]

    def sync(self, namespace: str, name: str) -> float | None:
        """Make, delete, count."""
        found = self._client.get(_SETS, namespace, name)
        if found is None:
            return None
        refusal: StatusError | None = None
        if "deletionTimestamp" not in found["metadata"]:
            refusal = self._manage(found)
        pods = self._pods(found)
        self._write_status(found, pods, refusal)
        if refusal is not None:
            return self._retry(found)
        self._failures.pop(found["metadata"]["uid"], None)
        return self._wait(found, pods)

    def _pods(self, found: Json) -> list[Json]:
        metadata = found["metadata"]
        return podsets.active(self._client.owned(_PODS, metadata["namespace"], metadata["uid"]))

    def _manage(self, found: Json) -> StatusError | None:
        pods = self._pods(found)
        missing = found["spec"]["replicas"] - len(pods)
        if missing > 0:
            return self._make(found, missing)
        for pod in podsets.victims(pods, -missing):
            self._client.delete(_PODS, pod)
            message = f"Deleted pod: {pod['metadata']['name']}"
            self._recorder.record(found, NORMAL, "SuccessfulDelete", message)
        return None

    def _make(self, found: Json, missing: int) -> StatusError | None:
        """Make pods in growing batches, so that a refusal is met once and not a hundred times."""
        batch = 1
        while missing > 0:
            for _ in range(min(batch, missing)):
                if refusal := self._make_one(found):
                    return refusal
            missing -= batch
            batch *= 2
        return None

    def _make_one(self, found: Json) -> StatusError | None:
        namespace = found["metadata"]["namespace"]
        try:
            pod = self._client.create(_PODS, namespace, podsets.from_template(found))
        except StatusError as error:
            if error.code == 403 and "being terminated" in error.message:  # noqa: PLR2004
                return error
            message = f"Error creating: {error.message}"
            self._recorder.record(found, WARNING, "FailedCreate", message)
            return error
        message = f"Created pod: {pod['metadata']['name']}"
        self._recorder.record(found, NORMAL, "SuccessfulCreate", message)
        return None

    def _write_status(self, found: Json, pods: list[Json], refusal: StatusError | None) -> None:
        live = self._client.get(_SETS, found["metadata"]["namespace"], found["metadata"]["name"])
        if live is None:
            return
        status = self._counted(live, pods)
        if refusal is None:
            conditions.remove(status, _FAILURE)
        elif conditions.find(status, _FAILURE) is None:
            moment = self._client.moment()
            condition = conditions.new(_FAILURE, "True", "FailedCreate", refusal.message, moment)
            conditions.put(status, condition)
        if not status["conditions"]:
            del status["conditions"]
        if status != live["status"]:
            self._client.update_status(_SETS, live | {"status": status})

    def _counted(self, found: Json, pods: list[Json]) -> Json:
        labels = found["spec"]["template"]["metadata"].get("labels") or {}
        least, now = found["spec"].get("minReadySeconds", 0), self._client.now()
        counts = {
            "fullyLabeledReplicas": sum(
                labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in pods
            ),
            "readyReplicas": sum(podsets.ready(pod) for pod in pods),
            "availableReplicas": sum(podsets.available(pod, least, now) for pod in pods),
            "observedGeneration": found["metadata"]["generation"],
        }
        status: Json = {"replicas": len(pods)}
        status |= {key: value for key, value in counts.items() if value}
        before = found["status"].get("conditions") or []
        return status | {"conditions": clone({"": before})[""]}

    def _retry(self, found: Json) -> float:
        uid = found["metadata"]["uid"]
        failures = self._failures[uid] = self._failures.get(uid, 0) + 1
        return min(_FIRST_RETRY * 2.0**failures, _LONGEST_RETRY)

    def _wait(self, found: Json, pods: list[Json]) -> float | None:
        """Pods that are ready but not yet for long enough are looked at again."""
        least = found["spec"].get("minReadySeconds", 0)
        if not least:
            return None
        now = self._client.now()
        since = [moment for pod in pods if (moment := podsets.ready_since(pod))]
        left = [least - (now - moment).total_seconds() for moment in since]
        return min((each for each in left if each > 0), default=None)
