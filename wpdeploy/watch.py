"""The stream of a watch: a line for each event, until one of the two ends leaves."""

import json
from collections.abc import Iterator
from contextlib import suppress

import urllib3
from urllib3.exceptions import HTTPError

from wpdeploy import api_status
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest
from wpdeploy.retries import Transient


class Watch:
    """The events of an open watch, until it ends; `close` ends it from another thread."""

    def __init__(self, response: urllib3.BaseHTTPResponse, path: str) -> None:
        self._response = response
        self._path = path

    def __iter__(self) -> Iterator[Manifest]:
        """Yield the events; an ERROR event is raised as the ApiError that it holds."""
        for line in self._lines():
            event = self._event(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise api_status.error(self._path, "WATCH", status.get("code", 0), status)
            yield event

    def close(self) -> None:
        """End the stream: a reader that waits in it returns."""
        with suppress(ValueError, OSError, RuntimeError):  # it has ended by itself
            self._response.shutdown()

    def _event(self, line: bytes) -> Manifest:
        try:
            event: Manifest = json.loads(line)
            if event["object"].get("metadata") or event["type"] == "ERROR":
                return event
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        shown = line[:80].decode("utf-8", "replace")
        problem = f"watch sent something other than an event: {shown}"
        raise Transient(ClusterError(self._path, problem))

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        try:
            while chunk := self._response.read1():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
        except HTTPError as error:
            raise Transient(ClusterError(self._path, f"watch broke off: {error}")) from error
        finally:
            self._response.close()
