"""The verdict on a rollout: Snapshot -> Verdict, by rules without side effects.

Done is the strictest union of what other tools ask for (missing.py); failed is a table of states,
each with its patience (faults.py). Only pods of the current ReplicaSet are judged, and only by what
is newer than the apply. docs/verdicts.md tells each state, what it comes to, and what to do.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime

from wpdeploy import doing, faults, missing
from wpdeploy.faults import Found
from wpdeploy.observed import ReplicaSet, Snapshot, Workload
from wpdeploy.pods import CLEARING, PLACE, Pod, late
from wpdeploy.verdict import (
    LONGEST_WAIT,
    Culprit,
    Outcome,
    Rows,
    Verdict,
    culprit,
    failed,
    progressing,
    rows,
)

_CANNOT_CREATE = "ReplicaSetCreateError"


def assess(snapshot: Snapshot) -> Verdict:
    """Judge what is known at one moment."""
    workload = snapshot.workload
    if workload is None:
        return failed("the Deployment was deleted", (("to do", "deploy it again"),))
    if foreign := _foreign(snapshot, workload):
        return foreign
    if workload.observed_generation < max(workload.generation, snapshot.generation):
        return _unseen(snapshot, workload)
    current = _current(snapshot, workload)
    if workload.paused and (current is None or workload.replicas != workload.updated):
        return _paused(workload)
    if current is None:
        return progressing(f"waiting for the new ReplicaSet {workload.replica_failure}".strip())
    pods = current_pods(snapshot)
    lacks = list(missing.of(snapshot, workload, pods))
    return (
        _failed_pod(snapshot, pods)
        or _refused(snapshot, current, lacks)
        or _failed_progress(snapshot, workload, lacks)
        or _unfinished(snapshot, current, pods, lacks)
        or _settled(snapshot, workload, pods)
    )


def current_pods(snapshot: Snapshot) -> list[Pod]:
    """The pods that are judged: those of the current ReplicaSet that it counts."""
    workload = snapshot.workload
    current = _current(snapshot, workload) if workload else None
    return [pod for pod in snapshot.pods if current and pod.owner == current.uid and pod.counts]


def _foreign(snapshot: Snapshot, workload: Workload) -> Verdict | None:
    """Whoever changed the image after the apply made a rollout that is not ours to judge."""
    if workload.generation < snapshot.generation:
        to_do = ("to do", "deploy again")
        return failed("somebody deleted the Deployment after the apply, and made it anew", (to_do,))
    for name, image in snapshot.images.items():
        now = workload.images.get(name, "none")
        if now != image and workload.generation > snapshot.generation:
            told = (("image", now), ("applied", image), ("to do", "deploy again; status says who"))
            return failed(f"somebody changed the image of container {name} after the apply", told)
    return None


def _unseen(snapshot: Snapshot, workload: Workload) -> Verdict:
    """The controller has not "seen" a generation whose ReplicaSet it cannot make."""
    if workload.progress_reason != _CANNOT_CREATE:
        return progressing("waiting for the controller to see the new generation")
    why = f"the ReplicaSet cannot be created: {workload.progress_message}"
    left = _left(snapshot, workload.progress_updated, snapshot.grace.refused)
    if left > 0:
        return progressing(why, min(left, LONGEST_WAIT))
    return failed(why, (("to do", _room(workload.progress_message)),))


def _left(snapshot: Snapshot, since: datetime | None, grace: float) -> float:
    """Seconds of patience with what has been so since then, or since the apply."""
    begun = max(filter(None, (since, snapshot.since)), default=snapshot.now)
    return grace - (snapshot.now - begun).total_seconds()


def _current(snapshot: Snapshot, workload: Workload) -> ReplicaSet | None:
    """The newest ReplicaSet, once the Deployment has its revision: in a rollback it comes later."""
    own = [item for item in snapshot.replica_sets if item.owner == workload.uid]
    newest = max(own, key=lambda item: item.revision, default=None)
    return newest if newest and newest.revision == workload.revision else None


def _paused(workload: Workload) -> Verdict:
    have = f"{workload.updated} of {workload.desired} pods have what was applied"
    to_do = "kubectl rollout resume deployment, or take `paused` out of the template"
    return failed(f"the Deployment is paused: {have}", (("to do", to_do),))


def _troubled(snapshot: Snapshot, pods: Sequence[Pod]) -> Iterator[tuple[float, Found]]:
    """The faults that would decide, with the seconds for which there still is patience."""
    nobody_well = all(pod.trouble for pod in pods)
    ending = _ending(snapshot) > 0
    for pod in pods:
        found = faults.of(pod, snapshot.since, snapshot.now)
        if found is None or (pod.trouble == PLACE and (ending or _makes_room(snapshot, pod))):
            continue
        if _restarts_too_often(snapshot, found):
            yield 0.0, found
        elif found.fault.by_one or nobody_well:
            patience = found.fault.patience(snapshot.grace)
            yield _left(snapshot, _since(snapshot, pod), patience), found


def _since(snapshot: Snapshot, pod: Pod) -> datetime:
    """Since when it has its trouble; the scheduler tries again where a pod has made room."""
    freed = snapshot.freed if pod.trouble == PLACE else None
    return max(pod.troubled, freed or pod.troubled)


def _restarts_too_often(snapshot: Snapshot, found: Found) -> bool:
    return found.container is not None and found.container.restarts >= snapshot.grace.restarts


def _makes_room(snapshot: Snapshot, pod: Pod) -> bool:
    """Whether there may be room soon, from an autoscaler or by preemption."""
    if not snapshot.knows_events:
        return True
    told = doing.ordered(snapshot.events.get(pod.uid, ()))
    return pod.nominated or faults.scales(told)


def _ending(snapshot: Snapshot) -> float:
    """Seconds in which the pods of ours that are on their way out free what they hold."""
    due = [pod.due for pod in snapshot.pods if pod.due]
    return max([0.0, *((at - snapshot.now).total_seconds() + CLEARING for at in due)])


def _failed_pod(snapshot: Snapshot, pods: Sequence[Pod]) -> Verdict | None:
    for left, found in _troubled(snapshot, pods):
        if left <= 0:
            pod, container = found.pod, found.container
            told = rows(pod, container, found.reason, found.message, found.fault.to_do)
            return failed(found.sentence, told, culprit(pod, container))
    return None


def _refused(snapshot: Snapshot, current: ReplicaSet, lacks: Sequence[str]) -> Verdict | None:
    """The API server refuses pods: by a quota, an admission controller, a ServiceAccount."""
    if not lacks or not current.failure or _refusal_left(snapshot, current) > 0:
        return None
    sentence = f"ReplicaSet {current.name} cannot create pods: {missing.refusal(current)}"
    return failed(sentence, (("message", current.failure), ("to do", _room(current.failure))))


def _refusal_left(snapshot: Snapshot, current: ReplicaSet) -> float:
    """Seconds of patience with a refusal.

    Where a pod has made room, the controller finds it by its next attempt, which may be as long in
    coming as its attempts have failed.
    """
    since = current.failing or snapshot.now
    freed = max(since, snapshot.freed or since)
    grace = snapshot.grace.refused + (freed - since).total_seconds()
    return max(_ending(snapshot), _left(snapshot, freed, grace))


def _room(failure: str) -> str:
    if "exceeded quota" in failure:
        return "raise the quota, or ask for less: replicas and resources in the environment file"
    return "let admission accept the pods, or correct the template"


def _failed_progress(
    snapshot: Snapshot, workload: Workload, lacks: Sequence[str]
) -> Verdict | None:
    if workload.progress_reason != "ProgressDeadlineExceeded" or not lacks:
        return None
    # A retry of a failed release finds the condition of the time before: it says nothing of now.
    updated = workload.progress_updated
    if snapshot.since and (updated is None or updated <= snapshot.since):
        return None
    why = "; ".join(lacks)
    late = _late(snapshot, current_pods(snapshot))
    return failed(f"no progress within progressDeadlineSeconds: {why}", *late)


def _unfinished(
    snapshot: Snapshot, current: ReplicaSet, pods: Sequence[Pod], lacks: Sequence[str]
) -> Verdict | None:
    if not lacks:
        return None
    patience = [_ending(snapshot), *(left for left, _ in _troubled(snapshot, pods))]
    if current.failure:
        patience.append(_refusal_left(snapshot, current))
    recheck = min([left for left in patience if left > 0] + [LONGEST_WAIT])
    return progressing("; ".join(lacks), recheck, *_late(snapshot, pods))


def _late(snapshot: Snapshot, pods: Sequence[Pod]) -> tuple[Rows, Culprit | None]:
    """What is known of the pod that is waited for."""
    pod = late(pods)
    if pod is None:
        return (), None
    waits = doing.waiting(pod)
    words = doing.words(pod, snapshot.events.get(pod.uid, ()))
    message = faults.told(waits) if waits else ""
    return rows(pod, waits, words, message), culprit(pod, waits)


def _settled(snapshot: Snapshot, workload: Workload, pods: Sequence[Pod]) -> Verdict:
    """Done, if for the whole stability window no pod restarted or was not ready."""
    moments = [pod.changed for pod in pods]
    # The controller's own clock, for nodes whose clocks are behind; it may be ahead itself.
    progressed = workload.progress_updated
    if moments and progressed and progressed <= snapshot.now:
        moments.append(progressed)
    return stable(snapshot, workload, max(moments, default=None))


def stable(snapshot: Snapshot, workload: Workload, begun: datetime | None) -> Verdict:
    """The success of a complete rollout, once the stability window that began then is over."""
    ready = f"ready {workload.desired}/{workload.desired}"
    left = (begun + snapshot.window - snapshot.now).total_seconds() if begun else 0
    if left <= 0:
        return Verdict(Outcome.SUCCEEDED, ready, _notes(snapshot, workload))
    waits = progressing(f"{ready}, until it is stable", min(left, LONGEST_WAIT))
    return dataclasses.replace(waits, steady=left)


def _notes(snapshot: Snapshot, workload: Workload) -> tuple[tuple[str, str], ...]:
    """What a success should not hide."""
    overdue = [
        f"pod {pod.name} {told}"
        for pod in snapshot.pods
        if (told := doing.overdue(pod, snapshot.now))
    ]
    notes = [("note", told) for told in overdue[:1]]
    if not workload.desired:
        notes.append(("note", "replicas is 0: nothing serves"))
    return tuple(notes)
