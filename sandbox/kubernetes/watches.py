"""Watches: what a client that knows a version has to be told since."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.kubernetes import objects
from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.schema import Json, with_metadata
from sandbox.kubernetes.statuses import StatusError, gone
from sandbox.kubernetes.store import Change, Store

Matcher = Callable[[Json], bool]


@dataclass(frozen=True)
class Selection:
    """What is watched or listed: the objects of a kind, of one namespace or of all."""

    resource: Resource
    namespace: str
    matches: Matcher


class Watch:
    """A client's view of a selection; `news` are the events since it was last asked."""

    def __init__(self, store: Store, selection: Selection, version: str) -> None:
        self._store = store
        self._selection = selection
        self._fresh = version in ("", "0")
        self.version = 0 if self._fresh else int(version)

    def news(self) -> list[Json]:
        """The events since the last time; one ERROR event if too much has happened since."""
        with self._store.lock:
            if self._fresh:
                self._fresh = False
                return self._initial()
            changes = self._store.since(self.version)
            if changes is None:
                return [event("ERROR", self._expired().status)]
            self.version = max(self.version, self._store.version)
        return [each for change in changes for each in self._events(change)]

    def bookmark(self) -> Json:
        """The event that tells how far the client has come."""
        item = objects.blank(self._selection.resource)
        return event("BOOKMARK", with_metadata(item, resourceVersion=str(self.version)))

    def _initial(self) -> list[Json]:
        self.version = self._store.version
        resource, namespace = self._selection.resource, self._selection.namespace
        items = self._store.items(resource.storage, namespace)
        return [self._event("ADDED", item) for item in items if self._selection.matches(item)]

    def _expired(self) -> StatusError:
        if self._selection.resource.kind == "Event":
            # These are not cached.
            return gone("The resourceVersion for the provided watch is too old.")
        return gone(f"too old resource version: {self.version} ({self._store.oldest + 1})")

    def _events(self, change: Change) -> Iterator[Json]:
        storage, namespace, _ = change.key
        selection = self._selection
        if storage != selection.resource.storage or selection.namespace not in ("", namespace):
            return
        before = change.before is not None and selection.matches(change.before)
        after = change.after is not None and selection.matches(change.after)
        if after and change.after is not None:
            yield self._event("MODIFIED" if before else "ADDED", change.after)
        elif before and change.before is not None:
            last = change.last or with_metadata(change.before, resourceVersion=str(change.version))
            yield self._event("DELETED", last)

    def _event(self, kind: str, item: Json) -> Json:
        return event(kind, objects.shown(self._selection.resource, item))


def event(kind: str, item: Json) -> Json:
    """One event."""
    return {"type": kind, "object": item}
