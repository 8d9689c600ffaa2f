"""The API server in memory (fake_cluster.py), behind HTTP."""

from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from tests.unit import wire
from tests.unit.fake_cluster import NOW, FakeCluster
from tests.unit.lease_server import Leases
from wpdeploy import strict_yaml
from wpdeploy.api_status import ApiError
from wpdeploy.kinds import Manifest

# More than any step asks for.
_REQUESTS = 100


class ApplyServer(wire.Server):
    """Its `cluster` has the objects and knows what was applied, tried and refused; `leases` too."""

    def __init__(self) -> None:
        self.cluster, self.leases = FakeCluster(), Leases()
        super().__init__(*[self._act] * _REQUESTS)

    def _act(self, handler: BaseHTTPRequestHandler) -> None:
        request = self.received[-1]
        if "/leases" in request.path:
            self.leases.answer(request)(handler)
            return
        found = self.cluster.objects.get(request.path)
        if request.method == "GET":
            _answered(found, 200 if found else 404)(handler)
            return
        manifest = cast("Manifest", strict_yaml.load(request.body.decode()))
        try:
            after = self.cluster.apply(
                manifest,
                dry_run=request.query.get("dryRun") == "All",
                force=request.query["force"] == "true",
                manager=request.query["fieldManager"],
            )
        except ApiError as error:
            _answered(error.status, error.code)(handler)
        else:
            _answered(after, 200)(handler)


def _answered(document: Any, status: int) -> wire.Act:
    return wire.answer(document, status, Date=format_datetime(NOW, usegmt=True))
