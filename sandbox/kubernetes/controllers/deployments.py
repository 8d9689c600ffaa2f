"""The Deployment controller."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers import rolling
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.conditions import find, put
from sandbox.kubernetes.controllers.recorder import NORMAL, Recorder
from sandbox.kubernetes.controllers.revisions import (
    REVISION,
    annotated,
    equal_template,
    new_replica_set,
    replica_annotations,
    revision,
)
from sandbox.kubernetes.controllers.rollout_status import (
    PROGRESSING,
    calculated,
    complete,
    counted,
    deadline_left,
    found_condition,
    pause_condition,
)
from sandbox.kubernetes.objects import clone, owner
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Change

_DEPLOYMENTS, _REPLICA_SETS, _PODS = "apps/deployments", "apps/replicasets", "/pods"
_NEW_PROFILE = "current"


class DeploymentController:
    """Makes ReplicaSets of a Deployment, and moves the pods from the old to the new one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "deployment-controller")

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The Deployment, or the owner of the ReplicaSet; pods' ends count for Recreate."""
        storage, namespace, name = change.key
        if storage == _DEPLOYMENTS:
            return [(namespace, name)]
        item = change.after or change.before or {}
        if storage == _REPLICA_SETS:
            return _owner_name(item, "Deployment")
        if storage == _PODS and change.after is None:
            reference = owner(item)
            found = reference and self._client.store.get(
                (_REPLICA_SETS, namespace, reference["name"])
            )
            return _owner_name(found, "Deployment") if found else []
        return []

    def sync(self, namespace: str, name: str) -> float | None:
        """Take the next step of a rollout."""
        deployment = self._client.get(_DEPLOYMENTS, namespace, name)
        if deployment is None:
            return None
        sets = self._owned(deployment)
        if "deletionTimestamp" in deployment["metadata"]:
            self._count(deployment)
            return None
        # Their counts are from before the last step: with them too many old pods would go.
        if any(map(_is_behind, sets)) or self._pause(deployment):
            return None
        if deployment["spec"].get("paused") or _rescaled(deployment, sets):
            self._rescale(deployment, sets)
            return None
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            return self._recreate(deployment, sets)
        return self._roll(deployment, sets)

    def _owned(self, deployment: Json) -> list[Json]:
        metadata = deployment["metadata"]
        found = self._client.owned(_REPLICA_SETS, metadata["namespace"], metadata["uid"])
        return sorted(found, key=_age)

    def _pause(self, deployment: Json) -> bool:
        """Note a pause or its end among the conditions."""
        condition = pause_condition(deployment, self._client.moment())
        if condition is None:
            return False
        put(deployment["status"], condition)
        self._client.update_status(_DEPLOYMENTS, deployment)
        return True

    # The strategies.

    def _roll(self, deployment: Json, sets: list[Json]) -> float | None:
        new = self._new(deployment, sets)
        if new is None:
            return None
        old = [each for each in sets if each["metadata"]["uid"] != new["metadata"]["uid"]]
        limits = rolling.bounds(deployment["spec"])
        others = [_counted(each) for each in old]
        wanted = new["spec"]["replicas"]
        size = rolling.new_size(limits, False, wanted, others)  # noqa: FBT003
        size = min(size, limits.desired)
        if wanted != size:
            self._scale(deployment, new, size)
            return self._write_status(deployment)
        for name, fewer in rolling.old_sizes(limits, _counted(new), others).items():
            victim = next(each for each in old if each["metadata"]["name"] == name)
            self._scale(deployment, victim, fewer)
        self._clean_up(deployment, old)
        return self._write_status(deployment)

    def _recreate(self, deployment: Json, sets: list[Json]) -> float | None:
        new = _new_of(deployment, sets)
        old = [each for each in sets if each is not new]
        active = [each for each in old if each["spec"]["replicas"]]
        for each in active:
            self._scale(deployment, each, 0)
        if active or self._runs(old):
            return self._write_status(deployment)
        new = self._new(deployment, sets)
        if new is None:
            return None
        if new["spec"]["replicas"] != deployment["spec"]["replicas"]:
            self._scale(deployment, new, deployment["spec"]["replicas"])
        self._clean_up(deployment, old)
        return self._write_status(deployment)

    def _runs(self, sets: list[Json]) -> bool:
        return any(
            pod["status"].get("phase") not in ("Succeeded", "Failed")
            for each in sets
            for pod in self._client.owned(
                _PODS, each["metadata"]["namespace"], each["metadata"]["uid"]
            )
        )

    def _rescale(self, deployment: Json, sets: list[Json]) -> None:
        """Spread a changed number of replicas over the ReplicaSets that there are."""
        new = _new_of(deployment, sets)
        desired = deployment["spec"]["replicas"]
        active = [each for each in sets if each["spec"]["replicas"]]
        if len(active) <= 1:
            only = active[0] if active else new or (sets[-1] if sets else None)
            if only is not None:
                self._scale(deployment, only, desired)
        elif new is not None and _saturated(deployment, new):
            for each in active:
                self._scale(deployment, each, desired if each is new else 0)
        elif deployment["spec"]["strategy"]["type"] != "Recreate":
            limits = rolling.bounds(deployment["spec"])
            pairs = [(_counted(each), _former(each)) for each in active]
            sizes = rolling.proportional(limits, pairs)
            for each in active:
                self._scale(deployment, each, sizes[each["metadata"]["name"]])
        self._count(deployment)

    # ReplicaSets.

    def _new(self, deployment: Json, sets: list[Json]) -> Json | None:
        """The ReplicaSet of the current template; None when it was only now brought up to date."""
        new = _new_of(deployment, sets)
        old = [each for each in sets if each is not new]
        number = max((revision(each) for each in old), default=0) + 1
        if new is None:
            new = self._create(deployment, sets, number)
            condition = found_condition(deployment, new, self._client.moment(), created=True)
        else:
            wanted = annotated(deployment, new, number)
            if wanted != new:
                self._client.update(_REPLICA_SETS, wanted)
                return None
            condition = found_condition(deployment, new, self._client.moment(), created=False)
        if self._note(deployment, new, condition):
            return None
        return new

    def _note(self, deployment: Json, new: Json, condition: Json | None) -> bool:
        """Write the revision and the condition to the Deployment; True if that changed it."""
        annotations = deployment["metadata"].setdefault("annotations", {})
        shown = new["metadata"]["annotations"][REVISION]
        if annotations.get(REVISION) == shown and condition is None:
            return False
        annotations[REVISION] = shown
        if condition is not None:
            put(deployment["status"], condition)
        self._client.update_status(_DEPLOYMENTS, deployment)
        return True

    def _create(self, deployment: Json, sets: list[Json], number: int) -> Json:
        limits = rolling.bounds(deployment["spec"])
        recreate = deployment["spec"]["strategy"]["type"] == "Recreate"
        size = rolling.new_size(limits, recreate, 0, [_counted(each) for each in sets])
        body = new_replica_set(deployment, number, size)
        namespace = deployment["metadata"]["namespace"]
        new = self._client.create(_REPLICA_SETS, namespace, body)
        if size:
            self._tell(deployment, new, 0, size)
        return new

    def _scale(self, deployment: Json, replica_set: Json, size: int) -> Json:
        before = replica_set["spec"]["replicas"]
        wanted = clone(replica_set)
        wanted["spec"]["replicas"] = size
        wanted["metadata"].setdefault("annotations", {}).update(replica_annotations(deployment))
        if wanted == replica_set:
            return replica_set
        found = self._client.update(_REPLICA_SETS, wanted)
        if size != before:
            self._tell(deployment, found, before, size)
        return found

    def _tell(self, deployment: Json, replica_set: Json, before: int, size: int) -> None:
        name, way = replica_set["metadata"]["name"], "up" if size > before else "down"
        origin = f" from {before}" if self._client.profile == _NEW_PROFILE else ""
        message = f"Scaled {way} replica set {name}{origin} to {size}"
        self._recorder.record(deployment, NORMAL, "ScalingReplicaSet", message)

    def _clean_up(self, deployment: Json, old: list[Json]) -> None:
        """Delete the oldest ReplicaSets beyond the limit, once the rollout is complete."""
        if not complete(deployment, deployment["status"]):
            return
        idle = [each for each in old if "deletionTimestamp" not in each["metadata"]]
        surplus = len(idle) - deployment["spec"]["revisionHistoryLimit"]
        for each in sorted(idle, key=revision)[: max(surplus, 0)]:
            if not each["spec"]["replicas"] and not each["status"].get("replicas"):
                self._client.delete(_REPLICA_SETS, each)

    def _count(self, deployment: Json) -> None:
        """Write the status of one that is not rolled out now."""
        sets = self._owned(deployment)
        now = self._client.now()
        status = counted(deployment, _new_of(deployment, sets), sets, now)
        if status != deployment["status"]:
            self._client.update_status(_DEPLOYMENTS, deployment | {"status": status})

    def _write_status(self, deployment: Json) -> float | None:
        sets = self._owned(deployment)
        new = _new_of(deployment, sets)
        status = calculated(deployment, new, sets, self._client.now())
        if status != deployment["status"]:
            self._client.update_status(_DEPLOYMENTS, deployment | {"status": status})
            return None
        if find(status, PROGRESSING) is None:
            return None
        return deadline_left(deployment, self._client.now())


