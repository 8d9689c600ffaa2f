"""What others answer: logs by the node's kubelet, proxied requests by the pod itself."""

from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from sandbox.kubernetes import logs
from sandbox.kubernetes.calls import Call
from sandbox.kubernetes.proxied import backend
from sandbox.kubernetes.proxy import Dial, passed_on
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.store import Store

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

    async def serve(self, route: Route, request: web.Request, call: Call) -> web.StreamResponse:
        """Pass a request on, and its answer back."""
        if self._session is None:
            raise RuntimeError("the server does not run")
        if route.subresource == "log":
            return await logs.answered(self._session, self._store, route, call)
        found = backend(self._store, route)
        return await passed_on(self._session, found, self._dial, request, call.body)
