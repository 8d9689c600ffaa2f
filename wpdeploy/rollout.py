"""The verdict on a rollout: Snapshot -> Verdict, by rules without side effects.

Done is the strictest union of what other tools ask for; failed is a table of container states, each
with its patience (faults.py). Only pods of the current ReplicaSet are judged, and only by what is
newer than the apply.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from wpdeploy import faults
from wpdeploy.observed import Container, Pod, ReplicaSet, Snapshot, Workload

# How long a loop that hears nothing waits before it looks again.
_LONGEST_WAIT = 30.0


class Outcome(Enum):
    """How a rollout stands."""

    SUCCEEDED = "succeeded"
    PROGRESSING = "progressing"
    FAILED = "failed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Verdict:
    """The outcome and its sentence; `details` are labels and texts.

    `recheck`: after so many seconds the verdict may differ though nothing new was reported.
    """

    outcome: Outcome
    sentence: str
    details: tuple[tuple[str, str], ...] = ()
    recheck: float = _LONGEST_WAIT


class Observation(Protocol):
    """Where snapshots come from."""

    def snapshot(self) -> Snapshot:
        """All that is known now."""

    def wait(self, seconds: float) -> None:
        """Return when something changed, or after that time."""

    def refresh(self) -> None:
        """Ask anew for everything, whatever was reported so far."""


class Clock(Protocol):
    """A monotonic clock."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


def wait(
    observation: Observation, clock: Clock, seconds: int, notify: Callable[[Verdict], None]
) -> Verdict:
    """Assess until the rollout is decided, for so many seconds at most."""
    deadline = clock.monotonic() + seconds
    waited = False
    while True:
        verdict = assess(observation.snapshot())
        left = deadline - clock.monotonic()
        is_final = verdict.outcome is not Outcome.PROGRESSING or left <= 0
        if is_final and waited:
            # What was reported so far may be old: a watch can fall silent.
            waited = False
            observation.refresh()
        elif verdict.outcome is not Outcome.PROGRESSING:
            return verdict
        elif left <= 0:
            late = f"not done after {seconds} s: {verdict.sentence}"
            return Verdict(Outcome.TIMED_OUT, late, verdict.details)
        else:
            notify(verdict)
            waited = True
            observation.wait(min(left, verdict.recheck))


def assess(snapshot: Snapshot) -> Verdict:
    """Judge what is known at one moment."""
    workload = snapshot.workload
    if workload is None:
        return _progressing("waiting for the Deployment, which does not exist")
    if workload.observed_generation < max(workload.generation, snapshot.generation):
        # The controller has not "seen" a generation whose ReplicaSet it cannot make.
        refused = workload.progress_reason == "ReplicaSetCreateError"
        why = f": {workload.progress_message}" if refused else ""
        return _progressing(f"waiting for the controller to see the new generation{why}")
    current = _current(snapshot, workload)
    if current is None:
        return _progressing(f"waiting for the new ReplicaSet {workload.replica_failure}".strip())
    pods = [pod for pod in snapshot.pods if pod.owner == current.uid and pod.counts]
    missing = list(_missing(snapshot, workload, pods))
    return (
        _failed_pod(snapshot, pods)
        or _failed_progress(snapshot, workload, missing)
        or _unfinished(snapshot, pods, missing)
        or _settled(snapshot, workload, pods)
    )


def _progressing(sentence: str, recheck: float = _LONGEST_WAIT) -> Verdict:
    return Verdict(Outcome.PROGRESSING, sentence, recheck=recheck)


def _current(snapshot: Snapshot, workload: Workload) -> ReplicaSet | None:
    """The newest ReplicaSet, once the Deployment has its revision: in a rollback it comes later."""
    own = [item for item in snapshot.replica_sets if item.owner == workload.uid]
    newest = max(own, key=lambda item: item.revision, default=None)
    return newest if newest and newest.revision == workload.revision else None


def _troubled(snapshot: Snapshot, pods: Sequence[Pod]) -> Iterator[tuple[float, Pod, faults.Found]]:
    """The faults that would decide, with the seconds for which there still is patience."""
    nobody_ready = not any(pod.ready for pod in pods)
    for pod in pods:
        found = faults.of(pod, snapshot.since)
        if found and (found.fault.by_one or nobody_ready):
            yield found.fault.grace - (snapshot.now - pod.changed).total_seconds(), pod, found


