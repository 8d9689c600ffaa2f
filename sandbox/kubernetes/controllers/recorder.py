"""The events of the controllers: repetitions counted, floods held back, as client-go does."""

import itertools
import time
from dataclasses import dataclass

from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import StatusError

NORMAL, WARNING = "Normal", "Warning"
_EVENTS = "/events"
_SIMILAR = 10
_BURST = 25
_COMBINED = "(combined from similar events): "


@dataclass
class _Known:
    name: str
    count: int


class Recorder:
    """Writes the events of one component."""

    def __init__(self, client: Client, component: str) -> None:
        self._client = client
        self._component = component
        self._known: dict[tuple[str, ...], _Known] = {}
        self._messages: dict[tuple[str, str], set[str]] = {}
        self._sent: dict[str, int] = {}
        self._numbers = itertools.count(time.time_ns())

    def record(self, item: Json, kind: str, reason: str, message: str) -> None:
        """Write an event about an object, or raise the count of the same one."""
        metadata = item["metadata"]
        uid = metadata.get("uid") or metadata["name"]
        self._sent[uid] = self._sent.get(uid, 0) + 1
        if self._sent[uid] > _BURST:
            return
        similar = self._messages.setdefault((uid, reason), set())
        similar.add(message)
        key: tuple[str, ...] = (uid, kind, reason, message)
        if len(similar) >= _SIMILAR:
            key, message = (uid, kind, reason), _COMBINED + message
        try:
            self._write(key, item, kind, reason, message)
        except StatusError:
            # An event that is lost is lost, as in a real cluster.
            self._known.pop(key, None)

    def _write(self, key: tuple[str, ...], item: Json, kind: str, reason: str, text: str) -> None:
        namespace = item["metadata"].get("namespace", "default")
        known = self._known.get(key)
        found = known and self._client.get(_EVENTS, namespace, known.name)
        if known and found:
            known.count += 1
            found |= {"count": known.count, "lastTimestamp": self._client.moment(), "message": text}
            self._client.update(_EVENTS, found)
            return
        name = f"{item['metadata']['name']}.{next(self._numbers):x}"
        self._known[key] = _Known(name, 1)
        body = self._body(item, kind, reason, text)
        self._client.create(_EVENTS, namespace, {"metadata": {"name": name}, **body})

    def _body(self, item: Json, kind: str, reason: str, message: str) -> Json:
        moment = self._client.moment()
        return {
            "involvedObject": involved(item),
            "reason": reason,
            "message": message,
            "source": {"component": self._component},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
            "type": kind,
        }


def involved(item: Json) -> Json:
    """What an event says of the object that it is about."""
    metadata = item["metadata"]
    return {
        "kind": item["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
        "apiVersion": item["apiVersion"],
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
