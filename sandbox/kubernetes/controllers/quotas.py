"""What is used of each ResourceQuota."""

from collections.abc import Iterable

from sandbox.kubernetes.admission import quota_usage
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.store import Change

_QUOTAS = "/resourcequotas"
_UNCOUNTED = {"/events", "/endpoints", "discovery.k8s.io/endpointslices"}


class QuotaController:
    """Counts."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The quota, or all of the namespace in which something came, went or ended."""
        storage, namespace, name = change.key
        if storage == _QUOTAS:
            return [(namespace, name)]
        if storage in _UNCOUNTED or not namespace or _phase(change.before) == _phase(change.after):
            return []
        found = self._client.store.items(_QUOTAS, namespace)
        return [(namespace, quota["metadata"]["name"]) for quota in found]

    def sync(self, namespace: str, name: str) -> float | None:
        """Write the counts."""
        quota = self._client.get(_QUOTAS, namespace, name)
        if quota is None:
            return None
        hard = quota["spec"].get("hard") or {}
        used = quota_usage(self._client.store, namespace, hard)
        status = {"hard": hard, "used": used} if hard else {}
        if quota["status"] != status:
            self._client.update_status(_QUOTAS, quota | {"status": status})
        return None


def _phase(item: dict[str, dict[str, object]] | None) -> object:
    """What its use depends on."""
    return None if item is None else item.get("status", {}).get("phase", "")
