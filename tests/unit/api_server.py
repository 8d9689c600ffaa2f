"""A scripted API server, and wpdeploy's way to it: through a kubeconfig, as on a bastion."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.unit.wire import Act, FakeClock, Server, answer
from wpdeploy.kube import Cluster
from wpdeploy.kubeconfig import access

Json = Mapping[str, Any]


class Connection(NamedTuple):
    """A cluster to ask, the clock it waits by, and what it told meanwhile."""

    cluster: Cluster
    clock: FakeClock
    notices: list[str]


def connect(kubeconfig: Path, context: str | None = None) -> Connection:
    """The cluster of a kubeconfig."""
    clock, notices = FakeClock(), list[str]()
    return Connection(
        Cluster(access(str(kubeconfig), context), clock, notices.append), clock, notices
    )


def connect_to(server: Server, directory: Path) -> Connection:
    """The cluster of a server that asks for no credentials."""
    return connect(write_kubeconfig(directory, server.url))


def write_kubeconfig(
    directory: Path, url: str, user: Json | None = None, cluster: Json | None = None
) -> Path:
    """A kubeconfig of one context: its user, and what it says of its cluster beside the URL."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "blog",
        "clusters": [{"name": "blog", "cluster": {"server": url, **(cluster or {})}}],
        "users": [{"name": "bastion", "user": user or {}}],
        "contexts": [{"name": "blog", "context": {"cluster": "blog", "user": "bastion"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(json.dumps(content))  # JSON is YAML too
    return path


def refusal(code: int, message: str, details: Json | None = None, **headers: str) -> Act:
    """The API server's Status for a request that it refuses."""
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "details": details or {},
        "code": code,
    }
    return answer(status, code, **headers)
