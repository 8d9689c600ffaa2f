"""Plays the kubelets of a few nodes against an API server."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Self
from urllib.parse import quote

from sandbox.kubelet import lifecycle
from sandbox.kubelet.client import ApiError, Client, Connection, UnreachableError
from sandbox.kubelet.environment import LookupUnavailableError, decode
from sandbox.kubelet.faults import Faults
from sandbox.kubelet.listener import PodListener
from sandbox.kubelet.logs import LogError, LogOptions, read
from sandbox.kubelet.nodes import Heartbeat, node_names
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import admit
from sandbox.kubelet.roster import PodWorker, Roster
from sandbox.kubelet.runtime import Runtime, Script
from sandbox.kubelet.scheduler import Scheduler
from sandbox.kubelet.server import KubeletServer
from sandbox.kubelet.timestamps import utc_now
from sandbox.kubelet.watch import PodWatch
from sandbox.kubelet.writer import Writer

Json = dict[str, Any]

_THREADS = 8
_RETRY = 0.25
_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}
_ENDED = {"Succeeded", "Failed"}
_NOT_FOUND = 404


class Player:
    """The nodes, from `start` to `stop`; what it made in the cluster stays there.

    The pods serve HTTP at the port `listen`, in a network namespace, or else on loopback: `dial`
    says where.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        nodes: int = 3,
        pace: Pace | None = None,
        listen: int | None = None,
        on_loopback: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pace = pace or Pace()
        self._now = now
        self._nodes = node_names(nodes)
        self._faults = Faults(self._pace)
        self._roster = Roster()
        # One connection for each thread and one for the watch.
        self._client = Client(connection, _THREADS + 1)
        self._writer = Writer(self._client)
        self._scheduler = Scheduler(_THREADS)
        self._watch = PodWatch(self._client, self._listed, self._changed, self._gone)
        self._server = KubeletServer(self._logs)
        serves = on_loopback or listen is not None
        self._listener = PodListener(listen, self._readiness) if serves else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Register the nodes and play their pods; does not wait for the API server."""
        self._server.start()
        if self._listener is not None:
            self._listener.start()
        self._scheduler.start()
        for name in self._nodes:
            heartbeat = Heartbeat(self._client, name, self._server.port, self._now)
            self._scheduler.after(0, partial(self._beat, heartbeat))
        self._watch.start()

    def stop(self) -> None:
        """End all threads; the pods stay as they are."""
        self._watch.stop()
        self._scheduler.stop()
        if self._listener is not None:
            self._listener.stop()
        self._server.stop()
        self._client.close()

    def dial(self, host: str, port: int) -> tuple[str, int]:
        """Where a pod's address and port are on loopback, if they are served there."""
        return (host, port) if self._listener is None else self._listener.dial(host, port)

    def environment(self, namespace: str, pod: str, container: str) -> dict[str, str]:
        """Tell what a container was last created with; KeyError if this player created none."""
        worker = self._roster.named(namespace, pod)
        found = worker.pod.container(container) if worker is not None else None
        if found is None or found.environment is None:
            raise KeyError(f"{namespace}/{pod}/{container}")
        return dict(found.environment)

    def _beat(self, heartbeat: Heartbeat) -> None:
        pause = self._pace.heartbeat if heartbeat.beat() else _RETRY
        self._scheduler.after(pause, partial(self._beat, heartbeat))

    # What the watch tells.

    def _listed(self, manifests: Iterable[Json]) -> None:
        present = set()
        for manifest in manifests:
            present.add(manifest["metadata"]["uid"])
            self._changed(manifest)
        for uid in self._roster.uids() - present:
            self._forget(uid)

    def _changed(self, manifest: Json) -> None:
        if manifest["spec"].get("nodeName") not in self._nodes:
            return
        worker = self._roster.get(manifest["metadata"]["uid"]) or self._add(manifest)
        worker.pod.manifest = manifest
        if "deletionTimestamp" in manifest["metadata"] and not worker.terminating:
            worker.terminating = True
            self._scheduler.after(0, partial(self._terminate, worker))

    def _add(self, manifest: Json) -> PodWorker:
        worker = self._roster.add(manifest, partial(self._admit, manifest))
        # What has ended before is only waiting for its deletion.
        if manifest.get("status", {}).get("phase") not in _ENDED:
            self._execute(worker, lifecycle.start(worker.runtime), partial(self._run, worker))
        return worker

    def _gone(self, manifest: Json) -> None:
        self._forget(manifest["metadata"]["uid"])

    def _forget(self, uid: str) -> None:
        if (worker := self._roster.remove(uid)) is not None:
            worker.epoch += 1

    # The pods' scripts.

    def _admit(self, manifest: Json, ip: str) -> PodWorker:
        pod = admit(manifest, ip, self._faults)
        lookup = partial(self._lookup, pod.namespace)
        return PodWorker(Runtime(pod, self._pace, lookup, self._now))

    def _run(self, worker: PodWorker) -> None:
        for container in worker.pod.containers:
            self._execute(worker, lifecycle.keep_running(worker.runtime, container))

    def _terminate(self, worker: PodWorker) -> None:
        with worker.lock:
            worker.epoch += 1
            if any(each.running for each in worker.pod.all_containers()):
                script = lifecycle.terminate(worker.runtime)
                self._execute(worker, script, partial(self._delete, worker))
            else:
                self._delete(worker)

    def _delete(self, worker: PodWorker) -> None:
        if not self._writer.delete(worker.pod):
            self._scheduler.after(_RETRY, partial(self._delete, worker))

    def _execute(
        self, worker: PodWorker, script: Script, then: Callable[[], None] = lambda: None
    ) -> None:
        step = partial(self._step, worker, worker.epoch, script, then)
        self._scheduler.after(0, step)

    def _step(
        self, worker: PodWorker, epoch: int, script: Script, then: Callable[[], None]
    ) -> None:
        with worker.lock:
            if worker.epoch != epoch:
                return
            pause = next(script, None)
            self._write(worker)
            if pause is None:
                then()
            else:
                self._scheduler.after(pause, partial(self._step, worker, epoch, script, then))

    def _write(self, worker: PodWorker) -> None:
        if not self._writer.write(worker) and not worker.rewriting:
            worker.rewriting = True
            self._scheduler.after(_RETRY, partial(self._rewrite, worker))

    def _rewrite(self, worker: PodWorker) -> None:
        with worker.lock:
            worker.rewriting = False
            if self._roster.get(worker.pod.uid) is worker:
                self._write(worker)

    def _lookup(self, namespace: str, kind: str, name: str) -> Mapping[str, str] | None:
        path = f"/api/v1/namespaces/{namespace}/{_PLURALS[kind]}/{quote(name)}"
        try:
            return decode(kind, self._client.request("GET", path))
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise LookupUnavailableError(str(error)) from error
        except UnreachableError as error:
            raise LookupUnavailableError(str(error)) from error

    # What is asked of the nodes.

    def _logs(self, namespace: str, pod: str, container: str, wanted: LogOptions) -> str:
        worker = self._roster.named(namespace, pod)
        if worker is None:
            raise LogError(404, f'pod "{pod}" does not exist')
        with worker.lock:
            return read(worker.pod, container, wanted, self._now())

    def _readiness(self, ip: str) -> bool | None:
        worker = self._roster.at(ip)
        if worker is None or not any(each.running for each in worker.pod.containers):
            return None
        return worker.pod.ready
