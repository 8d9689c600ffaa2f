"""The nodes that are played: more of them, fewer, and silent ones."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sandbox.kubelet.client import Client
from sandbox.kubelet.nodes import Heartbeat
from sandbox.kubelet.scheduler import Scheduler

_RETRY = 0.25


class Fleet:
    """The nodes by name; safe to use from all threads."""

    def __init__(
        self, client: Client, scheduler: Scheduler, pause: float, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._scheduler = scheduler
        self._pause = pause
        self._now = now
        self._lock = threading.Lock()
        self._heartbeats: dict[str, Heartbeat] = {}

    def __len__(self) -> int:
        return len(self._heartbeats)

    def add(self, port: int) -> str:
        """Register one more node, whose kubelet answers at this port; give its name."""
        with self._lock:
            numbers = (int(name.rpartition("-")[2]) for name in self._heartbeats)
            name = f"node-{max(numbers, default=0) + 1}"
            self._heartbeats[name] = Heartbeat(self._client, name, port, self._now)
        self._scheduler.after(0, partial(self._beat, name))
        return name

    def remove(self, name: str) -> None:
        """Delete a node; KeyError for one that is not played."""
        with self._lock:
            heartbeat = self._heartbeats.pop(name)
        heartbeat.end()

    def silence(self, name: str) -> None:
        """Stop a node's kubelet; KeyError for a node that is not played."""
        self._heartbeats[name].pause()

    def revive(self, name: str) -> None:
        """Start a node's kubelet again; KeyError for a node that is not played."""
        self._heartbeats[name].resume()

    def is_silent(self, name: str | None) -> bool:
        """Tell whether nobody plays a node's kubelet, or not now."""
        heartbeat = self._heartbeats.get(name or "")
        return heartbeat is None or heartbeat.paused

    def _beat(self, name: str) -> None:
        heartbeat = self._heartbeats.get(name)
        if heartbeat is not None:
            pause = self._pause if heartbeat.beat() else _RETRY
            self._scheduler.after(pause, partial(self._beat, name))
