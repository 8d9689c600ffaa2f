"""The kubelet's own HTTPS server: containers' logs, for the API server's `pods/log`."""

import logging
import ssl
import tempfile
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.kubelet.logs import LogError, LogOptions, options
from sandbox.kubelet.timestamps import utc_now

_LOG = logging.getLogger(__name__)

LogSource = Callable[[str, str, str, LogOptions], str]
"""Namespace, pod, container, options to text; raises LogError."""


class KubeletServer:
    """Answers on a free port of 127.0.0.1, for all nodes: pods are found by name."""

    def __init__(self, logs: LogSource) -> None:
        self._server = _Server(logs)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="kubelet-https")

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def start(self) -> None:
        """Start answering."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, logs: LogSource) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.logs = logs
        self._context = _self_signed()

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


def _self_signed() -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubelet")])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The context reads files only.
    with tempfile.NamedTemporaryFile() as file:
        file.write(private + certificate.public_bytes(pem))
        file.flush()
        context.load_cert_chain(file.name)
    return context
