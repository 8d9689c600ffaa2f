"""Plain Kubernetes HTTP over one connection pool."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import urllib3
from urllib3.exceptions import HTTPError

Json = dict[str, Any]

MERGE_PATCH = "application/merge-patch+json"
_TIMEOUT = urllib3.Timeout(connect=1.0, read=5.0)
# ssl has a ValueError for a server that dies between connection and handshake.
_NO_ANSWER = (HTTPError, OSError, ValueError)


@dataclass(frozen=True)
class Connection:
    """An API server and who asks it."""

    url: str
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    token: str | None = None


class ApiError(Exception):
    """The API server refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class UnreachableError(Exception):
    """The API server did not answer."""


class Client:
    """Requests as JSON; each fails at once, and the caller decides whether to try again."""

    def __init__(self, connection: Connection, connections: int) -> None:
        self._headers = {"Accept": "application/json"}
        if connection.token:
            self._headers["Authorization"] = f"Bearer {connection.token}"
        self._pool = urllib3.connection_from_url(
            connection.url, maxsize=connections, retries=False, **_tls(connection)
        )

    def request(
        self, method: str, path: str, body: Json | None = None, *, kind: str = "application/json"
    ) -> Json:
        """Send one request and read the object in the answer."""
        headers = self._headers | ({"Content-Type": kind} if body is not None else {})
        data = None if body is None else json.dumps(body)
        try:
            response = self._pool.request(
                method, path, body=data, headers=headers, timeout=_TIMEOUT
            )
        except _NO_ANSWER as error:
            raise UnreachableError(str(error)) from error
        return _decoded(response.status, response.data)

    def watch(self, path: str) -> "Watch":
        """Open a watch."""
        # The server ends each watch itself, before this.
        timeout = urllib3.Timeout(connect=1.0, read=400.0)
        try:
            response = self._pool.request(
                "GET", path, headers=self._headers, timeout=timeout, preload_content=False
            )
        except _NO_ANSWER as error:
            raise UnreachableError(str(error)) from error
        watch = Watch(response)
        if response.status != 200:  # noqa: PLR2004
            with watch:
                _decoded(response.status, response.data)
        return watch

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


class Watch:
    """An open watch: iterate its events; `interrupt` ends it from another thread."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def __iter__(self) -> Iterator[Json]:
        pending = b""
        try:
            while chunk := self._response.read1():
                *lines, pending = (pending + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        except HTTPError as error:
            raise UnreachableError(str(error)) from error

    def interrupt(self) -> None:
        """Make the reader see the end."""
        # It may have ended by itself just now.
        with suppress(OSError, RuntimeError, ValueError):
            self._response.shutdown()


def _tls(connection: Connection) -> Mapping[str, Any]:
    if not connection.url.startswith("https:"):
        return {}
    files = {
        "ca_certs": connection.ca_file,
        "cert_file": connection.client_cert,
        "key_file": connection.client_key,
    }
    return {key: str(value) for key, value in files.items() if value is not None}


def _decoded(status: int, data: bytes) -> Json:
    try:
        answer: Json = json.loads(data)
    except ValueError:
        answer = {"message": data.decode(errors="replace")}
    if status >= 400:  # noqa: PLR2004
        raise ApiError(status, str(answer.get("message", "")))
    return answer
