"""One queue and one thread for all controllers."""

import heapq
import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from sandbox.kubernetes.controllers.autoscalers import AutoscalerController
from sandbox.kubernetes.controllers.claims import ClaimController
from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.cronjobs import CronJobController
from sandbox.kubernetes.controllers.deployments import DeploymentController
from sandbox.kubernetes.controllers.disruptions import DisruptionController
from sandbox.kubernetes.controllers.endpoints import EndpointsController
from sandbox.kubernetes.controllers.garbage import GarbageCollector
from sandbox.kubernetes.controllers.jobs import JobController
from sandbox.kubernetes.controllers.lifetimes import LifetimeController
from sandbox.kubernetes.controllers.namespaces import NamespaceController
from sandbox.kubernetes.controllers.nodes import NodeLifecycleController
from sandbox.kubernetes.controllers.quotas import QuotaController
from sandbox.kubernetes.controllers.replicasets import ReplicaSetController
from sandbox.kubernetes.controllers.scheduler import Scheduler
from sandbox.kubernetes.registry import Registry
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.store import Change

_LOG = logging.getLogger(__name__)
_FIRST_RETRY = 0.005
_LONGEST_RETRY = 10.0
# How long an injected clock may stand still before it is looked at again.
_GLANCE = 0.5

Name = tuple[str, str]
"""Namespace and name of what a controller looks after."""


class Controller(Protocol):
    """Brings one kind of objects to what is wanted."""

    def concerned(self, change: Change) -> Iterable[Name]:
        """What has to be looked at after a change."""

    def sync(self, namespace: str, name: str) -> float | None:
        """Look at one object; the seconds after which to look again, if ever."""


class RetryError(Exception):
    """Look again soon, each time later."""


class Controllers:
    """All controllers."""

    def __init__(
        self,
        registry: Registry,
        now: Callable[[], datetime],
        authority: str = "",
        node_scale: float = 1.0,
    ) -> None:
        self._now = now
        client = Client(registry, now)
        self._controllers: list[Controller] = [
            NamespaceController(client, authority),
            DeploymentController(client),
            ReplicaSetController(client),
            JobController(client),
            CronJobController(client),
            LifetimeController(client),
            AutoscalerController(client),
            DisruptionController(client),
            ClaimController(client),
            NodeLifecycleController(client, node_scale),
            Scheduler(Client(registry, now, "kube-scheduler")),
            EndpointsController(client),
            QuotaController(client),
            GarbageCollector(client),
        ]
        self._queue: OrderedDict[tuple[int, Name], None] = OrderedDict()
        self._timers: list[tuple[float, tuple[int, Name]]] = []
        # When each is to be looked at again, at the earliest.
        self._due: dict[tuple[int, Name], float] = {}
        self._failures: dict[tuple[int, Name], int] = {}
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)
        registry.store.listen(self._enqueue)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def wake(self) -> None:
        """Look at the clock: it was moved."""
        with self._changed:
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until nothing is left to do now."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue and not self._busy)

    def _enqueue(self, change: Change) -> None:
        found = [
            (number, name)
            for number, controller in enumerate(self._controllers)
            for name in controller.concerned(change)
        ]
        if found:
            with self._changed:
                self._queue.update(dict.fromkeys(found))
                self._changed.notify_all()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            self._attempt(work)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _attempt(self, work: tuple[int, Name]) -> None:
        number, name = work
        try:
            again = self._controllers[number].sync(*name)
            self._failures.pop(work, None)
        except Exception as error:  # noqa: BLE001  # the others go on
            if not isinstance(error, (StatusError, RetryError)):
                _LOG.exception("%s %s", self._controllers[number], name)
            failures = self._failures[work] = self._failures.get(work, 0) + 1
            again = min(_FIRST_RETRY * 2**failures, _LONGEST_RETRY)
        if again is not None:
            self._look_again(work, self._now().timestamp() + again)

    def _look_again(self, work: tuple[int, Name], due: float) -> None:
        with self._changed:
            if due < self._due.get(work, math.inf):
                self._due[work] = due
                heapq.heappush(self._timers, (due, work))

    def _next(self) -> tuple[int, Name] | None:
        with self._changed:
            while not self._stopping:
                self._take_due()
                if self._queue:
                    self._busy = True
                    return self._queue.popitem(last=False)[0]
                self._changed.wait(self._pause())
            return None

    def _take_due(self) -> None:
        now = self._now().timestamp()
        while self._timers and self._timers[0][0] <= now:
            due, work = heapq.heappop(self._timers)
            if self._due.get(work) == due:
                del self._due[work]
                self._queue[work] = None

    def _pause(self) -> float | None:
        if not self._timers:
            return None
        return min(max(self._timers[0][0] - self._now().timestamp(), 0.001), _GLANCE)
