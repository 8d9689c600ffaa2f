"""What a pod can wait for that will not come: a table, and the search in it.

docs/verdicts.md tells the same to people; a test holds the two together.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wpdeploy.grace import Grace
from wpdeploy.pods import CONTAINER, IMAGE, PLACE, SETUP, START, Container, Pod

# Seconds between two attempts of a kubelet, at the most: what is older than the apply and lasts
# for longer has been tried again since.
LONGEST_BACK_OFF = 300
_AT_ONCE = ""


@dataclass(frozen=True)
class Fault:
    """A waiting reason whose message and last exit match; `says` is the sentence, `to_do` the way.

    `grace` is the field of Grace that tells how long it may last; empty: it is lost at once.
    `by_one` says that one pod decides: what is wrong is the same for all of them. Else a rollout
    is lost only when none of its new pods is ready, or after too many restarts.
    """

    reason: str
    says: str
    to_do: str
    grace: str = _AT_ONCE
    message: str = ""
    ended: str = ""
    by_one: bool = False
    trouble: str = IMAGE

    def patience(self, grace: Grace) -> float:
        """Seconds for which it may last."""
        return float(getattr(grace, self.grace)) if self.grace else 0.0


_PULL = "ErrImagePull|ImagePullBackOff"
_ANY_PULL = f"{_PULL}|ImageInspectError|RegistryUnavailable|SignatureValidationFailed"
_LOGS = "the container's log says why it ends"
# The first row that fits decides. A pull is lost at once where the registry says that there is no
# such image or that nobody may have it; it may recover from everything else. A container is in
# CrashLoopBackOff when it has ended twice: the first restart is made without a wait.
FAULTS: Sequence[Fault] = (
    Fault(
        "InvalidImageName",
        "the image's name is none",
        "correct the image in release.json or in the template",
        by_one=True,
    ),
    Fault(
        "ErrImageNeverPull",
        "the image is not on the node, and imagePullPolicy: Never forbids to pull it",
        "take imagePullPolicy out of the template",
        by_one=True,
    ),
    Fault(
        _PULL,
        "the registry denies the image to the node",
        "give the nodes' role the right to pull from it, and see that the repository exists",
        message="denied|unauthorized|forbidden|authorization failed|insufficient_scope",
        by_one=True,
    ),
    Fault(
        _PULL,
        "the registry has no such image",
        "push the image, or deploy a release whose image is there",
        message="not found|manifest unknown|name unknown|does not exist",
        by_one=True,
    ),
    Fault(
        _ANY_PULL,
        "the image cannot be pulled",
        "see whether the nodes reach the registry",
        grace="image_pull",
    ),
    Fault(
        "CreateContainerConfigError",
        "a Secret, a ConfigMap or a key of one is missing",
        "correct the reference in the template",
        message=r"(secret|configmap) \".*\" not found|couldn't find key",
        by_one=True,
        trouble=SETUP,
    ),
    Fault(
        "CreateContainerConfigError|CreateContainerError",
        "the container cannot be made",
        "correct what the message names in the template",
        grace="container",
        trouble=SETUP,
    ),
    Fault(
        "RunContainerError",
        "the container cannot be started",
        "correct its command, or the image",
        grace="container",
        trouble=START,
    ),
    Fault(
        "CrashLoopBackOff",
        "{who} cannot be started: {ended}",
        "correct its command, or the image",
        grace="crash",
        ended="StartError|ContainerCannotRun",
        trouble=START,
    ),
    Fault(
        "CrashLoopBackOff",
        "{who} is killed for taking more memory than its limit: {ended}",
        "raise wordpress.resources.limits.memory, or see what takes it",
        grace="crash",
        ended="OOMKilled",
        trouble=START,
    ),
    Fault("CrashLoopBackOff", "{who} crashes: {ended}", _LOGS, grace="crash", trouble=START),
)
NO_ROOM = Fault(
    "Unschedulable",
    "no node has room for it, and no autoscaler has heard of it",
    "add a node, ask for less in wordpress.resources.requests, or see why there is no autoscaler",
    grace="unschedulable",
    by_one=True,
    trouble=PLACE,
)
_SCALING = {"TriggeredScaleUp", "Nominated"}
_NOT_SCALING = "NotTriggerScaleUp"


@dataclass(frozen=True)
class Found:
    """A pod with a fault, and its container where one is at fault."""

    fault: Fault
    pod: Pod
    container: Container | None = None

    @property
    def reason(self) -> str:
        """The term that Kubernetes has for it, and how the container ended where it did."""
        if self.container is None:
            return self.fault.reason
        ended = f" ({self.container.last_exit})" if self.container.last_exit else ""
        return self.container.waiting + ended

    @property
    def message(self) -> str:
        """The words of who says so."""
        return told(self.container) if self.container else self.pod.unschedulable

    @property
    def sentence(self) -> str:
        """What is wrong with the pod."""
        return f"pod {self.pod.name}: {self._said()} ({self._term()})"

    def _said(self) -> str:
        if self.container is None:
            return self.fault.says
        who = f"{self.container.role} {self.container.name}"
        return self.fault.says.format(who=who, ended=self.container.last_exit or "it ended")

    def _term(self) -> str:
        if self.container is None:
            return self.fault.reason
        where = "" if self.container.role == CONTAINER else f"{self.container.role}, "
        count = self.container.restarts
        restarts = f", {count} restart{'s' * (count != 1)}" if count else ""
        return f"{where}{self.container.waiting}{restarts}"


def told(container: Container) -> str:
    """What is said of a container's state; the long name of its image once is enough."""
    text = container.message
    if container.waiting in {"CrashLoopBackOff", "RunContainerError"} and container.said:
        text = container.said
    return _nameless(container, text)


def _nameless(container: Container, text: str) -> str:
    """The text without the image's name, in which any word may stand."""
    return text.replace(container.image or "\0", "IMAGE")


def of(pod: Pod, since: datetime | None, now: datetime) -> Found | None:
    """The pod's fault, if it has one that is newer than `since` (None: whenever it came)."""
    if not pod.trouble:
        return None
    if pod.trouble == PLACE:
        return Found(NO_ROOM, pod)
    old = since is not None and pod.created < since
    lasting = old and now - max(pod.troubled, since or now) >= timedelta(seconds=LONGEST_BACK_OFF)
    for container in pod.containers:
        fault = _matching(container)
        if fault and (not old or lasting or _began_after(container, since)):
            return Found(fault, pod, container)
    return None


def scales(reasons: Sequence[str]) -> bool:
    """Whether an autoscaler is making room, by what was told about a pod, the newest last."""
    said = [reason for reason in reasons if reason in _SCALING or reason == _NOT_SCALING]
    return bool(said) and said[-1] in _SCALING


def _began_after(container: Container, since: datetime | None) -> bool:
    return since is None or (container.began is not None and container.began > since)


def _matching(container: Container) -> Fault | None:
    for fault in FAULTS:
        if (
            re.fullmatch(fault.reason, container.waiting)
            and re.search(fault.message, _nameless(container, container.message), re.IGNORECASE)
            and re.search(fault.ended, container.last_exit)
        ):
            return fault
    return None
