"""The API server in memory (fake_cluster.py), behind HTTP."""

from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from tests.unit import wire
from tests.unit.fake_cluster import NOW, FakeCluster
from tests.unit.lease_server import Leases
from wpdeploy import strict_yaml
from wpdeploy.api_status import ApiError
from wpdeploy.kinds import KINDS, Manifest

# More than any step asks for.
_REQUESTS = 100
_ANYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


class ApplyServer(wire.Server):
    """Its `cluster` has the objects and knows what was applied, tried and refused; `leases` too."""

    def __init__(self) -> None:
        self.cluster, self.leases = FakeCluster(), Leases()
        super().__init__(*[self._act] * _REQUESTS)

    def _act(self, handler: BaseHTTPRequestHandler) -> None:
        request = self.received[-1]
        act = self.leases.answer if "/leases" in request.path else self._answer
        act(request)(handler)

    def _answer(self, request: wire.Received) -> wire.Act:
        return answered(self.cluster, request)


def answered(cluster: FakeCluster, request: wire.Received, now: datetime = NOW) -> wire.Act:
    """What the API server in memory answers."""

    def answer(document: Any, status: int = 200) -> wire.Act:
        return wire.answer(document, status, Date=format_datetime(now, usegmt=True))

    if "/selfsubject" in request.path:
        return answer({"status": {"resourceRules": [_ANYTHING], "allowed": True}})
    if request.method == "GET":
        found = cluster.objects.get(request.path) or cluster.listed(request.path, request.query)
        return answer(found, 200 if found else 404)
    try:
        if request.method == "DELETE":
            cluster.delete(_named(request))
            return answer({})
        after = cluster.apply(
            cast("Manifest", strict_yaml.load(request.body.decode())),
            dry_run=request.query.get("dryRun") == "All",
            force=request.query["force"] == "true",
            manager=request.query["fieldManager"],
        )
    except ApiError as error:
        return answer(error.status, error.code)
    return answer(after)


def _named(request: wire.Received) -> Manifest:
    """The object that a DELETE is about, as its preconditions have it."""
    *_, namespace, plural, name = request.path.split("/")
    kind = next(kind for kind, row in KINDS.items() if row.plural == plural)
    version = request.path.removeprefix("/apis/").removeprefix("/api/").partition("/namespaces")[0]
    guards = request.document["preconditions"]
    metadata = {"name": name, "namespace": namespace, **guards}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
