"""What the pods themselves serve: one listener for all, told apart by the address that was called.

It takes a network namespace in which the pods' addresses are local.
"""

import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.kubelet.serving import Serving

_LOG = logging.getLogger(__name__)

Readiness = Callable[[str], bool | None]
"""A pod's address to its readiness; None: no pod runs there."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><title>Just another WordPress site</title></head>
<body><p>Hello world!</p></body>
</html>
"""


class PodListener(Serving):
    """Answers HTTP for every pod."""

    def __init__(self, port: int, readiness: Readiness) -> None:
        super().__init__(_Server(port, readiness), "pods-http")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, readiness: Readiness) -> None:
        # All addresses: each pod's own is one of them, in a namespace that nothing else reaches.
        super().__init__(("0.0.0.0", port), _Handler)  # noqa: S104
        self.readiness = readiness

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _LOG.debug("request from %s failed", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "Apache"
    sys_version = ""
    timeout = 5
    ready = False

    def handle(self) -> None:
        readiness = self.server.readiness(self.connection.getsockname()[0])
        if readiness is not None:
            self.ready = readiness
            super().handle()

    def do_GET(self) -> None:
        status, body = self._answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Received-Host", self.headers.get("Host", ""))
        self.send_header("X-Received-Proto", self.headers.get("X-Forwarded-Proto", ""))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, path: str) -> tuple[int, str]:
        if path == "/-/live":
            return 200, "ok\n"
        if path == "/-/ready":
            return (200, "ok\n") if self.ready else (503, "not ready\n")
        return (200, _PAGE) if path == "/" else (404, "Not Found\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        _LOG.debug(format, *args)
