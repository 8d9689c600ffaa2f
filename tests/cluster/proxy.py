"""A proxy in front of an API server, which a test makes misbehave.

It has a certificate authority of its own. Whoever brings a token is passed on with it, anybody else
as the bastion. `rules` decide for each request: the first one that has an answer gives it.
"""

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self

import urllib3

from sandbox.certificates import Authority
from tests.cluster.plane import Plane


class Answer(NamedTuple):
    """What the proxy answers instead of the API server."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


Rule = Callable[[str, str], Answer | None]
_PASSED = ("Authorization", "Content-Type")


class Proxy:
    """A running proxy; `requests` has the method and path of what came, `tokens` who asked."""

    def __init__(self, plane: Plane, directory: Path) -> None:
        self.rules: list[Rule] = []
        self.requests: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self._bastion, self._anonymous = plane.client("bastion", ["wpdeploy"]), plane.anonymous()
        self._url = plane.url
        self._open: list[urllib3.BaseHTTPResponse] = []
        authority = Authority(directory)
        self.ca_file = authority.file
        self._server = _Server(self._handler(), authority)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.close_watches()
        self._bastion.clear()
        self._anonymous.clear()

    @property
    def open_watches(self) -> int:
        """How many streams there are."""
        return len(self._open)

    def close_watches(self) -> int:
        """Cut the streams that are open; how many there were."""
        streams, self._open = self._open, []
        for response in streams:
            with suppress(RuntimeError):  # it has ended by itself
                response.shutdown()
        return len(streams)

    def answer(self, method: str, path: str) -> Answer | None:
        """The rules' answer to a request, if they have one."""
        self.requests.append((method, path))
        found = (rule(method, path) for rule in self.rules)
        return next((answer for answer in found if answer), None)

    def forward(
        self, method: str, path: str, body: bytes, passed: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """The API server's own answer, unread."""
        token = passed.get("Authorization")
        if token and token not in self.tokens:
            self.tokens.append(token)
        pool = self._anonymous if token else self._bastion
        response = pool.request(
            method,
            self._url + path,
            body=body or None,
            headers={**pool.headers, **passed},
            preload_content=False,
            timeout=90.0,
        )
        if "watch=true" in path:
            self._open.append(response)
        return response

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                answer = proxy.answer(self.command, self.path)
                if answer:
                    self._reply(answer.status, answer.headers, answer.body.encode())
                    return
                passed = {name: self.headers[name] for name in _PASSED if name in self.headers}
                response = proxy.forward(self.command, self.path, body, passed)
                if "watch=true" in self.path and response.status == 200:
                    self._stream(response)
                else:
                    date = (("Date", response.headers["Date"]),)
                    self._reply(response.status, date, response.data)

            do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  # http.server's

            def _reply(
                self, status: int, headers: tuple[tuple[str, str], ...], body: bytes
            ) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _stream(self, response: urllib3.BaseHTTPResponse) -> None:
                """Pass on what comes, until either side has gone; then the connection is cut."""
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                with suppress(OSError, urllib3.exceptions.HTTPError):
                    while chunk := response.read1():
                        self.wfile.write(chunk)
                        self.wfile.flush()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], authority: Authority) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*authority.server("proxy", "127.0.0.1"))

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the request's own thread: a slow handshake holds up nobody else.
        with self._context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is part of the test."""
