"""The kubelet's own HTTPS server: containers' logs, for the API server's `pods/log`."""

import logging
import ssl
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.certificates import Authority
from sandbox.kubelet.logs import LogError, LogOptions, options
from sandbox.kubelet.serving import Serving

_LOG = logging.getLogger(__name__)

LogSource = Callable[[str, str, str, LogOptions], str]
"""Namespace, pod, container, options to text; raises LogError."""


class KubeletServer(Serving):
    """Answers on a free port of 127.0.0.1, for all nodes: pods are found by name."""

    def __init__(self, logs: LogSource) -> None:
        super().__init__(_Server(logs), "kubelet-https")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, logs: LogSource) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.logs = logs
        self._context = _tls()

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the request's own thread: a slow handshake holds up nobody else.
        with self._context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _LOG.debug("request from %s failed", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        try:
            status, text = 200, self._answer(parts, dict(parse_qsl(url.query)))
        except LogError as error:
            status, text = error.status, str(error)
        except ValueError:
            status, text = 400, '{"message": "Unable to decode query."}'
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, parts: list[str], query: dict[str, str]) -> str:
        if parts == ["healthz"]:
            return "ok"
        if len(parts) != 4 or parts[0] != "containerLogs":  # noqa: PLR2004
            raise LogError(404, "404 page not found")
        _, namespace, pod, container = parts
        return self.server.logs(namespace, pod, container, options(query))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        _LOG.debug(format, *args)


def _tls() -> ssl.SSLContext:
    """A certificate that nobody knows: the API server does not verify a kubelet's by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The context reads files only.
    with tempfile.TemporaryDirectory() as scratch:
        context.load_cert_chain(*Authority(Path(scratch)).server("kubelet", "kubelet"))
    return context