def _failed_pod(snapshot: Snapshot, pods: Sequence[Pod]) -> Verdict | None:
    for left, pod, found in _troubled(snapshot, pods):
        if left <= 0:
            details = _details(pod, found.container, found.reason)
            return Verdict(Outcome.FAILED, f"pod {pod.name}: {found.reason}", details)
    return None


def _details(pod: Pod, container: Container, reason: str) -> tuple[tuple[str, str], ...]:
    rows = (
        ("pod", pod.name),
        ("container", f"{container.name}, restarts: {container.restarts}"),
        ("reason", reason),
        ("image", container.image),
        ("message", container.message.replace(container.image or "\0", "IMAGE")),
    )
    return tuple((label, text) for label, text in rows if text)


def _failed_progress(
    snapshot: Snapshot, workload: Workload, missing: Sequence[str]
) -> Verdict | None:
    if workload.progress_reason != "ProgressDeadlineExceeded" or not missing:
        return None
    # A retry of a failed release finds the condition of the time before: it says nothing of now.
    updated = workload.progress_updated
    if snapshot.since and (updated is None or updated <= snapshot.since):
        return None
    why = "; ".join(missing)
    return Verdict(Outcome.FAILED, f"no progress within progressDeadlineSeconds: {why}")


def _unfinished(snapshot: Snapshot, pods: Sequence[Pod], missing: Sequence[str]) -> Verdict | None:
    if not missing:
        return None
    patience = [left for left, _, _ in _troubled(snapshot, pods)]
    late = _late(pods)
    waits = _waits(late) if late else None
    details = _details(late, waits, waits.waiting) if late and waits else ()
    sentence, recheck = "; ".join(missing), min([*patience, _LONGEST_WAIT])
    return Verdict(Outcome.PROGRESSING, sentence, details, recheck)


def _late(pods: Sequence[Pod]) -> Pod | None:
    return next((pod for pod in pods if not pod.ready), None)


def _waits(pod: Pod) -> Container | None:
    """The container that waits for something, else the last one, which is the application's."""
    return next((item for item in pod.containers if item.waiting), None) or next(
        reversed(pod.containers), None
    )


def _missing(snapshot: Snapshot, workload: Workload, pods: Sequence[Pod]) -> Iterator[str]:
    """What the strictest union still lacks, a sentence each."""
    desired = workload.desired
    ready = [pod for pod in pods if pod.ready]
    counters = (workload.updated, workload.ready, workload.available, len(pods), len(ready))
    if any(counter != desired for counter in counters):
        yield f"ready {min(workload.available, len(ready))}/{desired}{_waited_for(workload, pods)}"
    own = {pod.uid for pod in pods}
    ours = {item.uid for item in snapshot.replica_sets if item.owner == workload.uid}
    alive = [pod for pod in snapshot.pods if pod.owner in ours and pod.counts]
    old = [pod for pod in alive if pod.uid not in own]
    if old:
        yield f"old pods left: {len(old)}, {old[0].name}"
    elif workload.replicas != workload.updated:
        yield f"old pods left: {workload.replicas - workload.updated}"
    if desired and not own & snapshot.serving:
        yield "the Service has no ready endpoint among the new pods"


def _waited_for(workload: Workload, pods: Sequence[Pod]) -> str:
    if late := _late(pods):
        waits = _waits(late)
        reason = late.unschedulable or (waits.waiting if waits else "") or "not ready"
        return f", waiting for {late.name}: {reason}"
    if workload.replica_failure:
        return f", {workload.replica_failure}"
    if len(pods) != workload.desired:
        return f", {len(pods)} of {workload.desired} new pods exist"
    return ", waiting for the controller to count them"


def _settled(snapshot: Snapshot, workload: Workload, pods: Sequence[Pod]) -> Verdict:
    """Done, if for the whole stability window no pod restarted or was not ready."""
    last = max((pod.changed for pod in pods), default=snapshot.now - snapshot.window)
    left = (last + snapshot.window - snapshot.now).total_seconds()
    if left > 0:
        return _progressing(
            f"ready {workload.desired}/{workload.desired}, until it is stable", left
        )
    return Verdict(Outcome.SUCCEEDED, f"ready {workload.desired}/{workload.desired}")
