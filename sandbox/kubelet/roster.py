"""Which pods are played, and at which addresses."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from sandbox.kubelet.pods import Pod
from sandbox.kubelet.runtime import Runtime

Json = dict[str, Any]

_NETWORK = IPv4Network("10.244.0.0/16")


@dataclass
class PodWorker:
    """Who plays one pod; its lock is held while a script changes it or its state is written."""

    runtime: Runtime
    lock: threading.RLock = field(default_factory=threading.RLock)
    epoch: int = 0
    """Raised to end the scripts under way."""
    terminating: bool = False
    written: Json = field(default_factory=dict)
    """The status that the API server holds."""
    rewriting: bool = False
    """Whether another attempt to write is due."""

    @property
    def pod(self) -> Pod:
        """The pod."""
        return self.runtime.pod


class Roster:
    """The pods by uid, name and address; safe to use from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_uid: dict[str, PodWorker] = {}
        self._by_ip: dict[str, PodWorker] = {}
        self._last_ip = _NETWORK.network_address + 1

    def get(self, uid: str) -> PodWorker | None:
        """Find a pod by its identity."""
        with self._lock:
            return self._by_uid.get(uid)

    def at(self, ip: str) -> PodWorker | None:
        """Find the pod with this address."""
        with self._lock:
            return self._by_ip.get(ip)

    def named(self, namespace: str, name: str) -> PodWorker | None:
        """Find a pod by its name."""
        with self._lock:
            return next(
                (
                    each
                    for each in self._by_uid.values()
                    if (each.pod.namespace, each.pod.name) == (namespace, name)
                ),
                None,
            )

    def add(self, manifest: Json, admit: Callable[[str], PodWorker]) -> PodWorker:
        """Give a pod an address, its old one if it had one, and take it up."""
        with self._lock:
            ip = manifest.get("status", {}).get("podIP") or self._free_ip()
            worker = self._by_uid[manifest["metadata"]["uid"]] = self._by_ip[ip] = admit(ip)
        return worker

    def remove(self, uid: str) -> PodWorker | None:
        """Forget a pod."""
        with self._lock:
            worker = self._by_uid.pop(uid, None)
            if worker is not None:
                self._by_ip.pop(worker.pod.ip, None)
        return worker

    def uids(self) -> set[str]:
        """List the pods that are played."""
        with self._lock:
            return set(self._by_uid)

    def _free_ip(self) -> str:
        # One after the other: an address comes again only after all the others.
        while True:
            self._last_ip += 1
            if self._last_ip >= _NETWORK.broadcast_address:
                self._last_ip = IPv4Address(_NETWORK.network_address + 2)
            if str(self._last_ip) not in self._by_ip:
                return str(self._last_ip)
