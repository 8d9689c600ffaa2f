"""The Leases of an API server, by its rules: a write that is not of the last version is a 409."""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.unit.api_server import connect_to, refusal
from tests.unit.wire import PATIENCE, Act, FakeClock, Received, Server, answer
from wpdeploy.kube import Cluster
from wpdeploy.lease import Holder, Place
from wpdeploy.lock import Lock

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
DATE = format_datetime(NOW, usegmt=True)
COLLECTION = "/apis/coordination.k8s.io/v1/namespaces/blog/leases"
PATH = f"{COLLECTION}/wpdeploy-site"
PLACE = Place("Test", "blog", "site")
Json = dict[str, Any]


class Leases:
    """They are at their paths; before a request is answered, one of `meanwhile` happens."""

    def __init__(self, date: str = DATE) -> None:
        self.objects: dict[str, Json] = {}
        self.requests: list[str] = []
        self.meanwhile: deque[Callable[[], object]] = deque()
        self._date = date
        self._versions = 0

    def put(self, holder: str | None = "d-2", **spec: Any) -> Json:
        """Somebody writes the Lease."""
        own = {"holderIdentity": holder, "leaseDurationSeconds": 120} | spec
        found = self.objects.get(PATH) or {"metadata": {"name": "wpdeploy-site", "uid": "u-1"}}
        return self._store(PATH, found | {"spec": own})

    @property
    def spec(self) -> Json:
        """What the Lease says."""
        found: Json = self.objects[PATH]["spec"]
        return found

    @property
    def holder(self) -> str | None:
        """Who holds it."""
        found: str | None = self.spec.get("holderIdentity")
        return found

    def answer(self, request: Received) -> Act:
        """What the API server answers."""
        self.requests.append(request.method)
        if self.meanwhile:
            self.meanwhile.popleft()()
        known = self.objects.get(request.path)
        if request.method == "GET":
            return self._answer(known) if known else self._refusal(404, "not found")
        given = request.document
        if request.method == "POST":
            path = f"{request.path}/{given['metadata']['name']}"
            taken = path in self.objects
            given["metadata"]["uid"] = "u-2"
        else:
            path, taken = request.path, not known or not _same(known, given)
        return self._refusal(409, "conflict") if taken else self._answer(self._store(path, given))

    def _answer(self, document: Json) -> Act:
        return answer(document, Date=self._date)

    def _refusal(self, code: int, message: str) -> Act:
        return refusal(code, message, Date=self._date)

    def _store(self, path: str, document: Json) -> Json:
        self._versions += 1
        version = {"resourceVersion": str(self._versions)}
        stored = document | {"metadata": document["metadata"] | version}
        self.objects[path] = stored
        return stored


def _same(known: Json, given: Json) -> bool:
    keys = ("uid", "resourceVersion")
    return all(known["metadata"][key] == given["metadata"][key] for key in keys)


class LeaseServer(Server):
    """An API server that has nothing but Leases; `acts` come first, one a request."""

    def __init__(self, *acts: Act) -> None:
        self.leases = Leases()
        self.acts = deque(acts)
        super().__init__(*[self._act] * 100)

    def _act(self, handler: BaseHTTPRequestHandler) -> None:
        request = self.received[-1]
        (self.acts.popleft() if self.acts else self.leases.answer(request))(handler)


class Meanwhile(FakeClock):
    """A clock that lets things happen while somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.then: deque[Callable[[], object]] = deque()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.then:
            self.then.popleft()()


class Ticks(threading.Event):
    """Renewals come when the test says so, and each is over when `tick` returns."""

    def __init__(self) -> None:
        super().__init__()
        self.paces: list[float | None] = []
        self._ticks, self._idle = SimpleQueue[bool](), threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.paces.append(timeout)
        self._idle.release()
        return self._ticks.get(timeout=PATIENCE)

    def set(self) -> None:
        super().set()
        self._ticks.put(item=True)

    def tick(self) -> None:
        """One renewal."""
        self._await_idle()
        self._ticks.put(item=False)
        self._await_idle()
        self._idle.release()

    def _await_idle(self) -> None:
        assert self._idle.acquire(timeout=PATIENCE), "the thread does not renew"


class Contender:
    """A deployment that wants the lock: its own connection, clock, ticks and what it told."""

    def __init__(self, server: LeaseServer, directory: Path, identity: str) -> None:
        self.clock, self.ticks, self.told = Meanwhile(), Ticks(), list[str]()
        access = connect_to(server, directory).cluster._access
        self.cluster = Cluster(access, self.clock, self.told.append)
        holder = Holder(identity, "")
        self.lock = Lock(
            self.cluster, PLACE, holder, self.clock, self.told.append, ended=self.ticks
        )
