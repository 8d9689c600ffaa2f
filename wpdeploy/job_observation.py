"""Watching a Job: its list, that of its pods, and, where those do not decide, the events."""

from collections.abc import Callable
from datetime import datetime

from wpdeploy import jobs, observed, pods, pulls
from wpdeploy.jobs import Job, Snapshot
from wpdeploy.kinds import Manifest
from wpdeploy.observed import Event
from wpdeploy.pods import Pod
from wpdeploy.streams import Clock, Cluster, Streams
from wpdeploy.target import Target

# The API server leaves out what a healthy pod makes most of, and what the pod itself tells.
_EVENTS = {
    "fieldSelector": "reason!=Pulled,reason!=Created,reason!=Started,reason!=Killing,"
    "reason!=Scheduled,reason!=SuccessfulCreate"
}


class JobObservation:
    """What is known of the Job of a name, kept up to date from the first `wait` on."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        name: str,
        clock: Clock,
        notice: Callable[[str], None],
        *,
        since: datetime,
    ) -> None:
        self._cluster, self._target = cluster, target
        self._name, self._since = name, since
        self._streams = Streams(cluster, target.namespace, clock, notice)
        self._seen: dict[str, Pod] = {}
        named = {"fieldSelector": f"metadata.name={name}"}
        own = {"labelSelector": f"job-name={name}"}
        self._jobs = self._streams.add("batch/v1", "jobs", named, _job)
        self._pods = self._streams.add("v1", "pods", own, self._pod)
        self._events = self._streams.add("v1", "events", _EVENTS, self._event, is_extra=True)

    def snapshot(self) -> Snapshot:
        """All that is known now."""
        found: list[Job] = list(self._jobs.objects.values())
        own = [pod for pod in self._seen.values() if found and pod.owner == found[0].uid]
        events = observed.by_uid(self._events.objects.values())
        return Snapshot(
            now=self._cluster.server_time(),
            job=found[0] if found else None,
            pods=pulls.by_name(self._pods.objects.values(), events),
            last=max(own, key=lambda pod: pod.created, default=None),
            since=self._since,
            grace=self._target.grace,
            events=events,
        )

    def wait(self, seconds: float) -> None:
        """Return when something changed, or after that time; the first call opens the watches."""
        self._streams.wait(seconds)

    def refresh(self) -> None:
        """List everything anew; the watches go on as they are."""
        self._streams.refresh()

    def close(self) -> None:
        """End the watches."""
        self._streams.close()

    def _pod(self, raw: Manifest, before: Pod | None) -> Pod:
        found = pods.pod(raw, self._cluster.server_time(), before)
        # How a container ends in a pod that is taken away tells nothing of the Job.
        if not found.deleting:
            self._seen[found.uid] = found
        return found

    def _event(self, raw: Manifest, _before: object) -> Event | None:
        """An event about the Job or a pod that may be its own: it may come before its pod does."""
        about = raw["involvedObject"].get("name", "")
        own = about == self._name or about.startswith(f"{self._name}-")
        return observed.event(raw) if own else None


def _job(raw: Manifest, _before: object) -> Job:
    return jobs.job(raw)
