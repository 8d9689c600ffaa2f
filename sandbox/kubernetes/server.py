"""The simulated API server, from start to stop."""

import secrets
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.certificates import Authority, kubeconfig, write_private
from sandbox.kubernetes import bootstrap
from sandbox.kubernetes.access import Access, Authenticator, User
from sandbox.kubernetes.admission import Admission
from sandbox.kubernetes.connections import Connections
from sandbox.kubernetes.controllers import Controllers
from sandbox.kubernetes.controllers.timekeeping import utc_now
from sandbox.kubernetes.handlers import Handlers
from sandbox.kubernetes.http import HttpServer
from sandbox.kubernetes.proxy import Dial
from sandbox.kubernetes.rbac import Authorizer, Witness, nobody
from sandbox.kubernetes.registry import Registry
from sandbox.kubernetes.resources import Catalog
from sandbox.kubernetes.store import Store
from sandbox.kubernetes.watch_faults import WatchFaults

_HOST = "127.0.0.1"
_NAMES = (_HOST, "localhost", "kubernetes.default.svc")


class ApiServer:
    """An API server with its controllers; leaving its `with` block stops it.

    `node_scale` is what the seconds of the node-lifecycle controller are multiplied by: the 40 for
    which a node may be silent, and those for which pods tolerate that. `witness` is told of each
    right that somebody uses.
    """

    def __init__(
        self,
        directory: Path,
        profile: str = "current",
        *,
        now: Callable[[], datetime] = utc_now,
        authenticators: Sequence[Authenticator] = (),
        dial: Dial | None = None,
        node_scale: float = 1.0,
        witness: Witness = nobody,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.store = Store()
        authorizer = Authorizer(self.store, witness)
        self.access = Access(authenticators)
        self._registry = Registry(self.store, Catalog(profile), Admission(self.store), now)
        authority = Authority(directory)
        self.ca_file = authority.file
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*authority.server("apiserver", *_NAMES))
        self._controllers = Controllers(self._registry, now, self.ca_file.read_text(), node_scale)
        self.watch_faults = WatchFaults()
        handlers = Handlers(self._registry, self.access, authorizer, self.watch_faults)
        connections = Connections(self.store, dial)
        self._http = HttpServer(_HOST, handlers, self.store, connections, tls)
        self.url = f"https://{_HOST}:{self._http.port}"
        self.admin_kubeconfig = self.kubeconfig("admin", ["system:masters"])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve; returns when requests are answered and the namespace `default` admits pods."""
        self._controllers.start()
        bootstrap.furnish(self._registry)
        self._controllers.settle()
        self._http.start()

    def stop(self) -> None:
        """End all requests and controllers."""
        self._http.stop()
        self._controllers.stop()

    def kubeconfig(
        self, user: str, groups: Sequence[str] = (), namespace: str | None = None
    ) -> Path:
        """Write a kubeconfig with a new token for this user in these groups."""
        token = self.token(user, groups)
        content = kubeconfig(self.url, self.ca_file, user, {"token": token}, namespace)
        path = self._directory / f"{user}.kubeconfig"
        path.unlink(missing_ok=True)
        return write_private(path, content)

    def token(self, user: str, groups: Sequence[str] = ()) -> str:
        """Make a token that is known from now on."""
        token = secrets.token_urlsafe(24)
        self.access.add(token, User(user, tuple(groups)))
        return token

    def interrupt_watches(self) -> None:
        """Break off the watches that are open."""
        self._http.interrupt_watches()

    def end_watches(self) -> None:
        """End the watches that are open, as though their time were over."""
        self._http.end_watches()

    def forget_history(self) -> None:
        """Answer 410 to watches from before now."""
        self.store.forget()
