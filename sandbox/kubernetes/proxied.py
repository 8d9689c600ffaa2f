"""Where requests to the proxy of a pod or a Service go."""

import ipaddress
import random
from typing import NamedTuple

from sandbox.kubernetes import statuses
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Named, StatusError
from sandbox.kubernetes.store import Store

_SCHEMES = ("", "http", "https")


class Backend(NamedTuple):
    """A port that answers, and how it is spoken to."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


class _Asked(NamedTuple):
    scheme: str
    name: str
    port: str


def backend(store: Store, route: Route) -> Backend:
    """The pod that is asked for, or one of the Service's; raises why there is none."""
    kind = route.resource.kind.lower()
    asked = _asked(route.name, kind)
    host, port = (_of_pod if kind == "pod" else _of_service)(store, route, asked)
    return Backend(asked.scheme or "http", host, port)


def _asked(text: str, kind: str) -> _Asked:
    """`name`, `name:port` or `scheme:name:port`."""
    parts = text.split(":")
    padded = ["", *parts] if len(parts) < 3 else parts  # noqa: PLR2004
    found = [*padded, ""][:3]
    if len(parts) > 3 or found[0] not in _SCHEMES or not found[1]:  # noqa: PLR2004
        raise statuses.bad_request(f'invalid {kind} request "{text}"')
    return _Asked(*found)


def _of_pod(store: Store, route: Route, asked: _Asked) -> tuple[str, int]:
    pod = store.get(("/pods", route.namespace, asked.name))
    if pod is None:
        raise statuses.not_found(Named("", "pods", asked.name))
    host = pod["status"].get("podIP", "")
    if not host or ipaddress.ip_address(host).is_loopback:
        raise statuses.bad_request("address not allowed")
    if asked.port:
        if not asked.port.isdigit():
            raise statuses.bad_request(f'invalid pod request "{route.name}"')
        return host, int(asked.port)
    ports = [port for each in pod["spec"]["containers"] for port in each.get("ports", ())]
    return host, ports[0]["containerPort"] if ports else 80


def _of_service(store: Store, route: Route, asked: _Asked) -> tuple[str, int]:
    wanted = asked.port
    if wanted.isdigit():
        wanted = _port_name(store, route, asked)
    endpoints = store.get(("/endpoints", route.namespace, asked.name))
    if endpoints is None:
        raise statuses.not_found(Named("", "services", asked.name))
    found = [
        (address["ip"], port["port"])
        for subset in endpoints.get("subsets") or ()
        for port in subset.get("ports") or ()
        if port.get("name", "") == wanted
        for address in subset.get("addresses") or ()
    ]
    if not found:
        told = route.name if endpoints.get("subsets") else asked.name
        raise _unavailable(f'no endpoints available for service "{told}"')
    return random.choice(found)


def _port_name(store: Store, route: Route, asked: _Asked) -> str:
    service = store.get(("/services", route.namespace, asked.name))
    if service is None:
        raise statuses.not_found(Named("", "services", asked.name))
    ports: list[Json] = service["spec"].get("ports", [])
    for port in ports:
        if port["port"] == int(asked.port):
            return str(port.get("name", ""))
    raise _unavailable(f'no service port {asked.port} found for service "{asked.name}"')


def _unavailable(message: str) -> StatusError:
    return StatusError(503, "ServiceUnavailable", message)
