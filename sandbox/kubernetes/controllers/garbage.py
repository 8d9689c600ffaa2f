"""The garbage collector: what becomes of an owner's dependents."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.deletion import FINALIZERS
from sandbox.kubernetes.schema import Json, with_metadata
from sandbox.kubernetes.store import Change, Key

_ORPHAN, _FOREGROUND = FINALIZERS["Orphan"], FINALIZERS["Foreground"]
_Name = tuple[str, str]


class GarbageCollector:
    """Deletes objects none of whose owners is left; lets owners go that wait for their own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._dependents: dict[str, set[Key]] = {}
        self._places: dict[str, Key] = {}

    def concerned(self, change: Change) -> Iterable[_Name]:
        """What belonged to an owner that has gone, and owners that wait."""
        item = change.after or change.before or {}
        metadata = item["metadata"]
        for owner in metadata.get("ownerReferences") or ():
            self._dependents.setdefault(owner["uid"], set()).add(change.key)
        if change.after is None:
            self._places.pop(metadata["uid"], None)
            owners = [each["uid"] for each in metadata.get("ownerReferences") or ()]
            found = [self._places[uid] for uid in owners if uid in self._places]
            found += self._dependents.pop(metadata["uid"], ())
            return [_named(key) for key in found]
        self._places[metadata["uid"]] = change.key
        return [_named(change.key)] if _waits(item) else []

    def sync(self, namespace: str, name: str) -> float | None:
        """Look at one object; `namespace` is its storage, `name` its namespace and name."""
        place, _, own = name.partition("/")
        item = self._client.get(namespace, place, own)
        if item is None:
            return None
        if _waits(item):
            self._release(namespace, item)
            return None
        owners = item["metadata"].get("ownerReferences") or ()
        going = "deletionTimestamp" in item["metadata"]
        if owners and not going and not any(owner["uid"] in self._places for owner in owners):
            self._client.delete(namespace, item)
        return None

    def _release(self, storage: str, owner: Json) -> None:
        """Free the dependents of an owner, or delete them; without any it may go."""
        uid, finalizers = owner["metadata"]["uid"], owner["metadata"]["finalizers"]
        found = [(key, self._client.get(*key)) for key in sorted(self._dependents.get(uid, ()))]
        owned = [(key, item) for key, item in found if item and uid in _owners(item)]
        if _ORPHAN in finalizers:
            for key, item in owned:
                self._client.update(key[0], _without_owner(item, uid))
        else:
            for key, item in owned:
                if "deletionTimestamp" not in item["metadata"]:
                    self._client.delete(key[0], item, propagationPolicy="Foreground")
            if owned:
                return
        kept = [each for each in finalizers if each not in (_ORPHAN, _FOREGROUND)]
        self._client.update(storage, with_metadata(owner, finalizers=kept or None))


def _named(key: Key) -> _Name:
    return key[0], f"{key[1]}/{key[2]}"


def _waits(item: Json) -> bool:
    metadata = item["metadata"]
    finalizers = metadata.get("finalizers") or ()
    return "deletionTimestamp" in metadata and bool({_ORPHAN, _FOREGROUND} & set(finalizers))


def _owners(item: Json) -> set[str]:
    return {each["uid"] for each in item["metadata"].get("ownerReferences") or ()}


def _without_owner(item: Json, uid: str) -> Json:
    kept = [each for each in item["metadata"]["ownerReferences"] if each["uid"] != uid]
    return with_metadata(item, ownerReferences=kept or None)
