"""TokenReview over HTTP: what a real API server asks about a bearer token that it does not know.

kube-apiserver --authentication-token-webhook-config-file=FILE
"""

import json
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

from sandbox.certificates import CONTEXT
from sandbox.kubernetes.access import Authenticator

_LOG = logging.getLogger(__name__)


class TokenWebhook:
    """Answers on a free port of loopback until its `with` block ends."""

    def __init__(self, authenticate: Authenticator) -> None:
        self._server = _Server(authenticate)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def write_config(self, path: Path) -> Path:
        """Write the file of the API server's flag: a kubeconfig, of which it reads the cluster."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": {"server": self.url}}],
            "users": [{"name": CONTEXT, "user": {}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        }
        path.write_text(json.dumps(content))
        return path


def review(body: dict[str, Any], authenticate: Authenticator) -> dict[str, Any]:
    """The answer to a TokenReview, in the version of the API in which it came."""
    user = authenticate(body["spec"]["token"])
    status: dict[str, Any] = {"authenticated": user is not None}
    if user is not None:
        status["user"] = {"username": user.name, "groups": list(user.groups)}
    return {"apiVersion": body["apiVersion"], "kind": "TokenReview", "status": status}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, authenticate: Authenticator) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authenticate = authenticate


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # small answers would wait 40 ms for an acknowledgement

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(review(body, self.server.authenticate)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name
        _LOG.debug(format, *args)
