"""The stability window: what restarts or is not ready in it fails a rollout that was complete."""

from wpdeploy.observed import Snapshot
from wpdeploy.pods import Pod
from wpdeploy.rollout import assess, current_pods
from wpdeploy.verdict import Culprit, Outcome, Verdict, failed


class Judge:
    """assess(), with the memory of how the stability window began."""

    def __init__(self) -> None:
        self._steady: Snapshot | None = None

    def __call__(self, snapshot: Snapshot) -> Verdict:
        """The verdict on the rollout at this moment."""
        verdict = (self._steady and _broken(self._steady, snapshot)) or assess(snapshot)
        if verdict.steady:
            self._steady = self._steady or snapshot
        elif verdict.outcome is Outcome.PROGRESSING:
            self._steady = None
        return verdict


def _broken(before: Snapshot, now: Snapshot) -> Verdict | None:
    """What ends a stability window: a pod that was ready in it restarted, or was not ready."""
    pods = {pod.uid: pod for pod in current_pods(now)}
    for was in current_pods(before):
        found = pods.get(was.uid)
        if found and (what := _what_broke(was, found)):
            seconds = (now.now - was.changed).total_seconds()
            sentence = f"pod {found.name}: {what} {seconds:.0f} s after it was ready"
            return failed(sentence, _details(found), _culprit(was, found))
    return None


def _what_broke(was: Pod, now: Pod) -> str:
    worse = _restarted(was, now)
    if worse is not None:
        ended = now.containers[worse].last_exit
        return f"container {now.containers[worse].name} restarted ({ended})"
    if now.ready and now.transition == was.transition:
        return ""
    # A node that is lost takes its pods along, whatever is in them.
    return "" if now.unready_for else "was not ready any more"


def _restarted(was: Pod, now: Pod) -> int | None:
    before = {item.name: item for item in was.containers}
    for number, item in enumerate(now.containers):
        known = before.get(item.name)
        if known and (item.restarts > known.restarts or item.last_exit != known.last_exit):
            return number
    return None


def _culprit(was: Pod, now: Pod) -> Culprit:
    worse = _restarted(was, now)
    return Culprit(now.name, now.uid, now.containers[worse].name if worse is not None else "")


def _details(pod: Pod) -> tuple[tuple[str, str], ...]:
    restarts = ", ".join(f"{item.name}, restarts: {item.restarts}" for item in pod.containers)
    to_do = "see why it does not stay up: its log, its memory, its probes"
    return ("pod", pod.name), ("container", restarts), ("to do", to_do)
