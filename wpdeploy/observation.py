"""Watching a rollout: four lists, and where those do not decide, four watches into one queue.

The watches are threads that only read and put what they read into the queue; all that is known is
kept and changed by the thread that asks for snapshots.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from wpdeploy import api_status, observed
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest, collection
from wpdeploy.observed import Pod, ReplicaSet, Snapshot, Workload
from wpdeploy.record import AppliedAt
from wpdeploy.retries import ATTEMPTS, Transient, backoff
from wpdeploy.target import Target


class Watch(Protocol):
    """An open watch."""

    def __iter__(self) -> Iterator[Manifest]:
        """Its events."""

    def close(self) -> None:
        """End it."""


class Cluster(Protocol):
    """The API server, as far as an observation needs it."""

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Manifest | None:
        """The list at the path; None where there is no such API."""

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """A watch of the list at the path."""

    def server_time(self) -> datetime:
        """Now, by the API server's clock."""


class Clock(Protocol):
    """What a broken watch waits by."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass
class _Stream:
    """One resource: where it is, its objects by UID, and where its watch goes on."""

    path: str
    query: Mapping[str, str]
    read: Callable[[Manifest, Any], Any]
    objects: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    failures: int = 0
    watch: Watch | None = None


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
        self._cluster, self._target, self._applied = cluster, target, applied
        self._clock, self._notice = clock, notice
        self._queue: queue.Queue[tuple[_Stream, _News]] = queue.Queue()
        self._closed = threading.Event()
        self._watching = False
        self._deployments = self._listed(
            "apps/v1", "deployments", {"fieldSelector": f"metadata.name={target.name}"}, _workload
        )
        selector = {"labelSelector": self._workload().selector}
        self._replica_sets = self._listed("apps/v1", "replicasets", selector, _replica_set)
        self._pods = self._listed("v1", "pods", selector, self._pod)
        self._endpoints = self._listed_endpoints()

    def snapshot(self) -> Snapshot:
        """All that is known now."""
        workloads: list[Workload] = list(self._deployments.objects.values())
        replica_sets: list[ReplicaSet] = list(self._replica_sets.objects.values())
        pods: list[Pod] = sorted(self._pods.objects.values(), key=lambda pod: pod.name)
        return Snapshot(
            now=self._cluster.server_time(),
            workload=workloads[0] if workloads else None,
            replica_sets=tuple(replica_sets),
            pods=tuple(pods),
            serving=frozenset().union(*self._endpoints.objects.values()),
            since=self._applied.since if self._applied else None,
            generation=self._applied.generation if self._applied else 0,
            window=timedelta(seconds=self._target.stability_window),
        )

    def wait(self, seconds: float) -> None:
        """Return when something changed, or after that time; the first call opens the watches."""
        if not self._watching:
            self._watching = True
            for stream in self._streams():
                threading.Thread(target=self._follow, args=(stream,), daemon=True).start()
        with suppress(queue.Empty):
            self._take(*self._queue.get(timeout=max(seconds, 0.01)))
            while True:  # what came together is judged together
                self._take(*self._queue.get_nowait())

    def refresh(self) -> None:
        """List everything anew; the watches go on as they are."""
        with suppress(queue.Empty):
            while True:  # what came before must not follow what is newer
                self._take(*self._queue.get_nowait())
        for stream in self._streams():
            self._take(stream, self._list(stream)[0])

    def close(self) -> None:
        """End the watches."""
        self._closed.set()
        for stream in self._streams():
            if stream.watch:
                stream.watch.close()

    def _streams(self) -> tuple[_Stream, ...]:
        return self._deployments, self._replica_sets, self._pods, self._endpoints

    def _workload(self) -> Workload:
        for workload in self._deployments.objects.values():
            found: Workload = workload
            return found
        problem = f"does not exist in the namespace {self._target.namespace}"
        raise ClusterError(f"Deployment {self._target.name}", problem, "deploy it first")

    def _pod(self, raw: Manifest, before: Pod | None) -> Pod:
        return observed.pod(raw, self._cluster.server_time(), before)

    def _listed_endpoints(self) -> _Stream:
        name = self._target.name
        slices = {"labelSelector": f"kubernetes.io/service-name={name}"}
        with suppress(_NoSuchApi):
            return self._listed("discovery.k8s.io/v1", "endpointslices", slices, _serving)
        # Before 1.21 there were Endpoints alone; from 1.33 on they are deprecated.
        return self._listed("v1", "endpoints", {"fieldSelector": f"metadata.name={name}"}, _serving)

    def _listed(
        self,
        api_version: str,
        plural: str,
        query: Mapping[str, str],
        read: Callable[[Manifest, Any], Any],
    ) -> _Stream:
        path = collection(api_version, plural, self._target.namespace)
        stream = _Stream(path, query, read)
        items, stream.version = self._list(stream)
        self._take(stream, items)
        return stream

    def _list(self, stream: _Stream) -> tuple[list[Manifest], str]:
        """All items, and the version from which a watch goes on."""
        found = self._cluster.get(stream.path, stream.path, stream.query)
        if found is None:
            raise _NoSuchApi(stream.path, "the API server has no such API")
        return found["items"], found["metadata"]["resourceVersion"]

    def _take(self, stream: _Stream, news: "_News") -> None:
        """Keep a whole list, or one event of a watch; raise what ended a watch for good."""
        if isinstance(news, Exception):
            raise news
        if isinstance(news, list):
            before = stream.objects
            stream.objects = {
                raw["metadata"]["uid"]: stream.read(raw, before.get(raw["metadata"]["uid"]))
                for raw in news
            }
            return
        raw = news["object"]
        uid = raw["metadata"]["uid"]
        known = stream.objects.pop(uid, None)
        if news["type"] != "DELETED":
            stream.objects[uid] = stream.read(raw, known)

    def _follow(self, stream: _Stream) -> None:
        """Watch for as long as the observation is open; put what came into the queue."""
        while not self._closed.is_set():
            try:
                self._read(stream)
                self._clock.sleep(backoff(1))  # something between may end each watch at once
            except Exception as error:  # noqa: BLE001  # a thread hands on whatever ends it
                if self._is_final(stream, error):
                    self._queue.put((stream, error))
                    return
                self._pause(stream, error)

    def _is_final(self, stream: _Stream, error: Exception) -> bool:
        """Whether the watch is given up; what may pass is tried again for as long as it takes."""
        stream.failures += 1
        cause = error.cause if isinstance(error, Transient) else error
        if isinstance(cause, ApiError) and cause.code == api_status.GONE:
            stream.version = ""
            return False
        if isinstance(error, ClusterError):
            # An API server that has just started may refuse (403) until it knows its Roles.
            return stream.failures >= ATTEMPTS
        return not isinstance(error, Transient)

    def _read(self, stream: _Stream) -> None:
        """One watch from its opening to its end."""
        if not stream.version:
            items, stream.version = self._list(stream)
            self._queue.put((stream, items))
        query = {**stream.query, "resourceVersion": stream.version}
        stream.watch = self._cluster.watch(stream.path, query)
        if self._closed.is_set():
            stream.watch.close()
        for event in stream.watch:
            stream.failures = 0
            stream.version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._queue.put((stream, event))

    def _pause(self, stream: _Stream, error: Exception) -> None:
        if not self._closed.is_set():
            if stream.failures > 1:
                self._notice(f"watch of {stream.path.rpartition('/')[2]} interrupted: {error}")
            self._clock.sleep(backoff(stream.failures))


_News = Manifest | list[Manifest] | Exception


class _NoSuchApi(ClusterError):
    """The API server does not have this API."""


def _workload(raw: Manifest, _before: object) -> Workload:
    return observed.workload(raw)


def _replica_set(raw: Manifest, _before: object) -> ReplicaSet:
    return observed.replica_set(raw)


def _serving(raw: Manifest, _before: object) -> frozenset[str]:
    return observed.serving(raw)
