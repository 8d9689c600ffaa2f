"""What objects use of a ResourceQuota, and when they are refused for it. Pure."""

from collections.abc import Iterable, Mapping
from functools import reduce

from sandbox.kubernetes import quantities
from sandbox.kubernetes.schema import Json

Amounts = Mapping[str, str]
"""Names of resources to quantities, as they are written."""
_ENDED = ("Succeeded", "Failed")
# Kinds that quotas count by their plural, as well as by `count/`.
_COUNTED = {
    "/pods", "/services", "/secrets", "/configmaps", "/persistentvolumeclaims", "/resourcequotas",
}  # fmt: skip
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def used(storage: str, item: Json) -> Amounts:
    """All that one object uses, of whatever quota there may be."""
    group, _, plural = storage.rpartition("/")
    counted = {f"count/{plural}.{group}" if group else f"count/{plural}": "1"}
    if storage in _COUNTED:
        counted[plural] = "1"
    if storage == "/pods":
        ended = item["status"].get("phase") in _ENDED
        return {} if ended else counted | _of_pod(item["spec"])
    if storage == "/services":
        return counted | _of_service(item["spec"])
    if storage == "/persistentvolumeclaims":
        wanted = item["spec"]["resources"].get("requests", {})
        return counted | {"requests.storage": wanted.get("storage", "0")}
    return counted


def total(amounts: Iterable[Amounts], hard: Amounts) -> dict[str, str]:
    """The sums of what a quota limits."""
    every = list(amounts)
    return {
        key: reduce(quantities.added, (each[key] for each in every if key in each), "0")
        for key in hard
    }


def missing(pod: Json, hard: Amounts) -> list[str]:
    """The limited resources that a container of a pod says nothing of."""
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    return sorted(
        key
        for key in hard
        if (place := _place(key)) and not all(_says(each, *place) for each in containers)
    )


def excess(wanted: Amounts, taken: Amounts, hard: Amounts) -> list[str]:
    """The limited resources of which there would be too much."""
    return sorted(
        key
        for key in wanted
        if key in hard
        and quantities.value(wanted[key])
        and quantities.value(quantities.added(taken[key], wanted[key]))
        > quantities.value(hard[key])
    )


def _place(key: str) -> tuple[str, str] | None:
    """Where a container says how much it wants of a resource."""
    section, _, name = key.rpartition(".")
    known = name in _COMPUTE and section in ("", "requests", "limits")
    return (section or "requests", name) if known else None


def _says(container: Json, section: str, name: str) -> bool:
    return name in container["resources"].get(section, {})


def _of_pod(spec: Json) -> dict[str, str]:
    found = {}
    for name in _COMPUTE:
        for section in ("requests", "limits"):
            found[f"{section}.{name}"] = _needed(spec, section, name)
        found[name] = found[f"requests.{name}"]
    return found


def _needed(spec: Json, section: str, name: str) -> str:
    """The containers together, or the init container that needs more than they."""

    def amounts(field: str) -> list[str]:
        return [each["resources"].get(section, {}).get(name, "0") for each in spec.get(field) or ()]

    together = reduce(quantities.added, amounts("containers"), "0")
    return max([together, *amounts("initContainers")], key=quantities.value)


def _of_service(spec: Json) -> dict[str, str]:
    balanced = spec["type"] == "LoadBalancer"
    ports = len(spec.get("ports", ())) if spec["type"] in _WITH_NODE_PORTS else 0
    return {"services.loadbalancers": str(int(balanced)), "services.nodeports": str(ports)}
