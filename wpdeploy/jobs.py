"""The verdict on a Job: Snapshot -> Verdict, by rules without side effects.

What keeps a pod from starting is in the table that a rollout has (faults.py). How often a container
may fail is the Job's own business: its backoffLimit and activeDeadlineSeconds say when it is lost.
docs/jobs.md tells all of it to people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wpdeploy import doing, faults
from wpdeploy.faults import Found
from wpdeploy.grace import Grace
from wpdeploy.observed import Event
from wpdeploy.parts import condition
from wpdeploy.pods import PLACE, START, Container, Pod
from wpdeploy.verdict import (
    LONGEST_WAIT,
    Outcome,
    Verdict,
    culprit,
    failed,
    progressing,
    rows,
)

# The newer controllers say that a Job is lost before the last of its pods has ended.
_LOST = ("Failed", "FailureTarget")
_REFUSED = "FailedCreate"
_COMPLETED = "exit code 0,"
_TO_DO: Mapping[str, str] = {
    "BackoffLimitExceeded": "the container's log says why it ends; mend that, and deploy again",
    "DeadlineExceeded": "see what it waits for, or raise its activeDeadlineSeconds",
}
_AGAIN = "mend that, and deploy again"


@dataclass(frozen=True)
class Job:
    """A Job; `failure` is the reason of its failure and `message` the controller's words for it."""

    uid: str
    name: str
    complete: bool
    suspended: bool
    failure: str = ""
    message: str = ""


@dataclass(frozen=True)
class Snapshot:
    """A Job at one moment: `now`, and all that is known of it.

    `job` is None where there is none any more. `last` is its newest pod as it was last seen, if it
    is still there or not: a Job that fails takes pods away. `since` is when this deployment came
    to it; `events` are by the UID of what they are about.
    """

    now: datetime
    job: Job | None
    pods: tuple[Pod, ...]
    last: Pod | None
    since: datetime
    grace: Grace = field(default_factory=Grace)
    events: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)


def job(raw: Mapping[str, Any]) -> Job:
    """A Job's JSON, read."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    lost = next(filter(None, (_true(status, kind) for kind in _LOST)), {})
    return Job(
        uid=metadata["uid"],
        name=metadata["name"],
        complete=bool(_true(status, "Complete")),
        suspended=bool(raw["spec"].get("suspend")),
        failure=(lost.get("reason") or "Failed") if lost else "",
        message=lost.get("message", ""),
    )


def assess(snapshot: Snapshot) -> Verdict:
    """Judge what is known at one moment."""
    found = snapshot.job
    if found is None:
        return failed("it was deleted", (("to do", "deploy again"),))
    if found.complete:
        return Verdict(Outcome.SUCCEEDED, "complete")
    if found.failure:
        return _failed(snapshot, found)
    if found.suspended:
        return failed("it is suspended", (("to do", "take `suspend` out of its spec"),))
    return _failed_pod(snapshot) or _refused(snapshot, found) or _unfinished(snapshot, found)


def could_begin(snapshot: Snapshot) -> bool:
    """Whether it runs nothing now and might later, when nobody waits for it any more."""
    found = snapshot.job
    if found is None or found.complete or found.failure or found.suspended:
        return False
    return not any(_runs(pod) for pod in _active(snapshot))


def _true(status: Mapping[str, Any], kind: str) -> Mapping[str, str]:
    """The condition of that type if it is true; else an empty one."""
    found = condition(status, kind)
    return found if found.get("status") == "True" else {}


def _active(snapshot: Snapshot) -> list[Pod]:
    own = snapshot.job.uid if snapshot.job else ""
    return [pod for pod in snapshot.pods if pod.owner == own and pod.counts]


def _runs(pod: Pod) -> bool:
    return not pod.trouble and any(not item.waiting for item in pod.containers)


def _failed(snapshot: Snapshot, found: Job) -> Verdict:
    """The Job's own controller has given it up."""
    pod, to_do = snapshot.last, _TO_DO.get(found.failure, _AGAIN)
    if pod is None:
        return failed(f"{found.failure}: {found.message}", (("to do", to_do),))
    ended = _ended(pod)
    told = _end(ended) if ended else _doing(snapshot, pod)
    message = ended.said if ended else found.message
    about = rows(pod, ended, ended.last_exit if ended else "", message, to_do)
    return failed(f"{found.failure}: pod {pod.name}: {told}", about, culprit(pod, ended))


