"""The stability window: what restarts or is not ready in it fails a rollout that was complete."""

from datetime import UTC, datetime

from wpdeploy import doing
from wpdeploy.observed import Snapshot
from wpdeploy.pods import EVICTION, Container, Pod
from wpdeploy.rollout import assess, current_pods, stable
from wpdeploy.verdict import Outcome, Verdict, culprit, failed

# What was complete when it was first seen has been so for as long as its pods say.
_BEFORE = datetime.min.replace(tzinfo=UTC)


class Judge:
    """assess(), with the memory of how the stability window began.

    `_complete` is when the rollout was seen to be complete, None while it is not; `_pods` are its
    pods as they were when they came into the window, `_came` is when.
    """

    def __init__(self) -> None:
        self._complete: datetime | None = _BEFORE
        self._pods: dict[str, Pod] = {}
        self._came: dict[str, datetime] = {}

    def __call__(self, snapshot: Snapshot) -> Verdict:
        """The verdict on the rollout at this moment."""
        verdict = self._broken(snapshot) or assess(snapshot)
        if verdict.outcome is Outcome.FAILED:
            return verdict
        if verdict.outcome is Outcome.PROGRESSING and not verdict.steady:
            self._leave(snapshot)
            return verdict
        begun = self._stay(snapshot)
        if self._complete is _BEFORE or snapshot.workload is None:
            return verdict
        return stable(snapshot, snapshot.workload, begun)

    def _leave(self, snapshot: Snapshot) -> None:
        """The rollout is not complete: the next window begins anew."""
        self._complete = None
        if not self._as_they_were(snapshot):
            self._pods, self._came = {}, {}

    def _stay(self, snapshot: Snapshot) -> datetime:
        """When the window began; the rollout is complete, and what pod is new in it comes in now.

        What was seen needs no other's clock, and nobody's whole seconds.
        """
        self._complete = self._complete or snapshot.now
        pods = current_pods(snapshot)
        # One whose node was lost and is back, of which nobody told, comes in anew.
        known = {pod.uid for pod in pods if pod.changed == self._pods.get(pod.uid, pod).changed}
        came = {uid: moment for uid, moment in self._came.items() if uid in known}
        self._came = {pod.uid: came.get(pod.uid, snapshot.now) for pod in pods}
        self._pods = {pod.uid: self._pods[pod.uid] if pod.uid in came else pod for pod in pods}
        return max([self._complete, *self._came.values()])

    def _as_they_were(self, snapshot: Snapshot) -> bool:
        """Whether the pods do not tell why: a Deployment may say of a flap before its pod does."""
        now = current_pods(snapshot)
        return {pod.uid for pod in now} == self._pods.keys() and all(pod.ready for pod in now)

    def _broken(self, snapshot: Snapshot) -> Verdict | None:
        """What ends the window: a pod that was ready in it restarted, or was not ready."""
        for found in current_pods(snapshot) if self._pods else ():
            was = self._pods.get(found.uid)
            if was is None or found.unready_for == EVICTION:
                continue
            container = _restarted(was, found)
            if container or _flapped(was, found):
                sentence = _sentence(snapshot, was, container)
                return failed(sentence, _details(found), culprit(found, container))
        return None


def _flapped(was: Pod, now: Pod) -> bool:
    # A node that is lost and a load balancer's gate leave what the containers say as it was.
    by_others = now.ready or now.unready_for
    return not (by_others and now.transition_within == was.transition_within)


def _sentence(snapshot: Snapshot, was: Pod, restarted: Container | None) -> str:
    seconds = (snapshot.now - was.changed).total_seconds()
    when = f"{seconds:.0f} s after it was ready"
    if restarted is None:
        return f"pod {was.name}: was not ready any more {when}{_why(snapshot, was)}"
    ended = f" ({restarted.last_exit})" if restarted.last_exit else ""
    return f"pod {was.name}: container {restarted.name} restarted{ended} {when}"


def _why(snapshot: Snapshot, was: Pod) -> str:
    """What its probe said since it was ready."""
    events = snapshot.events.get(was.uid, ())
    said = doing.unhealthy([item for item in events if item.last and item.last >= was.changed])
    return f": {said}" if said else ""


def _restarted(was: Pod, now: Pod) -> Container | None:
    before = {item.name: item for item in was.containers}
    for item in now.containers:
        known = before.get(item.name, item)
        # A run may end as the one before it did; it is counted when the next one begins.
        ended = item.last_exit and (item.last_exit, item.began) != (known.last_exit, known.began)
        if item.restarts > known.restarts or ended:
            return item
    return None


def _details(pod: Pod) -> tuple[tuple[str, str], ...]:
    restarts = ", ".join(f"{item.name}, restarts: {item.restarts}" for item in pod.containers)
    to_do = "see why it does not stay up: its log, its memory, its probes"
    return ("pod", pod.name), ("container", restarts), ("to do", to_do)
