"""An autoscaler: it hears of pods without room, says so, and has a node added after a while."""

import logging
import threading
from collections.abc import Callable, Sized
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.kubelet.client import ApiError, Client, UnreachableError
from sandbox.kubelet.events import NORMAL, WARNING, reported
from sandbox.kubelet.scheduler import Scheduler

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Words:
    """What an autoscaler tells of a pod; `{now}`, `{then}` and `{most}` are numbers of nodes."""

    component: str
    reason: str
    message: str
    refusal: tuple[str, str, str]
    """Type, reason and message where no node may be added."""


CLUSTER_AUTOSCALER = Words(
    "cluster-autoscaler",
    "TriggeredScaleUp",
    "pod triggered scale-up: [{{w {now}->{then} (max: {most})}}]",
    (NORMAL, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached"),
)
KARPENTER = Words(
    "karpenter",
    "Nominated",
    "Pod should schedule on: nodeclaim/w-{then}",
    (
        WARNING,
        "FailedScheduling",
        'Failed to schedule pod, all available instance types exceed limits for nodepool: "w"',
    ),
)


@dataclass(frozen=True)
class Autoscaling:
    """How an autoscaler works: times in seconds, `most` is the number of nodes that may be."""

    hears_after: float = 1.0
    provisions_in: float = 3.0
    most: int = 10
    words: Words = CLUSTER_AUTOSCALER


class Autoscaler:
    """Adds a node when pods have no room, one at a time; safe to use from all threads."""

    def __init__(
        self,
        how: Autoscaling,
        client: Client,
        scheduler: Scheduler,
        *,
        nodes: Sized,
        add_node: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._how = how
        self._client = client
        self._scheduler = scheduler
        self._nodes = nodes
        self._add_node = add_node
        self._now = now
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._is_adding = False

    def saw(self, pod: Json) -> None:
        """Look at a pod that is new or has changed."""
        uid = pod["metadata"]["uid"]
        with self._lock:
            if _unschedulable(pod) and uid not in self._heard:
                self._heard.add(uid)
                self._scheduler.after(self._how.hears_after, partial(self._hear, pod))

    def _hear(self, pod: Json) -> None:
        if not self._waits(pod):
            return
        kind, reason, message = self._decided()
        body = reported(pod, self._how.words.component, (kind, reason, message), self._now())
        try:
            path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/events"
            self._client.request("POST", path, body)
        except (ApiError, UnreachableError) as error:
            _LOG.debug("event %s: %s", reason, error)

    def _waits(self, pod: Json) -> bool:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        try:
            found = self._client.request("GET", path)
        except (ApiError, UnreachableError):
            return False
        return found["metadata"]["uid"] == metadata["uid"] and _unschedulable(found)

    def _decided(self) -> tuple[str, str, str]:
        """Begin to add a node, unless one is coming; what is said of it."""
        words, most = self._how.words, self._how.most
        with self._lock:
            count = len(self._nodes)
            if not self._is_adding and count >= most:
                return words.refusal
            if not self._is_adding:
                self._is_adding = True
                self._scheduler.after(self._how.provisions_in, self._add)
        message = words.message.format(now=count, then=count + 1, most=most)
        return NORMAL, words.reason, message

    def _add(self) -> None:
        self._add_node()
        with self._lock:
            self._is_adding = False
            # Who finds no room on it either is heard again.
            self._heard.clear()


def _unschedulable(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return not pod["spec"].get("nodeName") and any(
        each["type"] == "PodScheduled" and each.get("reason") == "Unschedulable"
        for each in conditions
    )
