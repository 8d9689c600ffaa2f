"""HTTP by aiohttp: requests in, answers and streams out, on a thread of its own."""

import asyncio
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from sandbox.kubernetes.calls import Answer, Call, Connect, Stream
from sandbox.kubernetes.connections import Connections
from sandbox.kubernetes.handlers import Handlers
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.store import Change, Store

_LOG = logging.getLogger(__name__)
_BOOKMARK_SECONDS = 60.0
_BEFORE_END = 2.0
_LAST_TURNS = 0.05
_LARGEST_BODY = 8 * 1024 * 1024
_JSON = "application/json"


@dataclass
class _Fate:
    """What is to become of the watches that are open: nothing, an end, a break."""

    stopped: bool = False
    broken: bool = False


class HttpServer:
    """Serves the API on a free port of one host."""

    def __init__(
        self, host: str, handlers: Handlers, store: Store, connections: Connections,
        tls: ssl.SSLContext,
    ) -> None:  # fmt: skip
        self._handlers = handlers
        self._store = store
        self._connections = connections
        self._tls = tls
        self._socket = socket.create_server((host, 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._fate = _Fate()
        self._thread = threading.Thread(target=self._run, name="kubernetes-http", daemon=True)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Start serving."""
        self._store.listen(self._announce)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End all requests and free the port."""
        self._call(self._stopping.set)
        self._thread.join()

    def interrupt_watches(self) -> None:
        """Break off the watches that are open."""
        self._call(partial(self._stop_watches, broken=True))

    def end_watches(self) -> None:
        """End the watches that are open."""
        self._call(partial(self._stop_watches, broken=False))

    def _stop_watches(self, *, broken: bool) -> None:
        old, self._fate = self._fate, _Fate()
        old.stopped, old.broken = True, broken
        self._wake()

    def _announce(self, _change: Change) -> None:
        self._call(self._wake)

    def _wake(self) -> None:
        old, self._changed = self._changed, asyncio.Event()
        old.set()

    def _call(self, action: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self) -> None:
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.SockSite(runner, self._socket, ssl_context=self._tls)
        await site.start()
        async with self._connections:
            self._ready.set()
            await self._stopping.wait()
            self._stop_watches(broken=True)
            self._hang_up(runner)
        await runner.cleanup()
        # What was aborted is closed in the loop's next turns.
        await asyncio.sleep(_LAST_TURNS)

    def _hang_up(self, runner: web.AppRunner) -> None:
        server = runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(
            request.method, request.rel_url.raw_path, request.query, request.headers,
            await request.read(),
        )  # fmt: skip
        try:
            response = self._handlers.handle(call)
        except Exception:  # noqa: BLE001  # the server goes on
            _LOG.exception("%s %s", call.method, call.path)
            error = StatusError(500, "InternalError", "Internal error occurred: see the log", {})
            return _answer(Answer(error.code, error.status))
        if isinstance(response, Answer):
            return _answer(response)
        if isinstance(response, Connect):
            return await self._connect(response, request)
        return await self._stream(response, request)

    async def _connect(self, wanted: Connect, request: web.Request) -> web.StreamResponse:
        try:
            return await self._connections.serve(wanted.route, request, wanted.call)
        except StatusError as error:
            return _answer(Answer(error.code, error.status))

    async def _stream(self, stream: Stream, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        response.enable_chunked_encoding()
        await response.prepare(request)
        fate = self._fate
        # A client may go at any moment.
        with suppress(ConnectionError):
            await self._feed(stream, response, fate)
            if not fate.broken:
                await response.write_eof()
        if fate.broken and request.transport is not None:
            # Broken off, not ended: the client must notice the difference.
            request.transport.abort()
        return response

    async def _feed(self, stream: Stream, response: web.StreamResponse, fate: _Fate) -> None:
        """Write what happens, until the time is over or somebody breaks it off."""
        ending = self._loop.time() + stream.seconds
        bookmark = _next_bookmark(self._loop.time(), ending)
        while not fate.stopped:
            changed = self._changed
            events = stream.watch.news()
            if events:
                await response.write(_lines(events))
            now = self._loop.time()
            if now >= bookmark:
                if stream.bookmarks:
                    await response.write(_lines([stream.watch.bookmark()]))
                bookmark = _next_bookmark(now, ending)
            if now >= ending or (events and events[-1]["type"] == "ERROR"):
                return
            await _wait(changed, min(ending, bookmark) - now)


def _next_bookmark(now: float, ending: float) -> float:
    """Each minute, and shortly before the end, unless that is past."""
    last = ending - _BEFORE_END
    regular = now + _BOOKMARK_SECONDS
    return min(regular, last) if last > now else regular


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), max(seconds, 0.001))


def _answer(answer: Answer) -> web.Response:
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, text=answer.body)
    body = json.dumps(answer.body, separators=(",", ":")).encode() + b"\n"
    pause = (answer.body.get("details") or {}).get("retryAfterSeconds")
    headers = {"Retry-After": str(pause)} if pause else None
    return web.Response(status=answer.status, body=body, content_type=_JSON, headers=headers)


def _lines(events: list[Json]) -> bytes:
    return b"".join(json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in events)