def _ended(pod: Pod) -> Container | None:
    """The container that ended with an error."""
    ends = [item for item in pod.containers if item.last_exit]
    return next((item for item in ends if not item.last_exit.startswith(_COMPLETED)), None)


def _end(container: Container) -> str:
    return f"{container.role} {container.name} ended: {container.last_exit}"


def _doing(snapshot: Snapshot, pod: Pod) -> str:
    if pod.over:
        ended = _ended(pod)
        return _end(ended) if ended else "has ended"
    return "runs" if pod.ready else doing.words(pod, snapshot.events.get(pod.uid, ()))


def _left(snapshot: Snapshot, since: datetime, grace: float) -> float:
    """Seconds of patience with what has been so since then, or since we came."""
    return grace - (snapshot.now - max(since, snapshot.since)).total_seconds()


def _troubled(snapshot: Snapshot) -> Iterator[tuple[float, Found]]:
    """What keeps pods from starting, with the seconds for which there still is patience."""
    for pod in _active(snapshot):
        found = faults.of(pod, snapshot.since, snapshot.now)
        if found is None or found.fault.trouble == START or _makes_room(snapshot, pod):
            continue
        yield _left(snapshot, pod.troubled, found.fault.patience(snapshot.grace)), found


def _makes_room(snapshot: Snapshot, pod: Pod) -> bool:
    """Whether there may be room soon for a pod that has no place."""
    told = doing.ordered(snapshot.events.get(pod.uid, ()))
    return pod.trouble == PLACE and (pod.nominated or faults.scales(told))


def _failed_pod(snapshot: Snapshot) -> Verdict | None:
    for left, found in _troubled(snapshot):
        if left <= 0:
            about = rows(found.pod, found.container, found.reason, found.message, found.fault.to_do)
            return failed(found.sentence, about, culprit(found.pod, found.container))
    return None


def _refusals(snapshot: Snapshot, found: Job) -> Sequence[Event]:
    """What the API server said when it refused its next pod, the oldest first."""
    if _active(snapshot):
        return ()
    # A second that has a refusal and a pod's creation tells nothing: the next one will.
    made = snapshot.last.created if snapshot.last else None
    told = [
        (event.last, event)
        for event in snapshot.events.get(found.uid, ())
        if event.reason == _REFUSED and event.last and event.last >= snapshot.since
    ]
    later = [item for item in told if made is None or item[0] > made]
    return [event for _, event in sorted(later, key=lambda item: item[0])]


def _refused(snapshot: Snapshot, found: Job) -> Verdict | None:
    """The API server refuses its pod: by a quota, an admission controller, a ServiceAccount."""
    refusals = _refusals(snapshot, found)
    if not refusals or _patience(snapshot, refusals) > 0:
        return None
    message = refusals[-1].message
    about = (("message", message), ("to do", _room(message)))
    return failed(f"cannot create its pod: {_why(refusals[-1])}", about)


def _patience(snapshot: Snapshot, refusals: Sequence[Event]) -> float:
    """Seconds of patience with what began with the first of the refusals."""
    begun = refusals[0].last or snapshot.now
    return _left(snapshot, begun, snapshot.grace.refused)


def _why(refusal: Event) -> str:
    """Why, without the name of a pod that never was."""
    return refusal.message.partition(" is forbidden: ")[2] or refusal.message


def _room(message: str) -> str:
    if "exceeded quota" in message:
        return "raise the quota, or ask for less in the Job's template"
    return "let admission accept the pod, or correct the Job's template"


def _unfinished(snapshot: Snapshot, found: Job) -> Verdict:
    refusals = _refusals(snapshot, found)
    patience = [left for left, _ in _troubled(snapshot)]
    patience += [_patience(snapshot, refusals)] if refusals else []
    recheck = min([left for left in patience if left > 0] + [LONGEST_WAIT])
    if refusals:
        return progressing(f"no pod can be created: {_why(refusals[-1])}", recheck)
    pod = next(iter(_active(snapshot)), snapshot.last)
    if pod is None:
        return progressing("waiting for its pod", recheck)
    waits = doing.waiting(pod)
    words = _doing(snapshot, pod)
    about = rows(pod, waits, words, faults.told(waits) if waits else "")
    return progressing(f"pod {pod.name}: {words}", recheck, about, culprit(pod, waits))
