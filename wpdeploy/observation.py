"""Watching a rollout: four lists, and where those do not decide, five watches.

The fifth is of the pods' Events, which nobody needs to see that a rollout is done.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from wpdeploy import observed, pods, pulls
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest
from wpdeploy.observed import Event, ReplicaSet, Snapshot, Workload
from wpdeploy.pods import Pod
from wpdeploy.record import AppliedAt
from wpdeploy.streams import Clock, Cluster, NoSuchApi, Stream, Streams
from wpdeploy.target import Target

# The API server leaves out what a healthy pod makes most of, and what the pod itself tells.
_EVENTS = {
    "fieldSelector": "involvedObject.kind=Pod,reason!=Pulled,reason!=Created,reason!=Started,"
    "reason!=Killing,reason!=Scheduled"
}


class Observation:
    """What is known of a rollout, kept up to date from the first `wait` on."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        applied: AppliedAt | None,
        clock: Clock,
        notice: Callable[[str], None],
    ) -> None:
        self._cluster, self._target = cluster, target
        self._applied = applied
        self._streams = Streams(cluster, target.namespace, clock, notice)
        self._deployments = self._streams.add(
            "apps/v1", "deployments", {"fieldSelector": f"metadata.name={target.name}"}, _workload
        )
        selector = {"labelSelector": self._workload().selector}
        self._replica_sets = self._streams.add("apps/v1", "replicasets", selector, _replica_set)
        self._pods = self._streams.add("v1", "pods", selector, self._pod)
        self._endpoints = self._add_endpoints()
        self._events = self._streams.add("v1", "events", _EVENTS, self._event, is_extra=True)
        self._told: tuple[int, Mapping[str, tuple[Event, ...]]] = 0, {}
        self._shown: frozenset[str] = frozenset()
        self._freed: datetime | None = None
        # Whoever comes into a back-off has not seen what came of the attempt before it.
        if any(map(pulls.mute, self._pods.objects.values())):
            self._streams.complete()

    def snapshot(self) -> Snapshot:
        """All that is known now."""
        workloads: list[Workload] = list(self._deployments.objects.values())
        replica_sets: list[ReplicaSet] = list(self._replica_sets.objects.values())
        events = self._by_pod()
        applied, now = self._applied, self._cluster.server_time()
        return Snapshot(
            now=now,
            workload=workloads[0] if workloads else None,
            replica_sets=tuple(replica_sets),
            pods=pulls.by_name(self._pods.objects.values(), events),
            serving=frozenset().union(*self._endpoints.objects.values()),
            since=applied.since if applied else None,
            generation=applied.generation if applied else 0,
            images=applied.images if applied else {},
            window=timedelta(seconds=self._target.stability_window),
            grace=self._target.grace,
            events=events,
            knows_events=bool(self._events.changes),
            freed=self._last_freed(now),
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

    def _workload(self) -> Workload:
        for workload in self._deployments.objects.values():
            found: Workload = workload
            return found
        problem = f"does not exist in the namespace {self._target.namespace}"
        raise ClusterError(f"Deployment {self._target.name}", problem, "deploy it first")

    def _pod(self, raw: Manifest, before: Pod | None) -> Pod:
        return pods.pod(raw, self._cluster.server_time(), before)

    def _event(self, raw: Manifest, _before: object) -> Event | None:
        """An event about a pod that may be the rollout's: it may come before its pod does."""
        own = raw["involvedObject"].get("name", "").startswith(f"{self._target.name}-")
        return observed.event(raw) if own else None

    def _last_freed(self, now: datetime) -> datetime | None:
        """When a pod that was shown was last seen to be gone: there may be room since."""
        if self._shown - self._pods.objects.keys():
            self._freed = now
        self._shown = frozenset(self._pods.objects)
        return self._freed

    def _by_pod(self) -> Mapping[str, tuple[Event, ...]]:
        changes, told = self._told
        if changes != self._events.changes:
            told = observed.by_uid(self._events.objects.values())
            self._told = self._events.changes, told
        return told

    def _add_endpoints(self) -> Stream:
        name = self._target.name
        slices = {"labelSelector": f"kubernetes.io/service-name={name}"}
        with suppress(NoSuchApi):
            return self._streams.add("discovery.k8s.io/v1", "endpointslices", slices, _serving)
        # Before 1.21 there were Endpoints alone; from 1.33 on they are deprecated.
        return self._streams.add(
            "v1", "endpoints", {"fieldSelector": f"metadata.name={name}"}, _serving
        )


def _workload(raw: Manifest, _before: object) -> Workload:
    return observed.workload(raw)


def _replica_set(raw: Manifest, _before: object) -> ReplicaSet:
    return observed.replica_set(raw)


def _serving(raw: Manifest, _before: object) -> frozenset[str]:
    return observed.serving(raw)
