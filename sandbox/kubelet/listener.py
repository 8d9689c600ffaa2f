"""What the pods themselves serve: one listener for all, told apart by the address that was called.

Either in a network namespace in which the pods' addresses are local, or on loopback: there the
pod 10.244.0.5 answers at 127.244.0.5.
"""

import json
import logging
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from sandbox.kubelet.pages import SITE, Response, answer
from sandbox.kubelet.serving import Serving

_LOG = logging.getLogger(__name__)


class Web(NamedTuple):
    """What runs in a pod: whether it is ready, and the tag of its image."""

    ready: bool
    tag: str


Lookup = Callable[[str], Web | None]
"""A pod's address to what runs there; None: nothing does."""

# The pods' network, and its image on loopback.
_NETWORKS = ("10.244.", "127.244.")


class PodListener(Serving):
    """Answers HTTP for every pod: at this port, or at a free one of loopback."""

    def __init__(self, port: int | None, lookup: Lookup) -> None:
        super().__init__(_Server(port, lookup), "pods-http")

    def dial(self, host: str, _port: int) -> tuple[str, int]:
        """Where a pod answers on loopback."""
        return host.replace(*_NETWORKS, 1), self.port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int | None, lookup: Lookup) -> None:
        self._on_loopback = port is None
        self.lookup = lookup
        # All addresses: each pod's own is one of them, where nothing else reaches them.
        super().__init__(("0.0.0.0", port or 0), _Handler)  # noqa: S104

    def server_bind(self) -> None:
        if self._on_loopback:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _LOG.debug("request from %s failed", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "Apache"
    sys_version = ""
    timeout = 5
    web = Web(ready=False, tag="")

    def handle(self) -> None:
        pods, loopback = _NETWORKS
        address = self.connection.getsockname()[0].replace(loopback, pods, 1)
        web = self.server.lookup(address)
        if web is not None:
            self.web = web
            super().handle()

    def do_GET(self) -> None:
        found = self._answer(self.path.partition("?")[0])
        if found.seconds:
            time.sleep(found.seconds)
        self.send_response(found.status)
        self.send_header("Content-Type", "text/html; charset=UTF-8")
        self.send_header("Content-Length", str(len(found.body.encode())))
        self.send_header("X-Received-Host", self.headers.get("Host", ""))
        self.send_header("X-Received-Proto", self.headers.get("X-Forwarded-Proto", ""))
        for name, value in found.headers.items():
            self.send_header(name, value.replace(SITE, self._site()))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body.encode())

    do_HEAD = do_POST = do_GET  # noqa: N815

    def _answer(self, path: str) -> Response:
        if path == "/-/echo":
            return Response(200, self._echo())
        return answer(self.web.tag, self.headers.get("Host", ""), path, ready=self.web.ready)

    def _site(self) -> str:
        """Where WordPress sends its visitors: to the address that was asked for."""
        proto = self.headers.get("X-Forwarded-Proto", "http")
        return f"{proto}://{self.headers.get('Host', '')}"

    def _echo(self) -> str:
        """What has arrived here, as JSON."""
        length = int(self.headers.get("Content-Length", 0))
        headers = sorted((key.lower(), value) for key, value in self.headers.items())
        body = self.rfile.read(length).decode(errors="replace")
        found = {"request": f"{self.command} {self.path}", "headers": headers, "body": body}
        return json.dumps(found) + "\n"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        _LOG.debug(format, *args)
