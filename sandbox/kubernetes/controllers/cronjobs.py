"""The CronJob controller."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sandbox.kubernetes.controllers import conditions, timekeeping
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, Recorder
from sandbox.kubernetes.objects import clone, owner, reference
from sandbox.kubernetes.resources import OLD_PROFILE
from sandbox.kubernetes.schedules import Schedule
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Change

_CRON_JOBS, _JOBS = "batch/cronjobs", "batch/jobs"
_ENDS = ("Complete", "Failed")


class CronJobController:
    """Makes a Job at each time of a schedule, and keeps the last ones."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "cronjob-controller")

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The CronJob, or the owner of the Job."""
        storage, namespace, name = change.key
        if storage == _CRON_JOBS:
            return [(namespace, name)]
        parent = owner(change.after or change.before or {}) if storage == _JOBS else None
        return [(namespace, parent["name"])] if parent and parent["kind"] == "CronJob" else []

    def sync(self, namespace: str, name: str) -> float | None:
        """Take note of Jobs that have ended, start what is due."""
        cron = self._client.get(_CRON_JOBS, namespace, name)
        if cron is None or "deletionTimestamp" in cron["metadata"]:
            return None
        jobs = self._client.owned(_JOBS, namespace, cron["metadata"]["uid"])
        status = clone(cron["status"])
        self._note_ends(cron, jobs)
        again = None if cron["spec"].get("suspend") else self._start(cron)
        if cron["status"] != status:
            self._client.update_status(_CRON_JOBS, cron)
        self._clean_up(cron, jobs)
        return again

    def _note_ends(self, cron: Json, jobs: list[Json]) -> None:
        status, known = cron["status"], {each["metadata"]["name"]: each for each in jobs}
        running = []
        for entry in status.pop("active", []):
            job = known.get(entry["name"])
            if job is None or not _end(job):
                running += [entry] if job else []
                continue
            message = f"Saw completed job: {entry['name']}, status: {_end(job)}"
            self._recorder.record(cron, NORMAL, "SawCompletedJob", message)
        if running:
            status["active"] = running

    def _start(self, cron: Json) -> float | None:
        """Start the latest Job that is due; the seconds until the next one."""
        spec, status, now = cron["spec"], cron["status"], self._client.now()
        schedule = Schedule(spec["schedule"])
        since = status.get("lastScheduleTime") or cron["metadata"]["creationTimestamp"]
        earliest = timekeeping.read(since)
        if "startingDeadlineSeconds" in spec:
            earliest = max(earliest, now - timedelta(seconds=spec["startingDeadlineSeconds"]))
        due, following = None, schedule.after(earliest)
        while following is not None and following <= now:
            due, following = following, schedule.after(following)
        if due is not None and self._may_start(cron):
            self._make(cron, due)
        return None if following is None else (following - now).total_seconds()

    def _may_start(self, cron: Json) -> bool:
        active = cron["status"].get("active", [])
        if not active or cron["spec"]["concurrencyPolicy"] == "Allow":
            return True
        if cron["spec"]["concurrencyPolicy"] == "Forbid":
            return False
        for entry in active:
            self._delete(cron, entry["name"])
        cron["status"].pop("active")
        return True

    def _make(self, cron: Json, due: datetime) -> None:
        metadata, template = cron["metadata"], clone(cron["spec"]["jobTemplate"])
        seconds = int(due.timestamp())
        number = seconds if self._client.profile == OLD_PROFILE else seconds // 60
        made = {key: template["metadata"].get(key) for key in ("labels", "annotations")}
        body = {
            "metadata": {
                **{key: value for key, value in made.items() if value},
                "name": f"{metadata['name']}-{number}",
                "ownerReferences": [reference(cron)],
            },
            "spec": template["spec"],
        }
        job = self._client.create(_JOBS, metadata["namespace"], body)
        message = f"Created job {job['metadata']['name']}"
        self._recorder.record(cron, NORMAL, "SuccessfulCreate", message)
        status = cron["status"]
        status["lastScheduleTime"] = timekeeping.written(due)
        status["active"] = [*status.get("active", []), _reference_to(job)]

    def _clean_up(self, cron: Json, jobs: list[Json]) -> None:
        for kind, field in zip(_ENDS, ("successful", "failed"), strict=True):
            kept = cron["spec"].get(f"{field}JobsHistoryLimit")
            ended = sorted((each for each in jobs if _end(each) == kind), key=_age)
            for job in ended[: len(ended) - kept] if kept is not None else ():
                self._delete(cron, job["metadata"]["name"])

    def _delete(self, cron: Json, name: str) -> None:
        job = self._client.get(_JOBS, cron["metadata"]["namespace"], name)
        if job is not None and "deletionTimestamp" not in job["metadata"]:
            self._client.delete(_JOBS, job)
            self._recorder.record(cron, NORMAL, "SuccessfulDelete", f"Deleted job {name}")


def _end(job: Json) -> str:
    """How a Job has ended: the type of the condition; empty while it runs."""
    found = (conditions.find(job["status"], kind) for kind in _ENDS)
    return next((str(each["type"]) for each in found if each and each["status"] == "True"), "")


def _age(job: Json) -> tuple[str, str]:
    return job["status"].get("startTime", ""), job["metadata"]["name"]


def _reference_to(job: Json) -> Json:
    metadata = job["metadata"]
    return {
        "kind": job["kind"],
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": job["apiVersion"],
        "resourceVersion": metadata["resourceVersion"],
    }
