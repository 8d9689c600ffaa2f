"""What a container can wait for that will not come: a table, and the search in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wpdeploy.observed import Container, Pod


@dataclass(frozen=True)
class Fault:
    """A waiting reason whose message matches, and how long it may last (seconds).

    `by_one` says that one pod decides: what is wrong is the same for all of them. Else a rollout
    is lost only when none of its new pods is ready.
    """

    reason: str
    message: str
    grace: float
    by_one: bool


# The first row that fits decides. A pull is lost at once where the registry says that there is no
# such image or that nobody may have it; it may recover from everything else.
FAULTS: Sequence[Fault] = (
    Fault("InvalidImageName", "", 0, by_one=True),
    Fault("ErrImageNeverPull", "", 0, by_one=True),
    Fault(
        "(ErrImagePull|ImagePullBackOff)",
        r"not found|manifest unknown|name unknown|does not exist|denied|unauthorized|forbidden",
        0,
        by_one=True,
    ),
    Fault("(ErrImagePull|ImagePullBackOff)", "", 60, by_one=False),
    Fault(
        "CreateContainerConfigError",
        r"(secret|configmap) \".*\" not found|couldn't find key",
        0,
        by_one=True,
    ),
    Fault(
        "(CreateContainerConfigError|CreateContainerError|RunContainerError)", "", 15, by_one=False
    ),
    # A container gets here by ending twice: the first restart is made without a wait.
    Fault("CrashLoopBackOff", "", 0, by_one=False),
)


@dataclass(frozen=True)
class Found:
    """A container with a fault; its reason and message are the kubelet's words."""

    fault: Fault
    container: Container

    @property
    def reason(self) -> str:
        """The waiting reason, and how the container ended where it did."""
        ended = f" ({self.container.last_exit})" if self.container.last_exit else ""
        return self.container.waiting + ended


def of(pod: Pod, since: datetime | None) -> Found | None:
    """The pod's fault, if it has one that is newer than `since` (None: whenever it came)."""
    for container in pod.containers:
        fresh = since is None or pod.created >= since or _began_after(container, since)
        fault = _matching(container)
        if fault and fresh:
            return Found(fault, container)
    return None


def _began_after(container: Container, since: datetime) -> bool:
    return container.began is not None and container.began > since


def _matching(container: Container) -> Fault | None:
    for fault in FAULTS:
        if re.fullmatch(fault.reason, container.waiting) and re.search(
            fault.message, container.message, re.IGNORECASE
        ):
            return fault
    return None
