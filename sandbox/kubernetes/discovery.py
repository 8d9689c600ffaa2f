"""What the API server says about itself: /version, /api, /apis."""

from collections.abc import Callable

from sandbox.kubernetes.resources import OLD_PROFILE, VERSIONS, Catalog, Resource
from sandbox.kubernetes.schema import Json

_STATUS_VERBS = ["get", "patch", "update"]
# What `kubectl get all` means.
_ALL = {
    "pods", "services", "deployments", "replicasets", "jobs", "cronjobs",
    "horizontalpodautoscalers",
}  # fmt: skip
_PROXY_VERBS = ["create", "delete", "get", "patch", "update"]
# Subresources that are no part of the object: their kind, and their verbs.
_CONNECTED: dict[str, dict[str, Json]] = {
    "pods": {
        "eviction": {"group": "policy", "kind": "Eviction", "verbs": ["create"]},
        "log": {"kind": "Pod", "verbs": ["get"]},
        "proxy": {"kind": "PodProxyOptions", "verbs": _PROXY_VERBS},
    },
    "services": {"proxy": {"kind": "ServiceProxyOptions", "verbs": _PROXY_VERBS}},
}
_EVICTIONS = {OLD_PROFILE: "v1beta1"}


def document(catalog: Catalog, path: str) -> Json | str | None:
    """What is at a path outside of the resources; None where there is nothing."""
    if path in ("/readyz", "/healthz", "/livez"):
        return "ok"
    steps = path.strip("/").split("/")
    table: dict[str, Callable[[], Json]] = {
        "version": lambda: _version(catalog),
        "api": lambda: {
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        },
        "apis": lambda: _groups(catalog),
    }
    if len(steps) == 1:
        return table[steps[0]]() if steps[0] in table else None
    if steps == ["api", "v1"]:
        return _list(catalog, "", "v1")
    if steps[0] == "apis":
        return _group_document(catalog, steps[1:])
    return None


def _group_document(catalog: Catalog, steps: list[str]) -> Json | None:
    groups = catalog.groups()
    if steps[0] not in groups or not steps[0]:
        return None
    if len(steps) == 1:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(steps[0], groups[steps[0]])}
    known = len(steps) == 2 and steps[1] in groups[steps[0]]  # noqa: PLR2004
    return _list(catalog, steps[0], steps[1]) if known else None


def _version(catalog: Catalog) -> Json:
    version = VERSIONS[catalog.profile]
    major, minor = version[1:].split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": version,
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _groups(catalog: Catalog) -> Json:
    found = [_group(name, versions) for name, versions in catalog.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def _group(name: str, versions: list[str]) -> Json:
    found = [{"groupVersion": f"{name}/{each}", "version": each} for each in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _list(catalog: Catalog, group: str, version: str) -> Json:
    served = catalog.served(group, version)
    found = [entry for each in served for entry in _entries(each, catalog.profile)]
    name = f"{group}/{version}" if group else version
    list_version = {} if not group else {"apiVersion": "v1"}
    return {"kind": "APIResourceList", **list_version, "groupVersion": name, "resources": found}


def _entries(resource: Resource, profile: str) -> list[Json]:
    base = {"singularName": "", "namespaced": resource.namespaced, "kind": resource.kind}
    first: Json = {"name": resource.plural, **base, "verbs": list(resource.verbs)}
    if resource.short:
        first["shortNames"] = list(resource.short)
    if resource.plural in _ALL:
        first["categories"] = ["all"]
    found = [first]
    if resource.status:
        found.append({"name": f"{resource.plural}/status", **base, "verbs": _STATUS_VERBS})
    if resource.scale:
        scale = {"kind": "Scale", "group": "autoscaling", "version": "v1"}
        entry = {"name": f"{resource.plural}/scale", **base, **scale, "verbs": _STATUS_VERBS}
        found.append(entry)
    for name, entry in _CONNECTED.get(resource.plural, {}).items():
        version = {"version": _EVICTIONS.get(profile, "v1")} if "group" in entry else {}
        found.append({"name": f"{resource.plural}/{name}", **base, **entry, **version})
    return found
