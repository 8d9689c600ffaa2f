"""A cluster as the tests use it, whoever runs it: where it is, its administrator, its users."""

import itertools
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Self, TypeVar

import urllib3

from sandbox.certificates import Pair, write_kubeconfig

T = TypeVar("T")

_SECONDS = 60.0
_POLL_SECONDS = 0.05


class ControlPlaneError(Exception):
    """The control plane cannot be found or used, or does not run."""


class Plane(ABC):
    """A control plane that can be used until its `with` block ends."""

    url: str
    ca_file: Path
    admin_kubeconfig: Path
    # For so long kube-apiserver takes a token that it has taken; no flag changes that.
    token_seconds = 10.0
    # The administrator's own connections.
    admin: urllib3.PoolManager

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def stop(self) -> None:
        """Give back what was taken for it."""

    @abstractmethod
    def _mint(self, stem: str, user: str, groups: Sequence[str]) -> Pair:
        """Mint a client certificate into files of this stem."""

    @abstractmethod
    def _check(self) -> None:
        """Raise an error if there is nothing more to wait for."""

    @property
    @abstractmethod
    def _clue(self) -> str:
        """Where to look when what was waited for did not come."""

    def certificate(self, user: str, groups: Sequence[str] = ()) -> Pair:
        """Mint a client certificate for this user in these groups."""
        stem = re.sub(r"[^A-Za-z0-9.-]+", "-", user)
        return self._mint(f"{stem}-{next(self._numbers)}", user, groups)

    def kubeconfig(
        self, user: str, groups: Sequence[str] = (), namespace: str | None = None
    ) -> Path:
        """Write a kubeconfig with a new client certificate for this user in these groups."""
        pair = self.certificate(user, groups)
        return write_kubeconfig(self.url, self.ca_file, user, pair, namespace)

    def client(self, user: str, groups: Sequence[str] = ()) -> urllib3.PoolManager:
        """Return an HTTP client that is this user in these groups."""
        return self._pool(self.certificate(user, groups))

    def anonymous(self) -> urllib3.PoolManager:
        """Return an HTTP client that says nothing of who it is."""
        return self._pool(None)

    def await_admission(self, namespace: str = "default") -> None:
        """Wait until a namespace admits pods: its default ServiceAccount takes a moment."""
        container = {"name": "probe", "image": "probe"}
        pod = {"metadata": {"name": "probe"}, "spec": {"containers": [container]}}
        path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
        self._await(
            f"admission of pods to namespace {namespace}",
            lambda: self._status("POST", path, pod) == HTTPStatus.CREATED,
        )

    def _pool(self, pair: Pair | None, token: str | None = None) -> urllib3.PoolManager:
        return urllib3.PoolManager(
            headers={"Authorization": f"Bearer {token}"} if token else None,
            cert_file=str(pair.certificate) if pair else None,
            key_file=str(pair.key) if pair else None,
            ca_certs=str(self.ca_file),
            retries=False,
            timeout=20.0,
        )

    def _await(self, what: str, ask: Callable[[], T | None]) -> T:
        """Ask until there is an answer that counts as true."""
        deadline = time.monotonic() + _SECONDS
        while not (answer := ask()):
            self._check()
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"no {what} in {_SECONDS:.0f} s; {self._clue}")
            time.sleep(_POLL_SECONDS)
        return answer

    def _status(self, method: str, path: str, body: object = None) -> int:
        try:
            return self.admin.request(method, self.url + path, json=body).status
        except urllib3.exceptions.HTTPError:
            return 0
