"""Timed actions for hundreds of pods: one thread that keeps the time, a handful that act."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_LOG = logging.getLogger(__name__)

Action = Callable[[], None]


class Scheduler:
    """Runs each action after its delay, on one of its threads."""

    def __init__(self, threads: int) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="kubelet")
        self._timer = threading.Thread(target=self._keep_time, name="kubelet-timer", daemon=True)

    def start(self) -> None:
        """Start the timer."""
        self._timer.start()

    def stop(self) -> None:
        """Drop what is not due, and wait for what runs."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._timer.join()
        self._pool.shutdown(cancel_futures=True)

    def after(self, delay: float, action: Action) -> None:
        """Run the action after so many seconds."""
        with self._changed:
            due = time.monotonic() + delay
            heapq.heappush(self._heap, (due, next(self._order), action))
            self._changed.notify()

    def _keep_time(self) -> None:
        while (action := self._next()) is not None:
            self._pool.submit(_act, action)

    def _next(self) -> Action | None:
        with self._changed:
            while not self._stopping:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
            return None


def _act(action: Action) -> None:
    try:
        action()
    except Exception:  # noqa: BLE001  # the other pods go on
        _LOG.exception("an action failed")
