"""Who manages which field: metadata.managedFields, kept as the API server keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.kubernetes import typed
from sandbox.kubernetes.fieldsets import EMPTY, FieldSet, Path, from_fields, to_fields, written
from sandbox.kubernetes.schema import Json, Type
from sandbox.kubernetes.statuses import StatusError, apply_conflict

APPLY, UPDATE = "Apply", "Update"
BEFORE_FIRST_APPLY = "before-first-apply"
_ANCIENT = "ancient-changes"
_MOST_UPDATERS = 10
# What no manager owns.
_STRIPPED = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName",
            "generation", "managedFields", "resourceVersion",
        )
    ]
)  # fmt: skip


class Manager(NamedTuple):
    """Who: an applier is one whatever version it applied in, an updater is one for each version."""

    operation: str
    name: str
    api_version: str
    subresource: str = ""

    @property
    def shown(self) -> str:
        """As conflicts name it."""
        using = f" using {self.api_version}" if self.operation == UPDATE else ""
        return f'"{self.name}"{using}'


@dataclass(frozen=True)
class Writer:
    """Who writes now: its name, the API version it speaks, the time, to which subresource."""

    name: str
    api_version: str
    now: str
    subresource: str = ""


@dataclass
class Managed:
    """The fields of each manager, and since when."""

    sets: dict[Manager, FieldSet] = field(default_factory=dict)
    times: dict[Manager, str] = field(default_factory=dict)
    versions: dict[Manager, str] = field(default_factory=dict)

    def copy(self) -> "Managed":
        """An independent copy."""
        return Managed(dict(self.sets), dict(self.times), dict(self.versions))

    def put(self, manager: Manager, fields: FieldSet, version: str) -> None:
        """Set a manager's fields; without any it is none."""
        if fields:
            self.sets[manager], self.versions[manager] = fields, version
        else:
            self.sets.pop(manager, None)


def decoded(entries: Iterable[Json] | None) -> Managed:
    """Read metadata.managedFields."""
    found = Managed()
    for entry in entries or ():
        applied = entry.get("operation") == APPLY
        version = entry.get("apiVersion", "")
        manager = Manager(
            entry.get("operation", ""),
            entry.get("manager", ""),
            "" if applied else version,
            entry.get("subresource", ""),
        )
        found.sets[manager] = from_fields(entry.get("fieldsV1") or {})
        found.versions[manager] = version
        if entry.get("time"):
            found.times[manager] = entry["time"]
    return found


def encoded(managed: Managed) -> list[Json]:
    """Write metadata.managedFields, in the API server's order."""

    def rank(manager: Manager) -> tuple[str, ...]:
        time, version = managed.times.get(manager, ""), managed.versions[manager]
        return manager.operation, time, manager.name, version

    return [_entry(managed, manager) for manager in sorted(managed.sets, key=rank)]


def _entry(managed: Managed, manager: Manager) -> Json:
    entry: Json = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": managed.versions[manager],
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields(managed.sets[manager]),
    }
    if manager in managed.times:
        entry["time"] = managed.times[manager]
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def update(kind: Type, live: Json, new: Json, managed: Managed, writer: Writer) -> Managed:
    """Who manages what after an update from the live object to the new one."""
    manager = Manager(UPDATE, writer.name, writer.api_version, writer.subresource)
    comparison = typed.compare(kind, live, new)
    changed = comparison.added | comparison.modified
    found = managed.copy()
    for other, fields in managed.sets.items():
        found.put(other, fields - changed - comparison.removed, managed.versions[other])
    own = (changed - comparison.removed) | found.sets.get(manager, EMPTY)
    found.put(manager, own - _STRIPPED if changed else own, writer.api_version)
    if manager in found.sets and found.sets[manager] != managed.sets.get(manager):
        found.times[manager] = writer.now
    return _capped(found)


def apply(
    kind: Type, live: Json, patch: Json, managed: Managed, writer: Writer, *, force: bool
) -> tuple[Json | None, Managed]:
    """Server-side apply: the merged object, None if nothing changes, and who manages what."""
    manager = Manager(APPLY, writer.name, "")
    last = managed.sets.get(manager, EMPTY)
    found = managed.copy()
    own = typed.field_set(kind, patch)
    found.put(manager, own, writer.api_version)
    merged = _pruned(kind, typed.merge(kind, live, patch), found, last)
    comparison = typed.compare(kind, live, merged)
    _resolve(found, manager, comparison, force=force)
    found.put(manager, own - _STRIPPED, writer.api_version)
    if not comparison.same or found.sets != managed.sets:
        found.times[manager] = writer.now
    return None if comparison.same else merged, found


def _resolve(
    found: Managed, manager: Manager, comparison: typed.Comparison, *, force: bool
) -> None:
    """Take the changed fields from their managers, or raise the conflicts."""
    changed = comparison.added | comparison.modified
    others = {other: fields for other, fields in found.sets.items() if other != manager}
    conflicts = {other: fields & changed for other, fields in others.items() if fields & changed}
    if conflicts and not force:
        raise _conflict(conflicts)
    for other, fields in others.items():
        found.put(other, fields - changed - comparison.removed, found.versions[other])


def _conflict(conflicts: dict[Manager, FieldSet]) -> StatusError:
    pairs = [
        (manager.shown, written(path))
        for manager, fields in sorted(conflicts.items())
        for path in sorted(fields, key=_rank)
    ]
    if len(pairs) == 1:
        return apply_conflict(f"1 conflict: conflict with {pairs[0][0]}: {pairs[0][1]}", pairs)
    lines = []
    for shown in dict.fromkeys(shown for shown, _ in pairs):
        lines.append(f"conflicts with {shown}:")
        lines += [f"- {path}" for other, path in pairs if other == shown]
    return apply_conflict(f"{len(pairs)} conflicts: " + "\n".join(lines), pairs)


def _rank(path: Path) -> tuple[tuple[bool, str], ...]:
    """At each level the fields that end there come first."""
    last = len(path) - 1
    return tuple((number < last, step) for number, step in enumerate(path))


def _pruned(kind: Type, merged: Any, managed: Managed, last: FieldSet) -> Any:
    """Without what the manager applied last time, does not any more, and nobody else has."""
    if not last:
        return merged
    pruned = typed.remove(kind, merged, last)
    everybody = EMPTY.union(*managed.sets.values())
    whole = typed.field_set(kind, merged)
    doomed = whole - typed.field_set(kind, pruned) - everybody
    pruned = typed.remove(kind, merged, doomed)
    # What hangs below something else's removal stays.
    return typed.remove(kind, merged, (whole - typed.field_set(kind, pruned)) & last)


def _capped(managed: Managed) -> Managed:
    """At most ten updaters: the oldest of them become one."""
    updaters = sorted(
        (each for each in managed.sets if each.operation == UPDATE),
        key=lambda each: (managed.times.get(each, ""), each),
    )
    surplus = len(updaters) - _MOST_UPDATERS
    if surplus <= 0:
        return managed
    oldest = updaters[: surplus + 1]
    bucket = Manager(UPDATE, _ANCIENT, oldest[0].api_version)
    fields = EMPTY.union(*(managed.sets.pop(each) for each in oldest))
    managed.put(bucket, fields, bucket.api_version)
    managed.times[bucket] = managed.times.get(oldest[-1], "")
    return managed
