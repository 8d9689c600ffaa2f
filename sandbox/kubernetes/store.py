"""All objects, and what became of them: the history that watches are served from."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.kubernetes.schema import Json

Key = tuple[str, str, str]
"""Storage (group/plural), namespace, name."""
_HISTORY = 5000


class StoreConflict(Exception):
    """The object is not, or is no more, at the version that the caller saw."""


@dataclass(frozen=True)
class Change:
    """What happened to an object; `before` and `after` are None before its creation, after its end.

    `last` is what a watcher is shown of a deletion: the object at its end, at its own version.
    """

    version: int
    key: Key
    before: Json | None
    after: Json | None
    last: Json | None = None


class Store:
    """The objects by key; every change has a number, the next resourceVersion."""

    def __init__(self, history: int = _HISTORY) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 1
        self._objects: dict[str, dict[tuple[str, str], Json]] = {}
        self._history: deque[Change] = deque(maxlen=history)
        self._listeners: list[Callable[[Change], None]] = []
        self._forgotten = 0

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call on each change, with the lock held."""
        self._listeners.append(listener)

    def get(self, key: Key) -> Json | None:
        """The object; not to be changed."""
        with self.lock:
            return self._objects.get(key[0], {}).get(key[1:])

    def items(self, storage: str, namespace: str = "") -> list[Json]:
        """All objects of a kind, by namespace and name."""
        with self.lock:
            found = self._objects.get(storage, {})
            keys = sorted(key for key in found if not namespace or key[0] == namespace)
            return [found[key] for key in keys]

    def items_at(self, version: int, storage: str, namespace: str = "") -> list[Json] | None:
        """The same as they were at a version; None if that is forgotten."""
        with self.lock:
            changes = self.since(version)
            if changes is None:
                return None
            found = {_place(item): item for item in self.items(storage, namespace)}
            for change in reversed(changes):
                if change.key[0] == storage and namespace in ("", change.key[1]):
                    found.pop(change.key[1:], None)
                    if change.before is not None:
                        found[change.key[1:]] = change.before
            return [found[place] for place in sorted(found)]

    def storages(self) -> Iterator[str]:
        """The kinds of which there are objects."""
        with self.lock:
            return iter(list(self._objects))

    def put(self, key: Key, value: Json, expected: Json | None) -> Json:
        """Create (nothing is expected) or replace what was expected; the object as stored."""
        with self.lock:
            before = self.get(key)
            if before is not expected:
                raise StoreConflict
            stored = self._numbered(value)
            self._objects.setdefault(key[0], {})[key[1:]] = stored
            self._record(Change(self.version, key, before, stored))
            return stored

    def remove(self, key: Key, expected: Json) -> Json:
        """Delete what was expected; the object as it last was."""
        with self.lock:
            before = self.get(key)
            if before is not expected or before is None:
                raise StoreConflict
            del self._objects[key[0]][key[1:]]
            last = self._numbered(before)
            self._record(Change(self.version, key, before, None, last))
            return last

    def since(self, version: int) -> list[Change] | None:
        """The changes after a version, the oldest first; None if some are forgotten."""
        with self.lock:
            if version < self.oldest:
                return None
            found: list[Change] = []
            for change in reversed(self._history):
                if change.version <= version:
                    break
                found.append(change)
            return found[::-1]

    def forget(self) -> None:
        """Drop the history, as a compaction does: a watch from before now is answered 410."""
        with self.lock:
            self._history.clear()
            self._forgotten = self.version

    @property
    def oldest(self) -> int:
        """The oldest version from which a watch can go on."""
        with self.lock:
            full = len(self._history) == self._history.maxlen
            return max(self._forgotten, self._history[0].version - 1 if full else 0)

    def _numbered(self, value: Json) -> Json:
        self.version += 1
        metadata = value["metadata"] | {"resourceVersion": str(self.version)}
        return value | {"metadata": metadata}

    def _record(self, change: Change) -> None:
        self._history.append(change)
        for listener in self._listeners:
            listener(change)
        self.changed.notify_all()


def _place(item: Json) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
