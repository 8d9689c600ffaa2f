"""The Endpoints and EndpointSlice controllers."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers import podsets
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.objects import owner, reference
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.store import Change

_SERVICES, _PODS, _ENDPOINTS = "/services", "/pods", "/endpoints"
_SLICES = "discovery.k8s.io/endpointslices"
_NAME_LABEL = "kubernetes.io/service-name"
_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
_MANAGED = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
_NEW_PROFILE = "current"


class EndpointsController:
    """Lists the addresses of a Service's pods."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The Service, or those that select the pod now or selected it before."""
        storage, namespace, name = change.key
        if storage in (_SERVICES, _ENDPOINTS):
            return [(namespace, name)]
        if storage != _PODS:
            return []
        labels = [
            (pod["metadata"].get("labels") or {}).items()
            for pod in (change.before, change.after)
            if pod is not None
        ]
        return [
            (namespace, service["metadata"]["name"])
            for service in self._client.store.items(_SERVICES, namespace)
            if (selector := service["spec"].get("selector"))
            and any(selector.items() <= each for each in labels)
        ]

    def sync(self, namespace: str, name: str) -> float | None:
        """Write both forms of the list."""
        service = self._client.get(_SERVICES, namespace, name)
        if service is None:
            if found := self._client.get(_ENDPOINTS, namespace, name):
                self._client.delete(_ENDPOINTS, found)
            return None
        if not service["spec"].get("selector"):
            return None
        pods = self._pods(service)
        self._write_endpoints(service, pods)
        self._write_slices(service, pods)
        return None

    def _pods(self, service: Json) -> list[Json]:
        selector = service["spec"]["selector"].items()
        return [
            pod
            for pod in self._client.store.items(_PODS, service["metadata"]["namespace"])
            if selector <= (pod["metadata"].get("labels") or {}).items()
            and pod["status"].get("podIP")
            and pod in podsets.active([pod])
        ]

    def _write_endpoints(self, service: Json, pods: list[Json]) -> None:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        live = self._client.get(_ENDPOINTS, namespace, name)
        subsets = _subsets(service, pods)
        metadata: Json = {"name": name, "namespace": namespace}
        since = {_TRIGGER: service["metadata"]["creationTimestamp"]}
        metadata["annotations"] = since
        if labels := service["metadata"].get("labels"):
            metadata["labels"] = labels
        if live is None:
            self._client.create(_ENDPOINTS, namespace, {"metadata": metadata, "subsets": subsets})
        elif not _same(live.get("subsets") or [], subsets):
            live["subsets"] = subsets
            live["metadata"].setdefault("annotations", {})[_TRIGGER] = self._client.moment()
            self._client.update(_ENDPOINTS, live)

    def _write_slices(self, service: Json, pods: list[Json]) -> None:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        uid = service["metadata"]["uid"]
        found = [
            each
            for each in self._client.store.items(_SLICES, namespace)
            if (reference := owner(each)) and reference["uid"] == uid
        ]
        body = self._slice(service, pods)
        if not found:
            labels = {**(service["metadata"].get("labels") or {}), **_MANAGED, _NAME_LABEL: name}
            body["metadata"] = {"generateName": f"{name}-", "labels": labels}
            body["metadata"]["ownerReferences"] = [_owner_reference(service)]
            self._client.create(_SLICES, namespace, body)
            return
        live = self._client.get(_SLICES, namespace, found[0]["metadata"]["name"])
        if live is not None and not _same(
            {key: live.get(key) for key in ("endpoints", "ports")},
            {key: body[key] for key in ("endpoints", "ports")},
        ):
            self._client.update(_SLICES, live | body)

    def _slice(self, service: Json, pods: list[Json]) -> Json:
        is_new = self._client.profile == _NEW_PROFILE
        ports = _ports(service, pods[0]) if pods else []
        return {
            "addressType": "IPv4",
            "endpoints": [self._endpoint(pod, is_new=is_new) for pod in pods],
            "ports": ports or None,
        }

    def _endpoint(self, pod: Json, *, is_new: bool) -> Json:
        name = pod["spec"]["nodeName"]
        node = self._client.store.get(("/nodes", "", name)) or {"metadata": {}}
        labels = node["metadata"].get("labels") or {}
        found: Json = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": podsets.ready(pod)},
            "targetRef": _target(pod),
        }
        if is_new:
            return found | {"nodeName": name}
        keys = ("kubernetes.io/hostname", "topology.kubernetes.io/region",
                "topology.kubernetes.io/zone")  # fmt: skip
        topology = {key: labels[key] for key in keys if key in labels}
        return found | {"topology": topology | {"kubernetes.io/hostname": name}}


def _owner_reference(service: Json) -> Json:
    return reference(service)


def _subsets(service: Json, pods: list[Json]) -> list[Json]:
    groups: dict[str, Json] = {}
    for pod in sorted(pods, key=lambda each: each["status"]["podIP"]):
        ports = _ports(service, pod)
        group = groups.setdefault(repr(ports), {"ports": ports})
        address = {
            "ip": pod["status"]["podIP"],
            "nodeName": pod["spec"]["nodeName"],
            "targetRef": _target(pod),
        }
        key = "addresses" if podsets.ready(pod) else "notReadyAddresses"
        group.setdefault(key, []).append(address)
    return [{key: value for key, value in each.items() if value} for each in groups.values()]


def _ports(service: Json, pod: Json) -> list[Json]:
    found = []
    for port in service["spec"].get("ports", ()):
        number = _number(port["targetPort"], pod)
        if number is not None:
            name = {"name": port["name"]} if port.get("name") else {}
            found.append({**name, "port": number, "protocol": port["protocol"]})
    return found


def _number(target: int | str, pod: Json) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", ()):
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


def _target(pod: Json) -> Json:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }


def _same(left: object, right: object) -> bool:
    """Equal but for the versions of the pods, which change all the time."""
    return _unversioned(left) == _unversioned(right)


def _unversioned(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _unversioned(item)
            for key, item in value.items()
            if key != "resourceVersion" and item is not None
        }
    return [_unversioned(item) for item in value] if isinstance(value, list) else value
