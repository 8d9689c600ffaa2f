"""The verdict on a rollout, as data."""

from dataclasses import dataclass
from enum import Enum

from wpdeploy.pods import Container, Pod

# How long a loop that hears nothing waits before it looks again.
LONGEST_WAIT = 30.0


class Outcome(Enum):
    """How a rollout stands."""

    SUCCEEDED = "succeeded"
    PROGRESSING = "progressing"
    FAILED = "failed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Culprit:
    """The pod that a verdict is about, and its container where it is about one."""

    pod: str
    uid: str
    container: str = ""


Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verdict:
    """The outcome and its sentence; `details` are labels and texts.

    `recheck`: after so many seconds the verdict may differ though nothing new was reported.
    `steady`: all is there, and the stability window runs for so many seconds more.
    """

    outcome: Outcome
    sentence: str
    details: Rows = ()
    recheck: float = LONGEST_WAIT
    culprit: Culprit | None = None
    steady: float = 0


def progressing(
    sentence: str,
    recheck: float = LONGEST_WAIT,
    details: Rows = (),
    culprit: Culprit | None = None,
) -> Verdict:
    """Not decided yet, and what is waited for."""
    return Verdict(Outcome.PROGRESSING, sentence, details, recheck, culprit)


def failed(
    sentence: str,
    details: Rows = (),
    culprit: Culprit | None = None,
) -> Verdict:
    """Lost, and why."""
    return Verdict(Outcome.FAILED, sentence, details, culprit=culprit)


def culprit(pod: Pod, container: Container | None) -> Culprit:
    """The pod as the one that a verdict is about, with its container where it is about one."""
    return Culprit(pod.name, pod.uid, container.name if container else "")


def rows(pod: Pod, container: Container | None, reason: str, message: str, to_do: str = "") -> Rows:
    """What is to say of a pod, as far as there is something."""
    found = (
        ("pod", pod.name),
        ("container", f"{container.name}, restarts: {container.restarts}" if container else ""),
        ("reason", reason),
        ("image", container.image if container else ""),
        ("message", message),
        ("to do", to_do),
    )
    return tuple((label, text) for label, text in found if text)
