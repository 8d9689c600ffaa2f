"""A Deployment's status: counters and conditions, from its ReplicaSets. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.kubernetes.controllers import conditions, timekeeping
from sandbox.kubernetes.controllers.rolling import bounds
from sandbox.kubernetes.objects import clone
from sandbox.kubernetes.schema import Json

PROGRESSING, _AVAILABLE, _FAILURE = "Progressing", "Available", "ReplicaFailure"
_DONE = "NewReplicaSetAvailable"
_TIMED_OUT = "ProgressDeadlineExceeded"
_PAUSED, _RESUMED = "DeploymentPaused", "DeploymentResumed"
# What says that no deadline is wanted.
_NO_DEADLINE = 2**31 - 1


def calculated(deployment: Json, new: Json | None, sets: Sequence[Json], now: datetime) -> Json:
    """The status of a Deployment that is rolled out."""
    status = counted(deployment, new, sets, now)
    if _has_deadline(deployment):
        _progress(deployment, status, new, now)
    else:
        conditions.remove(status, PROGRESSING)
    _failures(status, new, sets, timekeeping.written(now))
    return status


def counted(deployment: Json, new: Json | None, sets: Sequence[Json], now: datetime) -> Json:
    """The status of one that is only scaled, is paused or goes: the progress is as it was."""
    status = _counted(deployment, new, sets)
    limits = bounds(deployment["spec"])
    enough = status.get("availableReplicas", 0) >= limits.least_available
    word = "Available" if enough else "Unavailable"
    has = "has" if enough else "does not have"
    conditions.put(
        status,
        conditions.updated(
            _AVAILABLE, str(enough), f"MinimumReplicas{word}",
            f"Deployment {has} minimum availability.", timekeeping.written(now),
        ),
    )  # fmt: skip
    return status


def _counted(deployment: Json, new: Json | None, sets: Sequence[Json]) -> Json:
    def total(field: str) -> int:
        return sum(each["status"].get(field, 0) for each in sets)

    wanted = sum(each["spec"]["replicas"] for each in sets)
    available = total("availableReplicas")
    status = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": total("replicas"),
        "updatedReplicas": new["status"].get("replicas", 0) if new else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(wanted - available, 0),
    }
    found: Json = {key: value for key, value in status.items() if value}
    before = deployment["status"]
    if "collisionCount" in before:
        found["collisionCount"] = before["collisionCount"]
    found["conditions"] = clone({"": before.get("conditions") or []})[""]
    return found


def _progress(deployment: Json, status: Json, new: Json | None, now: datetime) -> None:
    current = conditions.find(deployment["status"], PROGRESSING)
    settled = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if settled and current and current.get("reason") == _DONE:
        return
    moment = timekeeping.written(now)
    who = (
        f'ReplicaSet "{new["metadata"]["name"]}"'
        if new
        else (f'Deployment "{deployment["metadata"]["name"]}"')
    )
    if complete(deployment, status):
        told = f"{who} has successfully progressed."
        conditions.put(status, _condition("True", _DONE, told, moment))
    elif _moves(deployment["status"], status):
        _put_updated(status, current, f"{who} is progressing.", moment)
    elif _timed_out(deployment, status, now):
        told = f"{who} has timed out progressing."
        conditions.put(status, _condition("False", _TIMED_OUT, told, moment))


def _put_updated(status: Json, current: Json | None, told: str, moment: str) -> None:
    condition = _condition("True", "ReplicaSetUpdated", told, moment)
    if current and current["status"] == "True":
        condition["lastTransitionTime"] = current["lastTransitionTime"]
    # Each progress moves lastUpdateTime, from which the deadline runs.
    conditions.remove(status, PROGRESSING)
    conditions.put(status, condition)


def complete(deployment: Json, status: Json) -> bool:
    """Whether all pods are of the current template and available."""
    desired = deployment["spec"]["replicas"]
    counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
    observed: int = status.get("observedGeneration", 0)
    return counts == [desired] * 3 and observed >= deployment["metadata"]["generation"]


def _moves(before: Json, after: Json) -> bool:
    def of(status: Json, field: str) -> int:
        found: int = status.get(field, 0)
        return found

    def old(status: Json) -> int:
        return of(status, "replicas") - of(status, "updatedReplicas")

    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(after) < old(before) or any(of(after, key) > of(before, key) for key in more)


def _timed_out(deployment: Json, status: Json, now: datetime) -> bool:
    condition = conditions.find(status, PROGRESSING)
    if condition is None or condition.get("reason") == _DONE:
        return False
    if condition.get("reason") == _TIMED_OUT:
        return True
    since = timekeeping.read(condition["lastUpdateTime"])
    return since + timedelta(seconds=deployment["spec"]["progressDeadlineSeconds"]) < now


def _failures(status: Json, new: Json | None, sets: Sequence[Json], moment: str) -> None:
    ordered = ([new] if new else []) + list(sets)
    found = [conditions.find(each["status"], _FAILURE) for each in ordered]
    failure = next((each for each in found if each), None)
    if failure is None:
        conditions.remove(status, _FAILURE)
        return
    told = (failure.get("reason", ""), failure.get("message", ""))
    conditions.put(status, conditions.updated(_FAILURE, failure["status"], *told, moment))


def found_condition(deployment: Json, new: Json, moment: str, *, created: bool) -> Json | None:
    """What to note of a ReplicaSet that was made, or found where nothing is noted yet."""
    if not _has_deadline(deployment):
        return None
    name = new["metadata"]["name"]
    if created:
        return _condition(
            "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', moment
        )
    if conditions.find(deployment["status"], PROGRESSING) is None:
        return _condition("True", "FoundNewReplicaSet", f'Found new replica set "{name}"', moment)
    return None


def pause_condition(deployment: Json, moment: str) -> Json | None:
    """What to note of a pause, or of its end."""
    current = conditions.find(deployment["status"], PROGRESSING)
    if not _has_deadline(deployment) or (current and current.get("reason") == _TIMED_OUT):
        return None
    noted = bool(current and current.get("reason") == _PAUSED)
    paused = bool(deployment["spec"].get("paused"))
    if paused and not noted:
        return _condition("Unknown", _PAUSED, "Deployment is paused", moment)
    if noted and not paused:
        return _condition("Unknown", _RESUMED, "Deployment is resumed", moment)
    return None


def deadline_left(deployment: Json, now: datetime) -> float | None:
    """The seconds until the progress deadline is to be looked at; None when nothing is due."""
    condition = conditions.find(deployment["status"], PROGRESSING)
    if not _has_deadline(deployment) or condition is None:
        return None
    if complete(deployment, deployment["status"]) or condition.get("reason") in (_DONE, _TIMED_OUT):
        return None
    since = timekeeping.read(condition["lastUpdateTime"])
    due = since + timedelta(seconds=deployment["spec"]["progressDeadlineSeconds"] + 1)
    return max((due - now).total_seconds(), 0)


def _has_deadline(deployment: Json) -> bool:
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != _NO_DEADLINE


def _condition(status: str, reason: str, message: str, moment: str) -> Json:
    return conditions.updated(PROGRESSING, status, reason, message, moment)
