"""A scripted HTTP server on loopback, and a clock on which no time passes by itself."""

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pytest

from wpdeploy import aws
from wpdeploy.clock import Clock

# No test waits this long unless something is wrong.
PATIENCE = 10.0
_CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}

# What the server does with one request.
Act = Callable[[BaseHTTPRequestHandler], None]


class FakeClock(Clock):
    """Stands still, but for those who sleep by it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def forget_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's proxies, certificates and AWS account away from a test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("AWS_") or name in _CERTIFICATES:
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    aws._session.cache_clear()  # it has the credentials of another test


@dataclass(frozen=True)
class Received:
    """A request as it came; the names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def answer(document: object, status: int = 200, **headers: str) -> Act:
    """A JSON document."""
    return text(json.dumps(document), status, **headers)


def text(body: str | bytes, status: int = 200, **headers: str) -> Act:
    """Any body; an underscore in a header's name stands for a hyphen."""
    content = body.encode() if isinstance(body, str) else body

    def act(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, status, Content_Length=str(len(content)), **headers)
        handler.wfile.write(content)

    return act


def cut_off(body: bytes) -> Act:
    """An answer that ends before it should."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, Content_Length=str(len(body) + 1))
        handler.wfile.write(body)
        handler.close_connection = True

    return act


def raw(content: bytes) -> Act:
    """Bytes in place of an HTTP answer, then the end of the connection; b"" is a mere hang-up."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return act


def stream(*chunks: bytes, until: threading.Event | None = None, whole: bool = True) -> Act:
    """A chunked answer, kept open until the event; it breaks off at its end if it is not whole."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, Transfer_Encoding="chunked")
        for chunk in chunks:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if until:
            until.wait(PATIENCE)
        if whole:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = not whole

    return act


def _head(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


class Server:
    """Answers each request by the next act of its script, and keeps what it received.

    The first `hang_ups` connections end as soon as the client has said its first word.
    """

    def __init__(self, *script: Act, tls: ssl.SSLContext | None = None, hang_ups: int = 0) -> None:
        self.received: list[Received] = []
        self._script = iter(script)
        self._http = _HttpServer(("127.0.0.1", 0), self._handler())
        self._http.hang_ups = hang_ups
        if tls:
            # The handshake is left to the thread of the connection.
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._http.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join(PATIENCE)
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        def respond(handler: BaseHTTPRequestHandler) -> None:
            target = urlsplit(handler.path)
            self.received.append(
                Received(
                    handler.command,
                    handler.path.partition("?")[0],
                    dict(parse_qsl(target.query)),
                    {name.lower(): value for name, value in handler.headers.items()},
                    handler.rfile.read(int(handler.headers.get("Content-Length", 0))),
                )
            )
            next(self._script, _UNSCRIPTED)(handler)

        methods = {f"do_{method}": respond for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
        return type("Handler", (_Handler,), methods)


# No client of ours tries this status again: the test ends at once, and says why.
_UNSCRIPTED = text("the script of the test has no answer left", 418)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # small answers would wait 40 ms for an acknowledgement
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
        """Say nothing."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    hang_ups = 0

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Take the connection, or read of it below TLS and end it: unread, it would be reset."""
        if self.hang_ups:
            self.hang_ups -= 1
            socket.socket.recv(request, 65536)
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up or refuses a certificate is part of the script."""
