"""What others answer: logs by the node's kubelet, proxied requests by the pod itself."""

import ipaddress
import json
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from sandbox.kubernetes import statuses
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Named, StatusError
from sandbox.kubernetes.store import Store

Dial = Callable[[str, int], tuple[str, int]]
"""A pod's address and port to where it really answers."""
_LOG_OPTIONS = (
    "follow", "previous", "timestamps", "sinceSeconds", "sinceTime", "tailLines", "limitBytes",
)  # fmt: skip
# Headers of one connection, not of the request.
_HOP = {
    "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length",
    "authorization", "proxy-connection",
}  # fmt: skip
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)


def _as_it_is(host: str, port: int) -> tuple[str, int]:
    return host, port


class Connections:
    """Requests that are passed on; used inside of the server's event loop."""

    def __init__(self, store: Store, dial: Dial | None = None) -> None:
        self._store = store
        self._dial = dial or _as_it_is
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, auto_decompress=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def serve(self, route: Route, request: web.Request, body: bytes) -> web.StreamResponse:
        """Pass a request on, and its answer back."""
        if route.subresource == "log":
            return await self._logs(route, request)
        host, port = self._pod_address(route)
        if route.resource.plural == "services":
            host, port = self._service_address(route)
        if ipaddress.ip_address(host).is_loopback:
            raise StatusError(403, "Forbidden", "address not allowed", {})
        host, port = self._dial(host, port)
        path = request.rel_url.raw_path.partition("/proxy")[2] or "/"
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        return await self._pass_on(f"http://{host}:{port}{path}{query}", request, body)

    async def _pass_on(self, url: str, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = CIMultiDict(
            (key, value) for key, value in request.headers.items() if key.lower() not in _HOP
        )
        try:
            async with self._opened.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                text = await answer.read()
                kept = [pair for pair in answer.headers.items() if pair[0].lower() not in _HOP]
                return web.Response(status=answer.status, body=text, headers=CIMultiDict(kept))
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"error trying to reach service: {error}"
            raise StatusError(503, "ServiceUnavailable", message) from error

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the server does not run")
        return self._session

    # Logs.

    async def _logs(self, route: Route, request: web.Request) -> web.StreamResponse:
        pod = self._pod(route)
        container = _container(pod, request.query.get("container", ""))
        node = self._store.get(("/nodes", "", pod["spec"].get("nodeName", "")))
        if node is None:
            # As the real one has it: a pod without a node has no log yet.
            return web.Response(status=HTTPStatus.NO_CONTENT)
        host, port = _kubelet(node)
        where = f"containerLogs/{route.namespace}/{route.name}/{container}"
        query = {key: request.query[key] for key in _LOG_OPTIONS if key in request.query}
        url = f"https://{host}:{port}/{where}"
        try:
            async with self._opened.get(url, params=query, ssl=False) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise StatusError(500, "", f'Get "{url}": {error}') from error
        if answer.status != HTTPStatus.OK:
            raise _kubelet_error(answer.status, text, route)
        return web.Response(text=text, content_type="text/plain")

    def _pod(self, route: Route) -> Json:
        name = route.name.split(":")[-2 if route.name.count(":") > 1 else 0]
        pod = self._store.get(("/pods", route.namespace, name))
        if pod is None:
            raise statuses.not_found(Named("", "pods", name))
        return pod

    # Addresses.

    def _pod_address(self, route: Route) -> tuple[str, int]:
        if route.resource.plural != "pods":
            return "0.0.0.0", 0  # noqa: S104  # a Service's is looked up elsewhere
        pod = self._pod(route)
        host = pod["status"].get("podIP", "")
        if not host:
            raise statuses.bad_request("address not allowed")
        parts = route.name.split(":")
        if len(parts) > 1:
            return host, int(parts[-1])
        ports = [port for each in pod["spec"]["containers"] for port in each.get("ports", ())]
        return host, ports[0]["containerPort"] if ports else 80

    def _service_address(self, route: Route) -> tuple[str, int]:
        parts = route.name.split(":")
        name, wanted = (parts[1], parts[2]) if len(parts) > 2 else (*parts, "")[:2]  # noqa: PLR2004
        if self._store.get(("/services", route.namespace, name)) is None:
            raise statuses.not_found(Named("", "services", name))
        endpoints = self._store.get(("/endpoints", route.namespace, name)) or {}
        port_name = self._port_name(route.namespace, name, wanted)
        for subset in endpoints.get("subsets") or ():
            for port in subset.get("ports") or ():
                if subset.get("addresses") and port.get("name", "") == port_name:
                    return subset["addresses"][0]["ip"], port["port"]
        message = f'no endpoints available for service "{name}"'
        raise StatusError(503, "ServiceUnavailable", message)

    def _port_name(self, namespace: str, name: str, wanted: str) -> str:
        service = self._store.get(("/services", namespace, name)) or {}
        for port in service["spec"].get("ports", ()):
            if wanted in ("", port.get("name"), str(port["port"])):
                return str(port.get("name", ""))
        raise statuses.no_such_path()


def _container(pod: Json, wanted: str) -> str:
    name, spec = pod["metadata"]["name"], pod["spec"]
    names = [each["name"] for each in spec["containers"]]
    hidden = [each["name"] for each in spec.get("initContainers", ())]
    if not wanted and len(names) == 1:
        return str(names[0])
    if not wanted:
        extra = f" or one of the init containers: [{' '.join(hidden)}]" if hidden else ""
        message = f"a container name must be specified for pod {name}, choose one of: "
        raise statuses.bad_request(f"{message}[{' '.join(names)}]{extra}")
    if wanted not in [*names, *hidden]:
        raise statuses.bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _kubelet(node: Json) -> tuple[str, int]:
    status = node["status"]
    addresses = {each["type"]: each["address"] for each in status.get("addresses", ())}
    return addresses["InternalIP"], status["daemonEndpoints"]["kubeletEndpoint"]["Port"]


def _kubelet_error(code: int, text: str, route: Route) -> StatusError:
    if code == HTTPStatus.BAD_REQUEST:
        return statuses.bad_request(_message(text))
    subject = Named("", "pods/log", route.name)
    if code == HTTPStatus.NOT_FOUND:
        message = f"the server could not find the requested resource ( {subject.kind} {route.name})"
        return StatusError(404, "NotFound", message, subject.details)
    return StatusError(code, "InternalError", _message(text), {})


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text
