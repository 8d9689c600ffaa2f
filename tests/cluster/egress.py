"""The way from an API server to the played pods, which are on loopback.

A real API server refuses to proxy to loopback, so it is told to reach the cluster through an HTTP
proxy (konnectivity's HTTPConnect), as where nodes are in a network of their own; that one knows.
"""

import json
import select
import socket
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from threading import Thread
from typing import Self

from sandbox.cluster import Nodes

_PATIENCE = 60.0


class Egress(ThreadingUnixStreamServer):
    """The HTTP proxy, for as long as its block; it listens at a socket in the directory."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, nodes: Nodes, directory: Path) -> None:
        # Over TCP the API server wants TLS.
        self._socket = directory / "egress.sock"
        super().__init__(str(self._socket), _Tunnel)
        self.config = self._write_config(directory / "egress.json")
        self.nodes = nodes
        self._thread = Thread(target=self.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def _write_config(self, file: Path) -> Path:
        """Write what --egress-selector-config-file takes."""
        uds = {"udsName": str(self._socket)}
        connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": uds}}
        content = {
            "apiVersion": "apiserver.k8s.io/v1beta1",
            "kind": "EgressSelectorConfiguration",
            "egressSelections": [{"name": "cluster", "connection": connection}],
        }
        file.write_text(json.dumps(content))
        return file


class _Tunnel(StreamRequestHandler):
    """One CONNECT."""

    server: Egress

    def handle(self) -> None:
        host, _, port = self.rfile.readline().decode().split()[1].rpartition(":")
        while self.rfile.readline().strip():
            pass
        try:
            there = socket.create_connection(self.server.nodes.dial(host, int(port)), 5)
        except OSError:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            _relay(self.connection, there)


def _relay(here: socket.socket, there: socket.socket) -> None:
    other = {here: there, there: here}
    while readable := select.select([here, there], [], [], _PATIENCE)[0]:
        for side in readable:
            try:
                sent = side.recv(65536)
                other[side].sendall(sent)
            except OSError:
                return
            if not sent:
                return
