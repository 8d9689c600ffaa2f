"""An API server that plays one rollout by the clock: each pod of a Deployment is replaced.

It has what an observer of the rollout asks for and nothing else: lists in pages, and watches that
go on from a resourceVersion, which is the number of changes of that resource so far.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
GENERATION = 2
_SLICE = 100
# How far a pod has come.
_PENDING, _PLACED, _RUNNING, _READY = range(4)
_REVISION = "deployment.kubernetes.io/revision"
_IMAGE = "registry.example/wordpress@sha256:" + "a" * 64
_ENV = [
    {"name": f"WORDPRESS_{number}", "valueFrom": {"secretKeyRef": {"name": "web", "key": "k"}}}
    for number in range(30)
]
_PROBE = {"httpGet": {"path": "/-/ready", "port": "http"}, "periodSeconds": 10}
_FIELDS: Json = {f"k:{number}": {"f:name": {}, "f:value": {}} for number in range(40)}


class Change(NamedTuple):
    """What a watch tells, so many seconds after the first watch was opened."""

    at: float
    kind: str
    item: Json


class Server:
    """The API server, in threads of this process, which it keeps busy until that ends."""

    def __init__(self, pods: int, seconds: float) -> None:
        self._pods = pods
        self._pause = (seconds - 5) / pods
        self._started, self._lock = 0.0, threading.Lock()
        self._first = {
            "deployments": [_deployment(pods, 0)],
            "replicasets": [_replica_set("old", "1"), _replica_set("new", "2")],
            "pods": [_pod("old", number, _READY) for number in range(pods)],
            "endpointslices": [],
            "events": [],
        }
        self._script = {plural: list(self._changes(plural)) for plural in self._first}
        http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        http.daemon_threads = True
        self.url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, daemon=True).start()

    @property
    def ended(self) -> float:
        """When the change was told that completed the rollout, as time.time()."""
        last = self._script["deployments"][-1].at
        return time.time() - (time.monotonic() - self._started) + last

    def listed(self, plural: str, query: Mapping[str, str]) -> Json:
        """A page of the list."""
        told = [item for item in self._script[plural] if item.at <= self._elapsed]
        items = {item["metadata"]["uid"]: item for item in self._first[plural]}
        for change in told:
            items.pop(change.item["metadata"]["uid"], None)
            if change.kind != "DELETED":
                items[change.item["metadata"]["uid"]] = change.item
        begin, limit = int(query.get("continue") or 0), int(query.get("limit", 500))
        metadata = {"resourceVersion": str(len(told))}
        if begin + limit < len(items):
            metadata["continue"] = str(begin + limit)
        return {"metadata": metadata, "items": list(items.values())[begin : begin + limit]}

    def watched(self, plural: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """The lines of a watch, each when its time has come."""
        with self._lock:
            self._started = self._started or time.monotonic()
        until = time.monotonic() + float(query["timeoutSeconds"])
        begin = int(query["resourceVersion"])
        for number, change in enumerate(self._script[plural][begin:], begin + 1):
            time.sleep(max(0, min(change.at - self._elapsed, until - time.monotonic())))
            if time.monotonic() >= until:
                return
            metadata = {**change.item["metadata"], "resourceVersion": str(number)}
            told = {"type": change.kind, "object": {**change.item, "metadata": metadata}}
            yield json.dumps(told).encode() + b"\n"
        time.sleep(max(0, until - time.monotonic()))

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._started if self._started else 0.0

    def _changes(self, plural: str) -> Iterator[Change]:
        made = {
            "deployments": self._counted,
            "pods": self._replaced,
            "endpointslices": self._served,
            "events": self._told,
        }
        if plural in made:
            found = [item for number in range(self._pods) for item in made[plural](number)]
            yield from sorted(found, key=lambda change: change.at)

    def _replaced(self, number: int) -> Sequence[Change]:
        """A new pod comes up, and an old one goes."""
        at, old = number * self._pause, _pod("old", number, _READY)
        going = {**old, "metadata": {**old["metadata"], "deletionTimestamp": _now()}}
        after = {_PENDING: 0, _PLACED: 1, _RUNNING: 3, _READY: 4}
        ups = [
            Change(at + wait, "MODIFIED" if state else "ADDED", _pod("new", number, state))
            for state, wait in after.items()
        ]
        return [*ups, Change(at + 4.1, "MODIFIED", going), Change(at + 5, "DELETED", going)]

    def _counted(self, number: int) -> Sequence[Change]:
        return [Change(number * self._pause + 4.2, "MODIFIED", _deployment(self._pods, number + 1))]

    def _served(self, number: int) -> Sequence[Change]:
        first = number - number % _SLICE
        item = _slice(first // _SLICE, range(first, number + 1))
        return [Change(number * self._pause + 4.1, "MODIFIED", item)]

    def _told(self, number: int) -> Sequence[Change]:
        name = f"web-new-{number:04}"
        about = {"kind": "Pod", "name": name, "uid": f"uid-of-{name}"}
        metadata = {"uid": f"event-{number}", "name": f"{name}.1"}
        item = {"metadata": metadata, "involvedObject": about, "reason": "Pulling"}
        return [Change(number * self._pause + 1.1, "ADDED", item | {"lastTimestamp": _now()})]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _deployment(pods: int, new: int) -> Json:
    status = {
        "observedGeneration": GENERATION,
        "replicas": pods,
        "updatedReplicas": new,
        "readyReplicas": pods,
        "availableReplicas": pods,
    }
    metadata = {"uid": "deployment", "generation": GENERATION, "annotations": {_REVISION: "2"}}
    spec = {"replicas": pods, "selector": {"matchLabels": {"app": "web"}}}
    return {"metadata": metadata, "spec": spec, "status": status}


def _replica_set(name: str, revision: str) -> Json:
    owners = [{"uid": "deployment", "controller": True}]
    metadata = {"uid": name, "name": f"web-{name}", "annotations": {_REVISION: revision}}
    return {"metadata": metadata | {"ownerReferences": owners}, "spec": {}, "status": {}}


def _slice(number: int, pods: range) -> Json:
    uids = [f"uid-of-web-new-{pod:04}" for pod in pods]
    endpoints = [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "nodeName": "ip-10-0-0-1.eu-central-1.compute.internal",
            "targetRef": {"kind": "Pod", "namespace": "shop", "name": uid[7:], "uid": uid},
        }
        for uid in uids
    ]
    return {"metadata": {"uid": f"slice-{number}"}, "endpoints": endpoints}


def _pod(owner: str, number: int, state: int) -> Json:
    """A pod as long as real ones are."""
    name, now = f"web-{owner}-{number:04}", _now()
    is_ready = str(state == _READY)
    kinds = {"PodScheduled": str(state >= _PLACED), "ContainersReady": is_ready, "Ready": is_ready}
    waits = {"waiting": {"reason": "ContainerCreating"}}
    container = {
        "name": "wordpress",
        "image": _IMAGE,
        "restartCount": 0,
        "state": {"running": {"startedAt": now}} if state >= _RUNNING else waits,
    }
    spec = {"name": "wordpress", "image": _IMAGE, "env": _ENV}
    probes = dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), _PROBE)
    return {
        "metadata": {
            "uid": f"uid-of-{name}",
            "name": name,
            "labels": {"app": "web"},
            "creationTimestamp": now,
            "ownerReferences": [{"uid": owner, "controller": True}],
            "managedFields": [{"manager": "kubelet", "time": now, "fieldsV1": _FIELDS}],
        },
        "spec": {"nodeName": "ip-10-0-0-1", "containers": [spec | probes]},
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": kind, "status": status, "lastTransitionTime": now}
                for kind, status in kinds.items()
                if state != _PENDING
            ],
            "containerStatuses": [container] if state >= _PLACED else [],
        },
    }


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
            plural = path.rpartition("/")[2]
            if "watch" in query:
                self._head(Transfer_Encoding="chunked")
                for line in server.watched(plural, query):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.write(b"0\r\n\r\n")
                return
            body = json.dumps(server.listed(plural, query) if "names" in path else {}).encode()
            self._head(Content_Length=str(len(body)))
            self.wfile.write(body)

        def _head(self, **headers: str) -> None:
            self.send_response_only(200)
            self.send_header("Date", format_datetime(datetime.now(UTC), usegmt=True))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

    return Handler
