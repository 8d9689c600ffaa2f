"""An API server whose Jobs end as they are told to: lists, and watches, one act a watch."""

from collections import deque
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.unit import job_states, wire
from tests.unit.apply_server import answered
from tests.unit.fake_cluster import FakeCluster
from tests.unit.lease_server import Leases
from wpdeploy.kinds import Manifest

DATE = format_datetime(job_states.NOW, usegmt=True)
# More than any step asks for.
_REQUESTS = 200


class JobServer(wire.Server):
    """Lists answer what `lists` holds by plural, else what `cluster` has.

    A watch plays the next act of `watches`, or stays open until its client leaves. Whatever
    changes a Job, from then on the list has one with the next of the `ends`: its conditions.
    """

    def __init__(self) -> None:
        self.lists: dict[str, list[Manifest]] = {"pods": [], "events": []}
        self.watches: dict[str, deque[wire.Act]] = {}
        self.ends: deque[list[Manifest]] = deque()
        self.leases, self.cluster = Leases(DATE), FakeCluster()
        super().__init__(*[self._act] * _REQUESTS)

    def asked(self, plural: str) -> list[dict[str, str]]:
        """The queries of the lists and watches of that resource, as they came."""
        found = [each for each in self.received if each.path.endswith(f"/{plural}")]
        return [dict(each.query) for each in found]

    def _act(self, handler: BaseHTTPRequestHandler) -> None:
        request = self.received[-1]
        plural = request.path.rpartition("/")[2]
        if "/leases" in request.path:
            self.leases.answer(request)(handler)
        elif "watch" in request.query:
            acts = self.watches.get(plural)
            (acts.popleft() if acts else _until_it_leaves)(handler)
        elif request.method == "GET" and plural in self.lists:
            self._list(plural)(handler)
        else:
            answered(self.cluster, request, job_states.NOW)(handler)
            self._end(request)

    def _list(self, plural: str) -> wire.Act:
        document: Any = {"metadata": {"resourceVersion": "100"}, "items": self.lists[plural]}
        return wire.answer(document, Date=DATE)

    def _end(self, request: wire.Received) -> None:
        if "/jobs/" in request.path and request.query.get("dryRun") is None and self.ends:
            self.lists["jobs"] = [job_states.job(*self.ends.popleft())]


def _until_it_leaves(handler: BaseHTTPRequestHandler) -> None:
    wire.stream(whole=False)(handler)
    handler.rfile.read(1)
