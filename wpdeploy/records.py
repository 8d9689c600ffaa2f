"""The records of an environment in its cluster: begun, settled, and ten of them at most."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from wpdeploy import record
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import FIELD_MANAGER, Manifest, collection, selector
from wpdeploy.record import Record, Result

KEPT = 10
NEVER_ENDED = "interrupted: it never told how it ended"


class Cluster(Protocol):
    """The API server, as far as records need it."""

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Manifest | None:
        """The list at the path."""

    def apply(self, manifest: Manifest, *, force: bool = False, manager: str = "") -> Manifest:
        """Server-side apply by a field manager; the object that results."""

    def delete(self, manifest: Manifest) -> None:
        """Delete the object; that it is gone is as good."""


def last_succeeded(records: Sequence[Record]) -> Record | None:
    """The newest record of a deployment that succeeded; records come newest first."""
    return next((item for item in records if item.result is Result.SUCCEEDED), None)


def of_deployment(records: Sequence[Record], deployment_id: str) -> Record | None:
    """The newest record of this deployment; records come newest first."""
    return next((item for item in records if item.deployment_id == deployment_id), None)


def superfluous(records: Sequence[Record]) -> tuple[Record, ...]:
    """Those that need not be kept: neither among the newest ten nor the last that succeeded."""
    kept, last = records[:KEPT], last_succeeded(records)
    if last and last not in kept:
        kept = [*records[: KEPT - 1], last]
    return tuple(item for item in records if item not in kept)


class Records:
    """The records of one environment; `instance` is the name of its Deployment."""

    def __init__(
        self, cluster: Cluster, namespace: str, instance: str, tell: Callable[[str], None]
    ) -> None:
        self._cluster, self._namespace, self._instance = cluster, namespace, instance
        self._tell = tell

    def all(self) -> tuple[Record, ...]:
        """All that can be read, the newest first; of what cannot be read a line is told."""
        return self._read(self._list())

    def begin(self, new: Record) -> Record:
        """Write it as the newest, under its number; let go of those that need not be kept.

        A deployment that is run again has one record, in the place of its first run's.
        """
        found = self._list()
        known = self._read(found)
        again = [item for item in known[:1] if _is_again(item, new)]
        highest = max(map(record.number_of, found), default=0)
        begun = dataclasses.replace(new, number=again[0].number if again else highest + 1)
        earlier = known[len(again) :]
        self.write(begun)
        # More than one, where this itself was interrupted before.
        for left in earlier:
            if left.result is Result.APPLYING:
                self.write(left.settled(Result.FAILED, None, NEVER_ENDED))
        for old in superfluous((begun, *earlier)):
            self._drop(old)
        return begun

    def settle(
        self, number: int, result: Result, ended: datetime, reason: str = ""
    ) -> tuple[Record, ...]:
        """Write how the newest deployment ended; then all records, none if its own is gone.

        ClusterError: there is a newer one, so what was judged is no result of this one.
        """
        known = self.all()
        if known and known[0].number > number:
            problem = f"{known[0].told} has begun since"
            hint = "nothing is recorded; `history` and `status` tell what runs"
            raise ClusterError(f"record #{number}", problem, hint)
        if not known or known[0].number != number:
            self._tell(f"record #{number} is gone: it does not tell how this ended")
            return ()
        settled = known[0].settled(result, ended, reason)
        self.write(settled)
        return settled, *known[1:]

    def write(self, new: Record) -> None:
        """Make the record, or put it in the place of the one of its number."""
        manifest = record.encode(new, self._namespace, self._instance)
        size = record.stored_bytes(manifest)
        if size > record.LARGE:
            self._tell(
                f"the record takes {size // 1024} KiB of the {record.LARGEST // 1024} KiB that "
                "there are for it: make the templates smaller"
            )
        self._cluster.apply(manifest, force=True, manager=FIELD_MANAGER)

    def delete(self, old: Record) -> None:
        """Delete the record; that it is gone already is as good."""
        self._cluster.delete(record.identity(old, self._namespace, self._instance))

    def _list(self) -> list[Manifest]:
        path = collection("v1", "configmaps", self._namespace)
        query = {"labelSelector": f"{selector(self._instance)},{record.LABEL}"}
        found = self._cluster.get(path, "records", query)
        items: list[Manifest] = found["items"] if found else []
        return items

    def _read(self, found: Sequence[Manifest]) -> tuple[Record, ...]:
        return tuple(sorted(self._readable(found), key=lambda item: -item.number))

    def _readable(self, found: Sequence[Manifest]) -> Iterator[Record]:
        for item in found:
            try:
                yield record.decode(item)
            except ValueError as error:
                name = item["metadata"]["name"]
                self._tell(f"ConfigMap {name} is left out: no record that can be read: {error}")

    def _drop(self, old: Record) -> None:
        try:
            self.delete(old)
        except ClusterError as error:
            self._tell(f"record #{old.number} is not deleted, the next deployment tries: {error}")


def _is_again(before: Record, new: Record) -> bool:
    """Whether both are of one deployment; by hand all deployments of a person have one id."""
    names = ("deployment_id", "restores", "release", "config", "manifests")
    return all(getattr(before, name) == getattr(new, name) for name in names)
