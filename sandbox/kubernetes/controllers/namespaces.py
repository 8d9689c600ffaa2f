"""What a namespace gets at its birth, and what its end takes along."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Change

_NAMESPACES, _ACCOUNTS = "/namespaces", "/serviceaccounts"
_CONFIG_MAPS = "/configmaps"
_DEFAULT, _ROOT = "default", "kube-root-ca.crt"
# Pods take their time; what would make new ones goes before them.
_LAST = "/pods"


class NamespaceController:
    """Keeps a ServiceAccount `default` in each namespace; empties those that are deleted."""

    def __init__(self, client: Client, authority: str) -> None:
        self._client = client
        self._authority = authority

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The namespace; of a deleted object its own, which may wait for that."""
        storage, namespace, name = change.key
        if storage == _NAMESPACES:
            return [("", name)]
        return [("", namespace)] if change.after is None and namespace else []

    def sync(self, namespace: str, name: str) -> float | None:
        """Complete or empty it."""
        found = self._client.get(_NAMESPACES, namespace, name)
        if found is None:
            return None
        if "deletionTimestamp" in found["metadata"]:
            self._empty(found)
        else:
            self._furnish(name)
        return None

    def _furnish(self, namespace: str) -> None:
        if self._client.get(_ACCOUNTS, namespace, _DEFAULT) is None:
            self._client.create(_ACCOUNTS, namespace, {"metadata": {"name": _DEFAULT}})
        if self._client.get(_CONFIG_MAPS, namespace, _ROOT) is None:
            body = {"metadata": {"name": _ROOT}, "data": {"ca.crt": self._authority}}
            self._client.create(_CONFIG_MAPS, namespace, body)

    def _empty(self, namespace: Json) -> None:
        name = namespace["metadata"]["name"]
        store = self._client.store
        storages = sorted(store.storages(), key=lambda each: each == _LAST)
        for storage in storages:
            for item in store.items(storage, name):
                if "deletionTimestamp" not in item["metadata"]:
                    self._client.delete(storage, item)
                elif item["metadata"].get("finalizers"):
                    bare = item["metadata"] | {"finalizers": []}
                    self._client.update(storage, item | {"metadata": bare})
        if not any(store.items(storage, name) for storage in storages):
            namespace["spec"]["finalizers"] = []
            self._client.update(_NAMESPACES, namespace)
