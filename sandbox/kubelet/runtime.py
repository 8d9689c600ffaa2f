"""What all scripts of one pod share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sandbox.kubelet.environment import Lookup
from sandbox.kubelet.pace import Pace
from sandbox.kubelet.pods import Container, Pod

Script = Iterator["float | Script"]
"""Yields the seconds until it wants to go on, or a script that is to run beside it.

Between two yields it changes the pod.
"""

_FIRST_BACK_OFF = 10
_LONGEST_BACK_OFF = 300
_SYNC_PERIOD = 10


@dataclass(frozen=True)
class Runtime:
    """A pod, and what its scripts need of the world."""

    pod: Pod
    pace: Pace
    lookup: Lookup
    now: Callable[[], datetime]

    @property
    def sync_period(self) -> float:
        """Seconds between two looks of the kubelet at a pod that is in trouble."""
        return self.scaled(_SYNC_PERIOD)

    def scaled(self, seconds: float) -> float:
        """Shorten a manifest's or the kubelet's own seconds."""
        return seconds * self.pace.scale

    def record(self, container: Container, kind: str, reason: str, message: str) -> None:
        """Write an event about a container."""
        self.pod.events.record(kind, reason, message, container.field_path, self.now())


def back_off(failures: int) -> int:
    """Tell how many seconds a kubelet waits after so many failures in a row, the first being 0."""
    return min(_FIRST_BACK_OFF << failures, _LONGEST_BACK_OFF)
