"""What is used of each ResourceQuota."""

from collections.abc import Iterable

from sandbox.kubernetes import quantities
from sandbox.kubernetes.admission import Admission
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.store import Change

_QUOTAS, _PODS = "/resourcequotas", "/pods"


class QuotaController:
    """Counts."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._admission = Admission(client.store)

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The quota, or all of the pod's namespace."""
        storage, namespace, name = change.key
        if storage == _QUOTAS:
            return [(namespace, name)]
        if storage != _PODS or (change.before is not None and change.after is not None):
            return []
        found = self._client.store.items(_QUOTAS, namespace)
        return [(namespace, quota["metadata"]["name"]) for quota in found]

    def sync(self, namespace: str, name: str) -> float | None:
        """Write the counts."""
        quota = self._client.get(_QUOTAS, namespace, name)
        if quota is None:
            return None
        hard = quota["spec"].get("hard") or {}
        used = self._admission.usage(namespace, hard)
        shown = {key: quantities.canonical(str(amount)) for key, amount in used.items()}
        status = {"hard": hard, "used": shown}
        if quota["status"] != status:
            self._client.update_status(_QUOTAS, quota | {"status": status})
        return None