def _owner_name(item: Json, kind: str) -> list[tuple[str, str]]:
    reference = owner(item)
    if reference is None or reference["kind"] != kind:
        return []
    return [(item["metadata"]["namespace"], reference["name"])]


def _new_of(deployment: Json, sets: list[Json]) -> Json | None:
    template = deployment["spec"]["template"]
    return next((each for each in sets if equal_template(each["spec"]["template"], template)), None)


def _counted(replica_set: Json) -> rolling.Set:
    status = replica_set["status"]
    return rolling.Set(
        replica_set["metadata"]["name"],
        replica_set["spec"]["replicas"],
        status.get("replicas", 0),
        status.get("availableReplicas", 0),
    )


def _is_behind(replica_set: Json) -> bool:
    observed: int = replica_set["status"].get("observedGeneration", 0)
    wanted: int = replica_set["metadata"]["generation"]
    return observed < wanted


def _rescaled(deployment: Json, sets: list[Json]) -> bool:
    wanted = replica_annotations(deployment)
    key = next(iter(wanted))
    return any(
        (each["metadata"].get("annotations") or {}).get(key, wanted[key]) != wanted[key]
        for each in sets
        if each["spec"]["replicas"]
    )


def _saturated(deployment: Json, new: Json) -> bool:
    desired = deployment["spec"]["replicas"]
    annotations = new["metadata"].get("annotations") or {}
    noted = annotations.get("deployment.kubernetes.io/desired-replicas")
    has = new["status"].get("availableReplicas", 0)
    return new["spec"]["replicas"] == desired == has and noted == str(desired)


def _former(replica_set: Json) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get("deployment.kubernetes.io/max-replicas", 0))


def _age(item: Json) -> tuple[str, str]:
    return item["metadata"]["creationTimestamp"], item["metadata"]["name"]
