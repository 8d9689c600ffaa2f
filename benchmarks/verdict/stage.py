"""Where the tools work: a real control plane with played nodes, a namespace for each tool."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.verdict import nodes, workload
from benchmarks.verdict.audit import Audit
from benchmarks.verdict.sighting import Sighting
from sandbox.kubelet import read_kubeconfig
from sandbox.kubelet.client import Client
from tests.cluster.component import Guard
from tests.cluster.control_plane import ControlPlane

Json = dict[str, Any]
_APPLY = "application/apply-patch+yaml"
_CONNECTIONS = 16
_QUIET_SECONDS = 300.0
_POLL_SECONDS = 0.2


class Stage:
    """A control plane that counts the requests of these users, each with a namespace of its own."""

    def __init__(
        self, binaries: Path, directory: Path, users: Sequence[str], stack: ExitStack
    ) -> None:
        self.directory = directory
        self.audit = Audit(directory / "audit", users)
        plane = ControlPlane.start(binaries, directory / "plane", self.audit.flags)
        self.plane = stack.enter_context(plane)
        self.guard = Guard()
        stack.callback(self.guard.close)
        played = nodes.played(plane.admin_kubeconfig, directory / "nodes")
        self.guard.watch(stack.enter_context(played))
        own = directory / "own"
        own.mkdir()
        self._client = Client(read_kubeconfig(plane.admin_kubeconfig, own), _CONNECTIONS)
        stack.callback(self._client.close)

    def admit(self, user: str) -> Path:
        """Make a user's namespace, and a kubeconfig with which everything is allowed."""
        self._client.request("POST", "/api/v1/namespaces", {"metadata": {"name": user}})
        self.plane.await_admission(user)
        services = f"/api/v1/namespaces/{user}/services"
        self._client.request("POST", services, workload.SERVICE)
        return self.plane.kubeconfig(user, ["system:masters"], user)

    def apply(self, manifest: Json) -> None:
        """Apply the Deployment, for a tool that only waits."""
        path = f"{_deployments(manifest['metadata']['namespace'])}/{workload.NAME}"
        query = "?fieldManager=benchmark&force=true"
        self._client.request("PATCH", path + query, manifest, kind=_APPLY)

    def complete(self, namespace: str, tag: str, pods: int) -> Sighting:
        """When the Deployment says that it is rolled out."""
        query = f"watch=true&fieldSelector=metadata.name%3D{workload.NAME}"
        path = f"{_deployments(namespace)}?{query}"
        return Sighting(self._client, path, lambda found: workload.is_complete(found, tag, pods))

    def cannot_pull(self, namespace: str) -> Sighting:
        """When a pod shows it."""
        path = f"/api/v1/namespaces/{namespace}/pods?watch=true"
        return Sighting(self._client, path, workload.cannot_pull)

    def await_quiet(self, namespace: str, pods: int) -> None:
        """Wait until the pods of before are gone."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        deadline = time.monotonic() + _QUIET_SECONDS
        while len(self._client.request("GET", path)["items"]) != pods:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{namespace} has not just {pods} pods")
            time.sleep(_POLL_SECONDS)


def _deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"
