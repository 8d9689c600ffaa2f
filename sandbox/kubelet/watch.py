"""The kubelets' view of the pods: one list, then a watch that outlives the API server."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from sandbox.kubelet.client import ApiError, Client, UnreachableError, Watch

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)

_PODS = "/api/v1/pods"
_WATCH = f"{_PODS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion="
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class PodWatch:
    """A thread that hands on all pods after a list, and each pod that changes or goes."""

    def __init__(
        self,
        client: Client,
        listed: Callable[[list[Json]], None],
        changed: Callable[[Json], None],
        gone: Callable[[Json], None],
    ) -> None:
        self._client = client
        self._listed = listed
        self._handlers = {"ADDED": changed, "MODIFIED": changed, "DELETED": gone}
        self._version = ""
        self._open: Watch | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet-watch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch and wait for its thread."""
        with self._lock:
            self._stopping.set()
            if self._open is not None:
                self._open.interrupt()
        self._thread.join()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            done = self._attempt()
            pause = _FIRST_PAUSE if done else min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    def _attempt(self) -> bool:
        """List where that is needed, then follow a watch to its end; False when that failed."""
        try:
            if not self._version:
                self._list()
            self._follow()
        except UnreachableError as error:
            _LOG.debug("watch: %s", error)
            return False
        except ApiError as error:
            # 410 Gone, or whatever else the server has against this version.
            _LOG.debug("watch: %s", error)
            self._version = ""
            return False
        except Exception:  # noqa: BLE001  # without this thread nothing is played
            # A TLS stream that `stop` cut off may end in bytes that are no text.
            if not self._stopping.is_set():
                _LOG.exception("watch")
            self._version = ""
            return False
        return True

    def _list(self) -> None:
        answer = self._client.request("GET", _PODS)
        self._listed(answer["items"])
        self._version = answer["metadata"]["resourceVersion"]

    def _follow(self) -> None:
        watch = self._client.watch(_WATCH + self._version)
        with watch:
            with self._lock:
                self._open = watch
            if self._stopping.is_set():
                return
            for event in watch:
                self._handle(event["type"], event["object"])
        self._open = None

    def _handle(self, kind: str, subject: Json) -> None:
        if kind == "ERROR":
            raise ApiError(int(subject.get("code", 0)), str(subject.get("message")))
        if handler := self._handlers.get(kind):
            handler(subject)
        self._version = subject["metadata"]["resourceVersion"]
