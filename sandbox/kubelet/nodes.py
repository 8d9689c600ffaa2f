"""Nodes and their heartbeats."""

import logging
import platform
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.kubelet.client import MERGE_PATCH, ApiError, Client, UnreachableError
from sandbox.kubelet.pods import HOST_IP
from sandbox.kubelet.timestamps import microseconds, seconds

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)

_NODES = "/api/v1/nodes"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LEASE_SECONDS = 40
_NOT_FOUND = 404
_REGION = "eu-west-1"
_RESOURCES = {"cpu": "16", "memory": "64Gi", "ephemeral-storage": "100Gi", "pods": "250"}
_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
_PRESSURES = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


def zone(name: str) -> str:
    """Spread the nodes over three zones."""
    return _REGION + "abc"[(int(name.rpartition("-")[2]) - 1) % 3]


def node(name: str, port: int, since: datetime, now: datetime) -> Json:
    """Describe a node whose kubelet answers at this port."""
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": _ARCHITECTURE,
        "topology.kubernetes.io/region": _REGION,
        "topology.kubernetes.io/zone": zone(name),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": node_status(port, since, now),
    }


def node_status(port: int, since: datetime, now: datetime) -> Json:
    """Describe the state of a healthy node."""
    return {
        "capacity": _RESOURCES,
        "allocatable": _RESOURCES,
        # No Hostname: the API server would prefer it, and no DNS knows it.
        "addresses": [{"type": "InternalIP", "address": HOST_IP}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": _conditions(since, now),
        "nodeInfo": {
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kernelVersion": platform.release(),
            "osImage": "sandbox",
            "containerRuntimeVersion": "containerd://1.4.13",
            "kubeletVersion": "v1.20.2",
            "kubeProxyVersion": "v1.20.2",
            "operatingSystem": "linux",
            "architecture": _ARCHITECTURE,
        },
    }


def lease(name: str, now: datetime) -> Json:
    """Describe a node's heartbeat."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name},
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": _LEASE_SECONDS,
            "renewTime": microseconds(now),
        },
    }


def _conditions(since: datetime, now: datetime) -> list[Json]:
    times = {"lastHeartbeatTime": seconds(now), "lastTransitionTime": seconds(since)}
    ready = {"reason": "KubeletReady", "message": "kubelet is posting ready status"}
    pressures = [
        {"type": kind, "status": "False", "reason": reason, "message": message, **times}
        for kind, (reason, message) in _PRESSURES.items()
    ]
    return [*pressures, {"type": "Ready", "status": "True", **ready, **times}]


class Heartbeat:
    """Keeps one node registered, Ready and its Lease renewed; safe to use from all threads."""

    def __init__(self, client: Client, name: str, port: int, now: Callable[[], datetime]) -> None:
        self._client = client
        self._name = name
        self._port = port
        self._now = now
        self._since = now()
        self._lock = threading.Lock()
        self.paused = False

    def beat(self) -> bool:
        """Write node and Lease, making what is not there; False when that failed."""
        with self._lock:
            return self.paused or self._beat()

    def pause(self) -> None:
        """Write no more, as of now."""
        with self._lock:
            self.paused = True

    def resume(self) -> None:
        """Go on, Ready since now."""
        with self._lock:
            self.paused, self._since = False, self._now()
            self._beat()

    def end(self) -> None:
        """Delete the node and its Lease, for good."""
        self.pause()
        for path in (_NODES, _LEASES):
            self._client.request("DELETE", f"{path}/{self._name}")

    def _beat(self) -> bool:
        now = self._now()
        status = {"status": node_status(self._port, self._since, now)}
        try:
            self._write(_NODES, "/status", status, node(self._name, self._port, self._since, now))
            renewed = lease(self._name, now)
            self._write(_LEASES, "", {"spec": renewed["spec"]}, renewed)
        except (ApiError, UnreachableError) as error:
            _LOG.debug("heartbeat of %s: %s", self._name, error)
            return False
        return True

    def _write(self, path: str, subresource: str, patch: Json, whole: Json) -> None:
        try:
            target = f"{path}/{self._name}{subresource}"
            self._client.request("PATCH", target, patch, kind=MERGE_PATCH)
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise
            self._client.request("POST", path, whole)
