"""Brings a pod's state to the API server."""

import logging
from typing import Any

from sandbox.kubelet.client import MERGE_PATCH, ApiError, Client, UnreachableError
from sandbox.kubelet.events import Event
from sandbox.kubelet.pods import Pod
from sandbox.kubelet.roster import PodWorker
from sandbox.kubelet.status import pod_status

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)

_OK = 200
_BAD_REQUEST = 400
_NOT_FOUND = 404
_CONFLICT = 409
_TOO_MANY = 429
_UNAVAILABLE = 503
# The pod is gone, is another of the same name by now, or its namespace is going.
_EXPECTED = {403, _NOT_FOUND, _CONFLICT, _TOO_MANY, _UNAVAILABLE}


class Writer:
    """Each method answers whether it is done; when not, the caller tries again later."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def write(self, worker: PodWorker) -> bool:
        """Write status and events, as far as they are new."""
        return self._write_status(worker) and self._send_events(worker.pod)

    def delete(self, pod: Pod) -> bool:
        """Remove the pod from the API server, now that nothing of it runs."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": pod.uid},
        }
        return _settled(self._ask("DELETE", _path(pod), options))

    def _write_status(self, worker: PodWorker) -> bool:
        pod = worker.pod
        status = pod_status(pod, worker.runtime.now())
        pod.conditions = status["conditions"] or []
        if status == worker.written:
            return True
        # With the uid, it is never a namesake's status.
        patch = {"metadata": {"uid": pod.uid}, "status": status}
        if not _settled(self._ask("PATCH", f"{_path(pod)}/status", patch)):
            return False
        worker.written = status
        return True

    def _send_events(self, pod: Pod) -> bool:
        unsent = pod.events.unsent
        while unsent and _settled(self._send(pod.namespace, unsent[0])):
            unsent.pop(0)
        return not unsent

    def _send(self, namespace: str, event: Event) -> int:
        path = f"/api/v1/namespaces/{namespace}/events"
        code = _NOT_FOUND
        if event.recorded:
            code = self._ask("PATCH", f"{path}/{event.name}", event.recurrence())
        # Not there: never sent, or expired.
        if code == _NOT_FOUND:
            code = self._ask("POST", path, event.body)
        # There already: sent, but the answer was lost.
        if code == _CONFLICT:
            code = self._ask("PATCH", f"{path}/{event.name}", event.recurrence())
        event.recorded = code < _BAD_REQUEST
        return code

    def _ask(self, method: str, path: str, body: Json) -> int:
        kind = MERGE_PATCH if method == "PATCH" else "application/json"
        try:
            self._client.request(method, path, body, kind=kind)
        except UnreachableError as error:
            _LOG.debug("%s %s: %s", method, path, error)
            return _UNAVAILABLE
        except ApiError as error:
            level = logging.DEBUG if error.status in _EXPECTED else logging.WARNING
            _LOG.log(level, "%s %s: %s", method, path, error)
            return error.status
        return _OK


def _settled(code: int) -> bool:
    return code not in {_TOO_MANY, _UNAVAILABLE}


def _path(pod: Pod) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
