"""The Job controller."""

from collections.abc import Iterable
from typing import NamedTuple

from sandbox.kubernetes.controllers import conditions, podsets, timekeeping
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, WARNING, Recorder
from sandbox.kubernetes.objects import owner
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.store import Change

_JOBS, _PODS = "batch/jobs", "/pods"
_BACK_OFF, _LONGEST_BACK_OFF = 10.0, 360.0
# After a refusal.
_RETRY = 1.0


class _Failure(NamedTuple):
    reason: str
    message: str


_DEADLINE = _Failure("DeadlineExceeded", "Job was active longer than specified deadline")
_LIMIT = _Failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")


class JobController:
    """Runs a Job's pods until enough have succeeded or too many have failed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "job-controller")

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The Job, or the owner of the pod."""
        storage, namespace, name = change.key
        if storage == _JOBS:
            return [(namespace, name)]
        reference = owner(change.after or change.before or {}) if storage == _PODS else None
        if reference is None or reference["kind"] != "Job":
            return []
        return [(namespace, reference["name"])]

    def sync(self, namespace: str, name: str) -> float | None:
        """Start pods, count them, judge."""
        job = self._client.get(_JOBS, namespace, name)
        if job is None or "deletionTimestamp" in job["metadata"] or _finished(job):
            return None
        status = job["status"]
        status.setdefault("startTime", self._client.moment())
        pods = self._client.owned(_PODS, namespace, job["metadata"]["uid"])
        active = podsets.active(pods)
        succeeded, failed = (_count(pods, phase) for phase in ("Succeeded", "Failed"))
        again: float | None = None
        if failure := self._failure(job, active, failed):
            self._delete(job, active)
            failed, active = failed + len(active), []
            self._end(job, "Failed", failure)
        elif succeeded >= job["spec"].get("completions", 1):
            self._end(job, "Complete", None)
        else:
            count, again = self._start(job, len(active), succeeded, pods, failed)
            active = active + [{}] * count
        counts = {"active": len(active), "succeeded": succeeded, "failed": failed}
        for key, value in counts.items():
            status.pop(key, None)
            status |= {key: value} if value else {}
        self._write(job)
        return _least(again, self._deadline_left(job))

    def _delete(self, job: Json, pods: list[Json]) -> None:
        for pod in pods:
            self._client.delete(_PODS, pod)
            message = f"Deleted pod: {pod['metadata']['name']}"
            self._recorder.record(job, NORMAL, "SuccessfulDelete", message)

    def _failure(self, job: Json, active: list[Json], failed: int) -> _Failure | None:
        spec = job["spec"]
        left = self._deadline_left(job)
        if left is not None and left <= 0:
            return _DEADLINE
        limit: int = spec["backoffLimit"]
        if failed > limit:
            return _LIMIT
        if spec["template"]["spec"]["restartPolicy"] == "OnFailure":
            restarts = sum(podsets.restarts(pod) for pod in active)
            exceeded = restarts > 0 if limit == 0 else restarts >= limit
            return _LIMIT if exceeded else None
        return None

    def _deadline_left(self, job: Json) -> float | None:
        deadline, started = job["spec"].get("activeDeadlineSeconds"), job["status"].get("startTime")
        if deadline is None or started is None or _finished(job):
            return None
        since = (self._client.now() - timekeeping.read(started)).total_seconds()
        return float(deadline) - since

    def _start(
        self, job: Json, active: int, succeeded: int, pods: list[Json], failed: int
    ) -> tuple[int, float | None]:
        """Start what is missing, later after failures; how many, and when to look again."""
        left = job["spec"].get("completions", 1) - succeeded
        missing = min(job["spec"]["parallelism"], left) - active
        if missing <= 0:
            return 0, None
        if (pause := self._back_off(pods, failed)) > 0:
            return 0, pause
        for made in range(missing):
            if not self._make(job):
                return made, _RETRY
        return missing, None

    def _make(self, job: Json) -> bool:
        """Make a pod; False where that is refused, which is told."""
        namespace = job["metadata"]["namespace"]
        try:
            pod = self._client.create(_PODS, namespace, podsets.from_template(job))
        except StatusError as error:
            self._recorder.record(job, WARNING, "FailedCreate", f"Error creating: {error.message}")
            return False
        message = f"Created pod: {pod['metadata']['name']}"
        self._recorder.record(job, NORMAL, "SuccessfulCreate", message)
        return True

    def _back_off(self, pods: list[Json], failed: int) -> float:
        if not failed:
            return 0
        ends = [_ended(pod) for pod in pods if pod["status"].get("phase") == "Failed"]
        latest = max((end for end in ends if end), default=None)
        if latest is None:
            return 0
        pause = min(_BACK_OFF * 2.0 ** (failed - 1), _LONGEST_BACK_OFF)
        return pause - (self._client.now() - timekeeping.read(latest)).total_seconds()

    def _end(self, job: Json, kind: str, failure: _Failure | None) -> None:
        moment = self._client.moment()
        condition: Json = {
            "type": kind,
            "status": "True",
            "lastProbeTime": moment,
            "lastTransitionTime": moment,
        }
        if failure is not None:
            condition |= {"reason": failure.reason, "message": failure.message}
            self._recorder.record(job, WARNING, failure.reason, failure.message)
        else:
            job["status"]["completionTime"] = moment
            self._recorder.record(job, NORMAL, "Completed", "Job completed")
        job["status"]["conditions"] = [*job["status"].get("conditions", ()), condition]

    def _write(self, job: Json) -> None:
        metadata = job["metadata"]
        live = self._client.get(_JOBS, metadata["namespace"], metadata["name"])
        # That it has tried to start something is no news.
        if live is not None and _news(live) != _news(job):
            self._client.update_status(_JOBS, job)


def _news(job: Json) -> Json:
    return {key: value for key, value in job["status"].items() if key != "startTime"}


def _finished(job: Json) -> bool:
    return any(
        (condition := conditions.find(job["status"], kind)) and condition["status"] == "True"
        for kind in ("Complete", "Failed")
    )


def _count(pods: list[Json], phase: str) -> int:
    return sum(pod["status"].get("phase") == phase for pod in pods)


def _ended(pod: Json) -> str | None:
    for status in pod["status"].get("containerStatuses") or ():
        if finished := status["state"].get("terminated", {}).get("finishedAt"):
            return str(finished)
    return None


def _least(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)
