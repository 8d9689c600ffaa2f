"""The visitors themselves: whatever is no whole page must count as a failure."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.image.services import free_port, wait_until
from tests.node.visitors import Visitors

WHOLE = "<html><body>line</body></html>"
# What the server answers, and what the visitors say of it.
FAULTS = {
    "a server error": (500, WHOLE, "status 500"),
    "a redirect": (302, WHOLE, "status 302"),
    "a page that breaks off": (200, "<html><body>line", "status 200"),
    "another page": (200, "<html><body>else</body></html>", "status 200"),
    "a connection that ends early": (200, None, "IncompleteRead"),
}


class _Handler(BaseHTTPRequestHandler):
    status, text = 200, WHOLE

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", "1000" if self.text is None else str(len(self.text)))
        self.end_headers()
        self.wfile.write((self.text or "<html>").encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as started:
        thread = threading.Thread(target=started.serve_forever, args=(0.02,))
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def visit(address: tuple[str, int]) -> Visitors:
    with Visitors(address, "site.test", ("line",)) as visitors:
        wait_until(lambda: visitors.asked >= 4, "some requests")
    return visitors


def test_whole_pages_are_counted_by_their_line(server: ThreadingHTTPServer) -> None:
    visitors = visit(("127.0.0.1", server.server_port))
    assert visitors.failures == []
    assert visitors.seen["line"] == visitors.asked
    assert f"{visitors.asked} requests sent, 0 failed" in visitors.report


@pytest.mark.parametrize(("status", "text", "told"), FAULTS.values(), ids=FAULTS)
def test_all_else_is_a_failure(
    server: ThreadingHTTPServer, status: int, text: str, told: str
) -> None:
    server.RequestHandlerClass.status = status  # type: ignore[attr-defined]  # _Handler's
    server.RequestHandlerClass.text = text  # type: ignore[attr-defined]
    visitors = visit(("127.0.0.1", server.server_port))
    assert visitors.seen.total() == 0
    assert len(visitors.failures) == visitors.asked
    assert told in visitors.failures[0]


def test_a_closed_port_is_a_failure() -> None:
    visitors = visit(("127.0.0.1", free_port("127.0.0.1")))
    assert "ConnectionRefused" in visitors.failures[0]
