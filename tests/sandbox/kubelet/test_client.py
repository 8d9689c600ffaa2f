import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.kubelet.client import MERGE_PATCH, ApiError, Client, Connection, UnreachableError

EVENTS = b'{"type": "ADDED"}\n{"type": "DELETED"}\n'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen = {key: self.headers[key] for key in ("Content-Type", "Authorization")}
        self.answer(200, json.dumps(seen | body).encode())

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.answer(410, b'{"message": "too old resource version"}')
        elif self.path == "/broken":
            self.answer(502, b"<html>Bad Gateway</html>")
        else:
            self.stream()

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        # Chunks and events need not coincide.
        for part in (EVENTS[:5], EVENTS[5:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if self.path == "/endless":
            self.rfile.read(1)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[Client]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        client = Client(Connection(f"http://127.0.0.1:{server.server_port}", token="t"), 2)
        yield client
        client.close()
        server.shutdown()
        thread.join()


def test_requests_carry_the_token_and_the_kind_of_patch(client: Client) -> None:
    answer = client.request("PATCH", "/x", {"a": 1}, kind=MERGE_PATCH)
    assert answer == {"Content-Type": MERGE_PATCH, "Authorization": "Bearer t", "a": 1}


def test_a_refusal_has_its_status_and_message(client: Client) -> None:
    with pytest.raises(ApiError, match="410: too old resource version") as caught:
        client.request("GET", "/gone")
    assert caught.value.status == 410
    with pytest.raises(ApiError, match="502: <html>Bad Gateway"):
        client.request("GET", "/broken")


def test_a_watch_yields_events_until_it_ends(client: Client) -> None:
    with client.watch("/events") as watch:
        assert [event["type"] for event in watch] == ["ADDED", "DELETED"]


def test_a_watch_is_refused(client: Client) -> None:
    with pytest.raises(ApiError, match="410"):
        client.watch("/gone")


def test_a_watch_is_interrupted_while_it_is_read(client: Client) -> None:
    seen = []
    with client.watch("/endless") as watch:
        try:
            for event in watch:
                seen.append(event["type"])
                if len(seen) == 2:
                    threading.Thread(target=watch.interrupt).start()
        except UnreachableError:
            pass
    assert seen == ["ADDED", "DELETED"]


def test_nobody_answers() -> None:
    client = Client(Connection("http://127.0.0.1:1"), 1)
    with pytest.raises(UnreachableError):
        client.request("GET", "/")
    with pytest.raises(UnreachableError):
        client.watch("/")
