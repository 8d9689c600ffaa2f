"""Jobs with ttlSecondsAfterFinished go when their time is over."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers import conditions, timekeeping
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.store import Change

_JOBS = "batch/jobs"


class LifetimeController:
    """Deletes Jobs that have ended."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The Job, if its time is limited."""
        storage, namespace, name = change.key
        limited = change.after and "ttlSecondsAfterFinished" in change.after.get("spec", {})
        return [(namespace, name)] if storage == _JOBS and limited else []

    def sync(self, namespace: str, name: str) -> float | None:
        """Delete it now, or look again when its time is over."""
        job = self._client.get(_JOBS, namespace, name)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return None
        found = (conditions.find(job["status"], kind) for kind in ("Complete", "Failed"))
        ended = next((each for each in found if each and each["status"] == "True"), None)
        if ended is None:
            return None
        since = self._client.now() - timekeeping.read(ended["lastTransitionTime"])
        left = float(job["spec"]["ttlSecondsAfterFinished"]) - since.total_seconds()
        if left > 0:
            return left
        self._client.delete(_JOBS, job, propagationPolicy="Foreground")
        return None
