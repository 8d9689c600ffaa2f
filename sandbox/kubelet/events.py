"""The events of one pod, as a kubelet writes and aggregates them."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.kubelet.timestamps import seconds

Json = dict[str, Any]

NORMAL = "Normal"
WARNING = "Warning"


@dataclass
class Event:
    """One event; `recorded` when the API server holds it and only its count goes there."""

    body: Json
    recorded: bool = False

    @property
    def name(self) -> str:
        """The name of the object."""
        return str(self.body["metadata"]["name"])

    def recurrence(self) -> Json:
        """Build the patch that tells of a repetition."""
        return {"count": self.body["count"], "lastTimestamp": self.body["lastTimestamp"]}


@dataclass
class EventLog:
    """What happened to a pod; `unsent` is what the API server has not been told, oldest first."""

    pod: Json
    unsent: list[Event] = field(default_factory=list)
    _known: dict[tuple[str, ...], Event] = field(default_factory=dict)

    def record(self, kind: str, reason: str, message: str, path: str, now: datetime) -> None:
        """Add an event, or raise the count of the same one."""
        key = (kind, reason, message, path)
        event = self._known.get(key)
        if event is None:
            event = self._known[key] = Event(self._body(key, seconds(now)))
        else:
            event.body["count"] += 1
            event.body["lastTimestamp"] = seconds(now)
        if event not in self.unsent:
            self.unsent.append(event)

    def _body(self, key: tuple[str, ...], moment: str) -> Json:
        kind, reason, message, path = key
        metadata = self.pod["metadata"]
        # Derived, not random, so that a restarted player goes on counting in the same object.
        suffix = hashlib.sha256("/".join((metadata["uid"], *key)).encode()).hexdigest()[:16]
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{suffix}",
                "namespace": metadata["namespace"],
            },
            "involvedObject": reference(self.pod, path),
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": "kubelet", "host": self.pod["spec"]["nodeName"]},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }


def reported(pod: Json, component: str, told: tuple[str, str, str], now: datetime) -> Json:
    """An event of somebody else about a pod; `told` is its type, reason and message."""
    kind, reason, message = told
    metadata = pod["metadata"]
    return {
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
        "involvedObject": reference(pod),
        "type": kind,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": seconds(now),
        "lastTimestamp": seconds(now),
        "count": 1,
    }


def reference(pod: Json, path: str = "") -> Json:
    """What an event says of the pod that it is about, and of the part of it."""
    metadata = pod["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata.get("resourceVersion", ""),
    } | ({"fieldPath": path} if path else {})
