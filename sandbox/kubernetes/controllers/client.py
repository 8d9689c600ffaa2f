"""How controllers read and write: through the API's own rules, under one name."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.kubernetes.controllers import timekeeping
from sandbox.kubernetes.objects import clone, completed, owner
from sandbox.kubernetes.registry import Registry
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.targets import Asked, Target

MANAGER = "kube-controller-manager"


class Client:
    """One controller's requests."""

    def __init__(
        self, registry: Registry, now: Callable[[], datetime], manager: str = MANAGER
    ) -> None:
        self._registry = registry
        self._asked = Asked(manager)
        self.store = registry.store
        self.profile = registry.catalog.profile
        self.now = now

    def moment(self) -> str:
        """Now, as objects have it."""
        return timekeeping.written(self.now())

    def get(self, storage: str, namespace: str, name: str) -> Json | None:
        """A copy of an object that may be changed."""
        found = self.store.get((storage, namespace, name))
        return None if found is None else clone(found)

    def owned(self, storage: str, namespace: str, uid: str) -> list[Json]:
        """What a controller has made."""
        return [
            item
            for item in self.store.items(storage, namespace)
            if (reference := owner(item)) and reference["uid"] == uid
        ]

    def create(self, storage: str, namespace: str, body: Json) -> Json:
        """Create an object."""
        resource = self._registry.catalog.stored(storage)
        target = Target(resource, namespace, body["metadata"].get("name", ""))
        return self._registry.create(target, body, self._asked)

    def update(self, storage: str, item: Json) -> Json:
        """Replace all but the status; refused if the object has changed since it was read."""
        return self._change(self._target(storage, item), item)

    def update_status(self, storage: str, item: Json) -> Json:
        """Replace the status."""
        return self._change(self._target(storage, item, "status"), item)

    def scale(self, storage: str, item: Json, replicas: int) -> None:
        """Set the number of replicas through the scale subresource."""
        wanted = clone(item)
        wanted["spec"]["replicas"] = replicas
        self._change(self._target(storage, item, "scale"), wanted)

    def _change(self, target: Target, item: Json) -> Json:
        wanted = completed(target.resource, item)
        return self._registry.change(target, lambda _live: wanted, self._asked)

    def delete(self, storage: str, item: Json, **options: Any) -> None:
        """Delete an object."""
        uid = item["metadata"]["uid"]
        found = {"preconditions": {"uid": uid}, "propagationPolicy": "Background", **options}
        asked = Asked(MANAGER, options=found)
        self._registry.delete(self._target(storage, item), asked)

    def _target(self, storage: str, item: Json, subresource: str = "") -> Target:
        catalog, metadata = self._registry.catalog, item["metadata"]
        version, kind = item.get("apiVersion", ""), item.get("kind", "")
        resource = catalog.of_kind(version, kind) or catalog.stored(storage)
        return Target(resource, metadata.get("namespace", ""), metadata["name"], subresource)
