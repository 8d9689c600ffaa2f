"""Plays a pod's scripts in virtual time: no clock, no server, no waiting."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.kubelet import lifecycle
from sandbox.kubelet.faults import Faults
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import Pod, admit
from sandbox.kubelet.runtime import Runtime, Script
from sandbox.kubelet.status import pod_status

Json = dict[str, Any]

START = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


def pod_manifest(tag: str = "1.0", **spec: Any) -> Json:
    container = {
        "name": "app",
        "image": f"registry:5000/wordpress:{tag}",
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": 8080}},
    }
    return {
        "metadata": {"name": "web-0", "namespace": "blog", "uid": "u-1", "resourceVersion": "7"},
        "spec": {"nodeName": "node-1", "containers": [container]} | spec,
    }


class Play:
    """One pod, its statuses as (seconds, status), and its events."""

    def __init__(
        self,
        manifest: Json,
        pace: Pace | None = None,
        lookup: Callable[[str, str], Mapping[str, str] | None] = lambda _kind, _name: None,
    ) -> None:
        self.pace = pace or Pace()
        self.pod: Pod = admit(manifest, "10.244.0.9", Faults(self.pace))
        self.runtime = Runtime(self.pod, self.pace, lookup, self.now)
        self.statuses: list[tuple[float, Json]] = []
        self._time = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, Script]] = []
        self._push(0, lifecycle.start(self.runtime))

    def now(self) -> datetime:
        return START + timedelta(seconds=self._time)

    def until(self, seconds: float) -> "Play":
        while self._due and self._due[0][0] <= seconds:
            self._time, _, script = heapq.heappop(self._due)
            pause = next(script, None)
            self._note()
            if isinstance(pause, Iterator):
                self._push(self._time, pause)
                pause = 0
            if pause is not None:
                self._push(self._time + pause, script)
        self._time = seconds
        return self

    def terminate(self) -> "Play":
        self._due.clear()
        self._push(self._time, lifecycle.terminate(self.runtime))
        return self

    @property
    def status(self) -> Json:
        return self.statuses[-1][1]

    @property
    def app(self) -> Json:
        found: Json = self.status["containerStatuses"][0]
        return found

    def condition(self, kind: str) -> Json:
        return next(each for each in self.status["conditions"] if each["type"] == kind)

    def states(self) -> list[str]:
        """List the reasons and states of the first container, in order and without repetition."""
        shown = [_short(status["containerStatuses"][0]) for _, status in self.statuses]
        return [state for state, _ in itertools.groupby(shown)]

    def events(self) -> list[tuple[str, str, int]]:
        bodies = [event.body for event in self.pod.events.unsent]
        return [(body["reason"], body["message"], body["count"]) for body in bodies]

    def _push(self, due: float, script: Script) -> None:
        heapq.heappush(self._due, (due, next(self._order), script))

    def _note(self) -> None:
        status = deepcopy(pod_status(self.pod, self.now()))
        self.pod.conditions = status["conditions"]
        self.statuses.append((self._time, status))


def _short(container: Json) -> str:
    ((kind, detail),) = container["state"].items()
    if kind == "running":
        return "Ready" if container["ready"] else "Running"
    return str(detail["reason"])
