"""What the kubelet's two HTTP servers share: a thread that serves, from start to stop."""

from http.server import ThreadingHTTPServer
from threading import Thread


class Serving:
    """A server and the thread in which it answers."""

    def __init__(self, server: ThreadingHTTPServer, name: str) -> None:
        self._server = server
        self._thread = Thread(target=server.serve_forever, args=(0.05,), name=name)

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
