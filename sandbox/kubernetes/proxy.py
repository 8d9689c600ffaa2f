"""The proxy to pods and Services: what it changes of a request and of its answer."""

import errno
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from sandbox.kubernetes.proxied import Backend
from sandbox.kubernetes.statuses import StatusError, internal

Dial = Callable[[str, int], tuple[str, int]]
"""A pod's address and port to where it really answers."""
# Headers of one connection, not of the request.
_HOP = {
    "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length",
    "authorization", "proxy-connection",
}  # fmt: skip
_ADDED_BY_CLIENT = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_REFUSALS = {
    errno.ECONNREFUSED: "connect: connection refused",
    errno.EHOSTUNREACH: "connect: no route to host",
    errno.ENETUNREACH: "connect: network is unreachable",
}
_UNESCAPED = "/:@!$&'()*+,;=~"
_LAST_PORT = 65535


async def passed_on(
    session: aiohttp.ClientSession, backend: Backend, dial: Dial, request: web.Request, body: bytes
) -> web.Response:
    """Ask the backend; its answer, with redirects to itself leading through the proxy."""
    prefix, rest, query = _parts(request)
    if not rest:
        location = f"{prefix}/" + (f"?{query}" if query else "")
        return web.Response(status=301, headers={"Location": location})
    if backend.port > _LAST_PORT:
        raise _unreachable(f"dial tcp: address {backend.port}: invalid port")
    host, port = dial(backend.host, backend.port)
    url = f"{backend.scheme}://{host}:{port}{rest}" + (f"?{query}" if query else "")
    try:
        async with session.request(
            request.method, URL(url, encoded=True), headers=_headers(request), data=body or None,
            allow_redirects=False, skip_auto_headers=_ADDED_BY_CLIENT, ssl=False,
        ) as answer:  # fmt: skip
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _unreachable(_told(error, backend)) from error
    headers = CIMultiDict((key, value) for key, value in answer.headers.items() if _kept(key))
    if "Location" in headers:
        own = (backend.authority, request.host)
        headers["Location"] = _through_proxy(headers["Location"], prefix, own)
    return web.Response(status=answer.status, body=text, headers=headers)


def _parts(request: web.Request) -> tuple[str, str, str]:
    """The path up to the proxy, what is behind it, and the query, all as they were sent."""
    path, _, query = request.raw_path.partition("?")
    steps = path.split("/")
    at = steps.index("proxy", steps.index("namespaces") + 4) + 1
    rest = "/".join(steps[at:])
    # What need not be escaped is not any more.
    rest = quote(unquote(f"/{rest}"), safe=_UNESCAPED) if len(steps) > at else ""
    return "/".join(steps[:at]), rest, query


def _headers(request: web.Request) -> CIMultiDict[str]:
    found = CIMultiDict((key, value) for key, value in request.headers.items() if _kept(key))
    before = found.get("X-Forwarded-For")
    found["X-Forwarded-For"] = f"{before}, {request.remote}" if before else str(request.remote)
    found["X-Forwarded-Uri"] = unquote(request.raw_path.partition("?")[0])
    return found


def _kept(header: str) -> bool:
    return header.lower() not in _HOP


def _through_proxy(location: str, prefix: str, own: tuple[str, str]) -> str:
    """A redirect within the site leads through the proxy; one to elsewhere, or relative, stays."""
    url = urlsplit(location)
    path = unquote(url.path)
    if url.netloc not in ("", *own) or not path.startswith("/") or path.startswith(prefix):
        return location
    return urlunsplit(url._replace(path=prefix + url.path))


def _told(error: Exception, backend: Backend) -> str:
    """What Go says of it."""
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return "tls: first record does not look like a TLS handshake"
    if isinstance(error, aiohttp.ClientConnectorError):
        why = _REFUSALS.get(error.os_error.errno or 0, str(error.os_error))
        return f"dial tcp {backend.authority}: {why}"
    if isinstance(error, TimeoutError):
        return f"dial tcp {backend.authority}: i/o timeout"
    return "EOF"


def _unreachable(why: str) -> StatusError:
    return internal(f"error trying to reach service: {why}")
