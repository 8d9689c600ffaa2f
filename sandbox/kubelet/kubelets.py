"""The pods of all nodes: what the watch tells becomes scripts, what they do becomes statuses."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from sandbox.kubelet import lifecycle
from sandbox.kubelet.client import ApiError, Client, UnreachableError
from sandbox.kubelet.environment import LookupUnavailableError, decode
from sandbox.kubelet.faults import Faults
from sandbox.kubelet.fleet import Fleet
from sandbox.kubelet.images import parse
from sandbox.kubelet.listener import Web
from sandbox.kubelet.logs import LogError, LogOptions, read
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import admit
from sandbox.kubelet.roster import PodWorker, Roster
from sandbox.kubelet.runtime import Runtime, Script
from sandbox.kubelet.scheduler import Scheduler
from sandbox.kubelet.writer import Writer

Json = dict[str, Any]

_RETRY = 0.25
_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps"}
_ENDED = {"Succeeded", "Failed"}
_NOT_FOUND = 404


class Kubelets:
    """The pods of the nodes of a fleet; `seen` is shown each pod of the cluster."""

    def __init__(
        self,
        client: Client,
        scheduler: Scheduler,
        fleet: Fleet,
        *,
        pace: Pace,
        now: Callable[[], datetime],
        seen: Callable[[Json], None],
    ) -> None:
        self._client = client
        self._scheduler = scheduler
        self._fleet = fleet
        self._pace = pace
        self._now = now
        self._seen = seen
        self._faults = Faults(pace)
        self._roster = Roster()
        self._writer = Writer(client)

    # What the watch tells.

    def listed(self, manifests: Iterable[Json]) -> None:
        """Look at all pods that there are."""
        present = set()
        for manifest in manifests:
            present.add(manifest["metadata"]["uid"])
            self.changed(manifest)
        for uid in self._roster.uids() - present:
            self._forget(uid)

    def changed(self, manifest: Json) -> None:
        """Look at a pod that is new or has changed."""
        self._seen(manifest)
        if self._fleet.is_silent(manifest["spec"].get("nodeName")):
            return
        worker = self._roster.get(manifest["metadata"]["uid"]) or self._add(manifest)
        worker.pod.manifest = manifest
        if "deletionTimestamp" in manifest["metadata"] and not worker.terminating:
            worker.terminating = True
            self._scheduler.after(0, partial(self._terminate, worker))

    def came_back(self, manifests: Iterable[Json]) -> None:
        """Tell how the pods of a node are that was silent, and do what it missed."""
        for manifest in manifests:
            if (worker := self._roster.get(manifest["metadata"]["uid"])) is not None:
                with worker.lock:
                    worker.pod.conditions = manifest["status"].get("conditions") or []
                    worker.written = {}
                    self.write(worker)
            self.changed(manifest)

    def _add(self, manifest: Json) -> PodWorker:
        worker = self._roster.add(manifest, partial(self._admit, manifest))
        # What has ended before is only waiting for its deletion.
        if manifest.get("status", {}).get("phase") not in _ENDED:
            self._execute(worker, lifecycle.start(worker.runtime))
        return worker

    def gone(self, manifest: Json) -> None:
        """Forget a pod that is no more."""
        self._forget(manifest["metadata"]["uid"])

    def _forget(self, uid: str) -> None:
        if (worker := self._roster.remove(uid)) is not None:
            worker.epoch += 1

    # The pods' scripts.

    def _admit(self, manifest: Json, ip: str) -> PodWorker:
        pod = admit(manifest, ip, self._faults)
        lookup = partial(self._lookup, pod.namespace)
        return PodWorker(Runtime(pod, self._pace, lookup, self._now))

    def _terminate(self, worker: PodWorker) -> None:
        with worker.lock:
            worker.epoch += 1
            if any(each.running for each in worker.pod.all_containers()):
                script = lifecycle.terminate(worker.runtime)
                self._execute(worker, script, partial(self._delete, worker))
            else:
                self._delete(worker)

    def _delete(self, worker: PodWorker) -> None:
        if self._fleet.is_silent(worker.pod.node) or not self._writer.delete(worker.pod):
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
            self.write(worker)
            if isinstance(pause, Iterator):
                self._execute(worker, pause)
                pause = 0
            if pause is None:
                then()
            else:
                self._scheduler.after(pause, partial(self._step, worker, epoch, script, then))

    def write(self, worker: PodWorker) -> None:
        """Tell the API server how a pod is, unless its node is silent; again until it knows."""
        if self._fleet.is_silent(worker.pod.node):
            return
        if not self._writer.write(worker) and not worker.rewriting:
            worker.rewriting = True
            self._scheduler.after(_RETRY, partial(self._rewrite, worker))

    def _rewrite(self, worker: PodWorker) -> None:
        with worker.lock:
            worker.rewriting = False
            if self._roster.get(worker.pod.uid) is worker:
                self.write(worker)

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

    def worker(self, namespace: str, pod: str) -> PodWorker:
        """Find a pod by its name; KeyError if it is not played."""
        found = self._roster.named(namespace, pod)
        if found is None:
            raise KeyError(f"{namespace}/{pod}")
        return found

    def logs(self, namespace: str, pod: str, container: str, wanted: LogOptions) -> str:
        """Read a container's log; ConnectionError where its kubelet does not answer."""
        worker = self._roster.named(namespace, pod)
        if worker is None:
            raise LogError(404, f'pod "{pod}" does not exist')
        if self._fleet.is_silent(worker.pod.node):
            raise ConnectionAbortedError(f"{worker.pod.node} is silent")
        with worker.lock:
            return read(worker.pod, container, wanted, self._now())

    def web(self, ip: str) -> Web | None:
        """Tell what runs in the pod at this address; None: nothing does."""
        worker = self._roster.at(ip)
        running = [each for each in worker.pod.containers if each.running] if worker else []
        if worker is None or not running:
            return None
        return Web(worker.pod.ready, parse(running[0].image).tag)
