"""What is refused although it is valid, and what is allocated on the way in."""

import itertools
from collections.abc import Mapping
from ipaddress import IPv4Address

from sandbox.kubernetes import quota
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause, Named, StatusError, forbidden, invalid, not_found
from sandbox.kubernetes.store import Store
from sandbox.kubernetes.targets import Target

_FIRST_ADDRESS = IPv4Address("10.96.0.10")
_NODE_PORTS = range(30000, 32768)


class Admission:
    """Namespaces, ServiceAccounts, quota; the addresses and ports of Services."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._addresses = itertools.count(int(_FIRST_ADDRESS))

    def check_namespace(self, target: Target, name: str) -> None:
        """404 in a namespace that is not there, 403 in one that goes."""
        if not target.resource.namespaced:
            return
        namespace = self._store.get(("/namespaces", "", target.namespace))
        if namespace is None:
            raise not_found(Named("", "namespaces", target.namespace))
        if "deletionTimestamp" in namespace["metadata"]:
            subject = Named(target.resource.group, target.resource.plural, name)
            refusal = forbidden(
                subject,
                f"unable to create new content in namespace {target.namespace} because it is "
                "being terminated",
            )
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {target.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise StatusError(
                403, "Forbidden", refusal.message, (refusal.details or {}) | {"causes": [cause]}
            )

    def admit(self, target: Target, item: Json, *, dry_run: bool) -> None:
        """Refuse or complete a new object."""
        del dry_run
        if item["kind"] == "Service":
            self._service(target, item)
        self._check_quotas(target, item)

    def admit_change(self, target: Target, live: Json, item: Json) -> None:
        """Complete a changed object."""
        if item["kind"] == "Service" and not target.subresource:
            self._allocate_ports(target, item, live)

    def check_account(self, target: Target, pod: Json) -> None:
        """403 for a pod under a ServiceAccount that is not there; it may have no name yet."""
        account = pod["spec"].get("serviceAccountName") or "default"
        if self._store.get(("/serviceaccounts", target.namespace, account)) is None:
            metadata = pod["metadata"]
            name = metadata.get("name") or metadata.get("generateName", "")
            where = f"{target.namespace}/{account}"
            why = f'error looking up service account {where}: serviceaccount "{account}" not found'
            raise forbidden(Named("", "pods", name), why)

    def _check_quotas(self, target: Target, item: Json) -> None:
        """403 for more than a quota of the namespace allows."""
        quotas = self._store.items("/resourcequotas", target.namespace) if target.namespace else []
        for each in quotas:
            name, hard = each["metadata"]["name"], each["spec"].get("hard") or {}
            if item["kind"] == "Pod" and (unsaid := quota.missing(item, hard)):
                why = f"failed quota: {name}: must specify {','.join(unsaid)}"
                raise forbidden(target.named, why)
        for each in quotas:
            self._check_quota(target, item, each)

    def _check_quota(self, target: Target, item: Json, limit: Json) -> None:
        hard = limit["spec"].get("hard") or {}
        wanted = quota.used(target.resource.storage, item)
        taken = quota_usage(self._store, target.namespace, hard)
        if over := quota.excess(wanted, taken, hard):
            told = (
                f"{word}: {','.join(f'{key}={table[key]}' for key in over)}"
                for word, table in (("requested", wanted), ("used", taken), ("limited", hard))
            )
            why = f"exceeded quota: {limit['metadata']['name']}, {', '.join(told)}"
            raise forbidden(target.named, why)

    def _service(self, target: Target, service: Json) -> None:
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        spec.setdefault("clusterIP", str(IPv4Address(next(self._addresses))))
        spec["clusterIPs"] = [spec["clusterIP"]]
        self._allocate_ports(target, service, None)

    def _allocate_ports(self, target: Target, service: Json, live: Json | None) -> None:
        if service["spec"]["type"] not in ("NodePort", "LoadBalancer"):
            return
        taken = {
            port.get("nodePort")
            for other in self._store.items("/services")
            if live is None or other["metadata"]["uid"] != live["metadata"]["uid"]
            for port in other["spec"].get("ports", ())
        }
        for number, port in enumerate(service["spec"].get("ports", ())):
            wanted = port.get("nodePort")
            if not wanted:
                port["nodePort"] = next(each for each in _NODE_PORTS if each not in taken)
            elif wanted in taken or wanted not in _NODE_PORTS:
                raise invalid(target.by_kind, [_refused_port(number, wanted)])
            taken.add(port["nodePort"])


def quota_usage(store: Store, namespace: str, hard: Mapping[str, str]) -> dict[str, str]:
    """What the objects of a namespace use of a quota."""
    amounts = (
        quota.used(storage, item)
        for storage in store.storages()
        for item in store.items(storage, namespace)
    )
    return quota.total(amounts, hard)


def _refused_port(number: int, port: int) -> Cause:
    why = "provided port is already allocated"
    if port not in _NODE_PORTS:
        why = f"provided port is not in the valid range. The range of valid ports is {_range()}"
    path = f"spec.ports[{number}].nodePort"
    return Cause(path, "FieldValueInvalid", f"Invalid value: {port}: {why}")


def _range() -> str:
    return f"{_NODE_PORTS.start}-{_NODE_PORTS.stop - 1}"
