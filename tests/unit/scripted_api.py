"""An API server of one rollout: its lists, and what its watches say, one act a watch."""

from collections import deque
from collections.abc import Callable
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue
from typing import Any

import urllib3

from tests.unit import api_objects as api
from tests.unit import wire
from tests.unit.apply_server import answered
from tests.unit.fake_cluster import FakeCluster
from tests.unit.lease_server import Leases
from tests.unit.rollout_states import NOW
from wpdeploy.kube import Access, Cluster
from wpdeploy.observation import Observation
from wpdeploy.observed import Snapshot
from wpdeploy.record import AppliedAt
from wpdeploy.target import KubeconfigCluster, Target

DATE = format_datetime(NOW, usegmt=True)
RESOURCES = ("deployments", "replicasets", "pods", "endpointslices", "events")
TARGET = Target(KubeconfigCluster("k", None), "shop", "wordpress", 900, stability_window=10)
# Enough requests for a client that tries everything eight times on all five watches.
_REQUESTS = 500


def refused(code: int, message: str) -> wire.Act:
    """A request that the API server refuses."""
    return wire.answer(api.status(code, message), code, Date=DATE)


class ScriptedApi(wire.Server):
    """Lists answer what `lists` holds; a watch plays the next act of `watches`, or stays open.

    `leases` are beside them, and `cluster` has everything else.
    """

    def __init__(self) -> None:
        self.lists: dict[str, wire.Act] = {}
        self.watches: dict[str, deque[wire.Act]] = {}
        self.answers("deployments", api.deployment())
        self.answers("replicasets", api.replica_set("old", "3"), api.replica_set("new", "4"))
        self.answers("pods", api.pod("web-1"))
        self.answers("endpointslices", api.endpoint_slice(api.endpoint("uid-of-web-1")))
        self.answers("events")
        self.leases, self.cluster = Leases(DATE), FakeCluster()
        self.opened, self.left = SimpleQueue[str](), SimpleQueue[str]()
        super().__init__(*[self._act] * _REQUESTS)

    def answers(self, plural: str, *items: dict[str, Any], version: str = "100") -> None:
        """From now on the resource's list has these items."""
        self.lists[plural] = wire.answer(api.listing(*items, version=version), Date=DATE)

    def plays(self, plural: str, *acts: wire.Act) -> None:
        """What the next watches of the resource are answered with."""
        self.watches[plural] = deque(acts)

    def asked(self, plural: str, *, watch: bool = False) -> list[dict[str, str]]:
        """The queries of the resource's lists, or of its watches, as they came."""
        return [
            dict(request.query)
            for request in self.received
            if request.path.endswith(f"/{plural}") and ("watch" in request.query) is watch
        ]

    def versions(self, plural: str) -> list[str]:
        """From where on the resource was watched."""
        return [query["resourceVersion"] for query in self.asked(plural, watch=True)]

    def stays(self, *lines: bytes) -> wire.Act:
        """A watch with these lines, which ends when its client leaves."""
        return _until_it_leaves(self.opened.put, self.left.put, lines)

    def _act(self, handler: BaseHTTPRequestHandler) -> None:
        plural = _plural(handler)
        if "/leases" in handler.path:
            self.leases.answer(self.received[-1])(handler)
        elif "watch=true" in handler.path:
            acts = self.watches.get(plural)
            (acts.popleft() if acts else self.stays())(handler)
        elif plural in {*RESOURCES, "endpoints"}:
            self.lists.get(plural, refused(404, "404 page not found"))(handler)
        else:
            answered(self.cluster, self.received[-1], NOW)(handler)


def _plural(handler: BaseHTTPRequestHandler) -> str:
    return handler.path.partition("?")[0].rpartition("/")[2]


def _until_it_leaves(
    opened: Callable[[str], None], left: Callable[[str], None], lines: tuple[bytes, ...]
) -> wire.Act:
    def act(handler: BaseHTTPRequestHandler) -> None:
        plural = _plural(handler)
        opened(plural)
        wire.stream(*lines, whole=False)(handler)
        handler.rfile.read(1)
        left(plural)

    return act


class Observed:
    """An Observation of the scripted API server, and what it said and slept meanwhile."""

    def __init__(
        self,
        server: ScriptedApi,
        applied: AppliedAt | None = None,
        authorization: Callable[[str | None], str | None] = lambda _: None,
        kind: type[Cluster] = Cluster,
    ) -> None:
        self.clock, self.notices = wire.FakeClock(), list[str]()
        pool = urllib3.PoolManager(maxsize=8, retries=False)
        access = Access(server.url, pool, authorization)
        cluster = kind(access, self.clock, self.notices.append)
        self.observation = Observation(cluster, TARGET, applied, self.clock, self.notices.append)
        self.close = self.observation.close

    def until(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        """The first snapshot of which it is true; the watches bring it, or the test fails."""
        for _ in range(20):
            snapshot = self.observation.snapshot()
            if condition(snapshot):
                return snapshot
            self.observation.wait(1)
        raise AssertionError(f"never became true; last known: {self.observation.snapshot()}")
