"""The garbage collector: what an owner's end leaves behind goes too."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.store import Change, Key


class GarbageCollector:
    """Deletes objects none of whose owners is left."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._dependents: dict[str, set[Key]] = {}
        self._live: set[str] = set()

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """What belongs to an owner that has gone, or to one that was never there."""
        item = change.after or change.before or {}
        uid = item["metadata"]["uid"]
        if change.before is None:
            self._live.add(uid)
        for owner in item["metadata"].get("ownerReferences") or ():
            self._dependents.setdefault(owner["uid"], set()).add(change.key)
        if change.after is None:
            self._live.discard(uid)
            return [(key[0], f"{key[1]}/{key[2]}") for key in self._dependents.pop(uid, ())]
        return []

    def sync(self, namespace: str, name: str) -> float | None:
        """Delete one object, if nobody owns it any more."""
        place, _, own = name.partition("/")
        item = self._client.get(namespace, place, own)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        owners = item["metadata"].get("ownerReferences") or ()
        if owners and not any(owner["uid"] in self._live for owner in owners):
            self._client.delete(namespace, item)
        return None
