"""Creating, changing and deleting objects, by the rules of the API server."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.kubernetes import deletion, immutability, managed, objects, strategies, validation
from sandbox.kubernetes.admission import Admission
from sandbox.kubernetes.causes import wrong
from sandbox.kubernetes.managed import Writer
from sandbox.kubernetes.resources import OLD_PROFILE, Catalog
from sandbox.kubernetes.schema import Json, with_metadata
from sandbox.kubernetes.statuses import (
    Cause,
    Named,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    internal,
    invalid,
    modified,
    not_found,
)
from sandbox.kubernetes.store import Store
from sandbox.kubernetes.targets import Asked, Target

Change = Callable[[Json], Json]
"""The live object to the wanted one, decoded."""
# Kinds that nobody may overwrite without knowing their version.
_CONDITIONAL = {"Lease", "PodDisruptionBudget"}


class Registry:
    """The objects of one API server."""

    def __init__(
        self, store: Store, catalog: Catalog, admission: Admission, now: Callable[[], datetime]
    ) -> None:
        self.store = store
        self.catalog = catalog
        self._admission = admission
        self._now = now
        self._is_old = catalog.profile == OLD_PROFILE

    def moment(self) -> str:
        """Now, as objects have it."""
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, target: Target) -> Json:
        """The object; 404 where there is none."""
        found = self.store.get(target.key)
        if found is None:
            raise not_found(target.named)
        return objects.shown(target.resource, found)

    def create(self, target: Target, body: Any, asked: Asked) -> Json:
        """Create from a whole object."""
        item = objects.decoded(target.resource, body)
        return self._insert(target, item, self._first_owners(target, item, asked), asked)

    def answered(self, target: Target, item: Json, asked: Asked, status: Json) -> Json:
        """An object that is only a question, with its answer: it is stored nowhere."""
        if causes := validation.of_content(item):
            raise invalid(Named(target.resource.group, ""), causes)
        owners = self._first_owners(target, item, asked)
        told = with_metadata(item, managedFields=managed.encoded(owners) or None)
        return told | {"status": status}

    def _first_owners(self, target: Target, item: Json, asked: Asked) -> managed.Managed:
        said = managed.decoded(item["metadata"].get("managedFields"))
        bare, live = objects.without_managers(item), objects.blank(target.resource)
        writer = self._writer(target, asked)
        return managed.update(target.resource.type, live, bare, said, writer)

    def replace(self, target: Target, body: Any, asked: Asked) -> tuple[Json, bool]:
        """Replace by a whole object; some kinds are made that way too. The object, whether new."""
        item = objects.decoded(target.resource, body)
        self._check_place(target, item)
        with self.store.lock:
            live = self.store.get(target.key)
            is_new = live is None and target.resource.upserts
            _check_identity(target, live if not is_new else {"metadata": {}}, item)
            if is_new:
                owners = self._first_owners(target, item, asked)
                return self._insert(target, item, owners, asked), True
            return self.change(target, lambda _live: item, asked), False

    def change(self, target: Target, wanted: Change, asked: Asked) -> Json:
        """Change the live object as the function says."""
        with self.store.lock:
            live = self.get(target)
            item = objects.clone(wanted(live))
            self._check_place(target, item)
            claimed = _claimed(live, item)
            # Nobody is known to manage anything of it: so it stays until the first apply. And old
            # servers do not keep account of who scales.
            if not claimed.sets or (self._is_old and target.subresource == "scale"):
                return self._update(target, live, item, claimed, asked)
            owners = managed.update(
                target.resource.type, objects.without_managers(live),
                objects.without_managers(item), claimed, self._writer(target, asked),
            )  # fmt: skip
            return self._update(target, live, item, owners, asked)

    def apply(self, target: Target, patch: Json, asked: Asked) -> tuple[Json, bool]:
        """Server-side apply; the object, and whether it is new."""
        with self.store.lock:
            found = self.store.get(target.key)
            live = (
                objects.shown(target.resource, found) if found else objects.blank(target.resource)
            )
            owners = managed.decoded(live["metadata"].get("managedFields"))
            bare = objects.without_managers(live)
            writer = self._writer(target, asked)
            if not owners.sets:
                first = Writer(managed.BEFORE_FIRST_APPLY, writer.api_version, writer.now)
                kind = target.resource.type
                blank = objects.blank(target.resource)
                owners = managed.update(kind, blank, bare, owners, first)
            kind = target.resource.type
            merged, owners = managed.apply(kind, bare, patch, owners, writer, force=asked.force)
            item = objects.applied(target.resource, bare if merged is None else merged)
            self._check_place(target, item)
            if found is None:
                return self._insert(target, item, owners, asked), True
            return self._update(target, live, item, owners, asked), False

    def delete(self, target: Target, asked: Asked) -> tuple[Json, bool]:
        """Delete, or begin to; the object, and whether it is gone."""
        with self.store.lock:
            live = self.get(target)
            deletion.check_preconditions(target, live, asked.options.get("preconditions") or {})
            waiting = deletion.with_policy(live, asked.options)
            marked = deletion.marked(waiting, asked.options.get("gracePeriodSeconds"), self._now())
            gone = marked is None or deletion.is_due(marked)
            if asked.dry_run:
                return (marked or live), gone
            stored = self._expected(target)
            if marked is not None and not objects.same(marked, live):
                stored = self._put(target, marked, live)
            if gone:
                stored = self.store.remove(target.key, stored)
            return objects.shown(target.resource, stored), gone

    # The parts.

    def _writer(self, target: Target, asked: Asked) -> Writer:
        # From 1.22 on, managers are told apart by the subresource that they write.
        subresource = "" if self._is_old else target.subresource
        version = target.resource.api_version
        return Writer(asked.manager, version, self.moment(), subresource)

    def _insert(self, target: Target, item: Json, owners: managed.Managed, asked: Asked) -> Json:
        resource, metadata = target.resource, item["metadata"]
        with self.store.lock:
            if resource.kind != "Namespace":
                self._admission.check_namespace(target, metadata.get("name", ""))
            if resource.kind == "Pod":
                self._admission.check_account(target, item)
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = objects.generated(metadata["generateName"])
            target = Target(resource, target.namespace, metadata.get("name", ""))
            self._check_namespace(target, item)
            metadata |= {"uid": objects.new_uid(), "creationTimestamp": self.moment()}
            metadata.pop("resourceVersion", None)
            if owners.sets:
                metadata["managedFields"] = managed.encoded(owners)
            else:
                metadata.pop("managedFields", None)
            strategies.before_create(resource, item)
            if self._is_old:
                strategies.as_of_old(item)
            self._refuse(target, validation.of_new(item))
            if not asked.may_create():
                raise forbidden(target.named, "")
            self._admission.admit(target, item, dry_run=asked.dry_run)
            if (found := self.store.get(target.key)) is not None:
                raise already_exists(target.named, going="deletionTimestamp" in found["metadata"])
            return item if asked.dry_run else self.store.put(target.key, item, None)

    def _update(
        self, target: Target, live: Json, item: Json, owners: managed.Managed, asked: Asked
    ) -> Json:
        self._check_namespace(target, item)
        _check_version(target, live, item)
        item = with_metadata(
            item,
            managedFields=managed.encoded(owners) or None,
            resourceVersion=live["metadata"]["resourceVersion"],
        )
        prepare = strategies.before_update
        if target.subresource == "status":
            prepare = strategies.before_status_update
        prepare(target.resource, live, item)
        self._refuse(target, immutability.of_change(live, item))
        self._admission.admit_change(target, live, item)
        if objects.same(live, item):
            return live
        if asked.dry_run:
            return item
        return self._finish(target, live, item)

    def _finish(self, target: Target, live: Json, item: Json) -> Json:
        if deletion.is_due(item):
            last = self.store.remove(target.key, self._expected(target))
            version = last["metadata"]["resourceVersion"]
            return with_metadata(item, resourceVersion=version)
        return objects.shown(target.resource, self._put(target, item, live))

    def _put(self, target: Target, item: Json, _live: Json) -> Json:
        return self.store.put(target.key, item, self._expected(target))

    def _expected(self, target: Target) -> Json:
        found = self.store.get(target.key)
        if found is None:
            raise not_found(target.named)
        return found

    def _check_place(self, target: Target, item: Json) -> None:
        metadata = item["metadata"]
        metadata.setdefault("name", target.name)
        if metadata["name"] != target.name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL "
                f"({target.name})"
            )
        namespace = metadata.setdefault("namespace", target.namespace)
        if namespace != target.namespace and target.resource.namespaced:
            raise bad_request(
                f"the namespace of the object ({namespace}) does not match the namespace on the "
                f"request ({target.namespace})"
            )

    def _check_namespace(self, target: Target, item: Json) -> None:
        metadata = item["metadata"]
        if not target.resource.namespaced:
            metadata.pop("namespace", None)
            return
        if metadata.setdefault("namespace", target.namespace) != target.namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )

    def _refuse(self, target: Target, causes: list[Cause]) -> None:
        if causes:
            raise invalid(target.by_kind, causes)


def _check_identity(target: Target, live: Json | None, item: Json) -> None:
    """409 for another object than the one that the request names."""
    wanted = item["metadata"].get("uid")
    if live is not None and wanted and wanted != live["metadata"].get("uid"):
        place = f"{target.resource.plural}/{target.namespace}/{target.name}"
        why = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{place}, ResourceVersion: 0, "
            f"AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in "
            f"object meta: {live['metadata'].get('uid', '')}"
        )
        raise conflict(target.named, why)


def _check_version(target: Target, live: Json, item: Json) -> None:
    version = item["metadata"].get("resourceVersion") or ""
    if version and not version.isdigit():
        raise internal(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version in ("", "0") and target.resource.kind in _CONDITIONAL:
        why = "must be specified for an update"
        raise invalid(target.named, [wrong("metadata.resourceVersion", "0x0", why)])
    if version not in ("", "0", live["metadata"]["resourceVersion"]):
        raise modified(target.named)


def _claimed(live: Json, item: Json) -> managed.Managed:
    """The managers that an update starts from: those that it says, else the live object's."""
    said = item["metadata"].get("managedFields")
    if said is not None and (not said or said == [{}]):
        return managed.Managed()
    return managed.decoded(said or live["metadata"].get("managedFields"))
