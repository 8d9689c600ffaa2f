"""What states are made of: rollouts as the API server shows them."""

from typing import Any, NamedTuple

from tests.unit import api_objects as api
from tests.unit.rollout_looks import (
    OLD,
    Json,
    Look,
    begun,
    changed,
    complete,
    old,
    ready,
)
from tests.unit.rollout_states import APPLIED, IMAGE, ago
from wpdeploy.record import AppliedAt
from wpdeploy.verdict import Outcome

DONE, WAITS, LOST = Outcome.SUCCEEDED, Outcome.PROGRESSING, Outcome.FAILED
APPLY = AppliedAt(APPLIED, 7)
EARLIER = AppliedAt(ago(600), 7)
UNSERVED = "the Service has no ready endpoint among the new pods"
STABLE = "ready 3/3, until it is stable"


class State(NamedTuple):
    """What is shown, one look after the other, and what it comes to."""

    looks: list[Look]
    outcome: Outcome
    sentence: str
    applied: AppliedAt | None = APPLY


def late(reason: str, message: str = "", seconds: float = 60, **status: Any) -> Json:
    """A new pod, made after the apply, whose container has waited for so many seconds."""
    return changed(api.pod("web-3", api.waiting(reason, message, **status), ready=False), seconds)


def alone(pod: Json, **changes: Any) -> Look:
    """A rollout that has begun: this pod is the only new one, and two old ones serve."""
    olds = [old(api.pod("old-1")), old(api.pod("old-2"))]
    counters = begun(3, replicas=3, readyReplicas=2, availableReplicas=2)
    return Look(**{"pods": [pod, *olds], "deployment": counters} | changes)


def among(pod: Json, **changes: Any) -> Look:
    """The pod beside two new ones that are ready, and no old ones."""
    counters = complete(3, readyReplicas=2, availableReplicas=2)
    return Look([*ready(2), pod], **{"deployment": counters} | changes)


def waits_alone(doing: str) -> str:
    return f"ready 0/3, waiting for web-3: {doing}; old pods left: 2, old-1; {UNSERVED}"


def waits_among(doing: str) -> str:
    return f"ready 2/3, waiting for web-3: {doing}"


ENDED = {
    "terminated": {
        "exitCode": 255,
        "reason": "Error",
        "startedAt": api.stamp(ago(50)),
        "finishedAt": api.stamp(ago(45)),
    }
}


def ended(code: int, reason: str, began: float = 50, **more: Any) -> Json:
    """How the last run of a container ended."""
    times = {"startedAt": api.stamp(ago(began)), "finishedAt": api.stamp(ago(began - 5))}
    return {"terminated": {"exitCode": code, "reason": reason} | times | more}


def crashed(seconds: float = 60, restarts: int = 2, **last: Any) -> Json:
    """A new pod that is in CrashLoopBackOff."""
    defaults: dict[str, Any] = {"code": 255, "reason": "Error"}
    state = ended(**defaults | last)
    return late("CrashLoopBackOff", "back-off", seconds, restartCount=restarts, lastState=state)


def unplaced(seconds: float = 60, reason: str = "Unschedulable", **status: Any) -> Json:
    """A new pod without a node for so many seconds."""
    message = "0/3 nodes are available: 3 Insufficient cpu."
    placed = api.condition("PodScheduled", "False", reason=reason, message=message)
    none = api.pod("web-3", ready=False, containerStatuses=[], conditions=[placed], **status)
    return changed(none, seconds)


NO_ROOM = "no node has room: 0/3 nodes are available: 3 Insufficient cpu."
GONE = f'failed to resolve reference "{IMAGE}": {IMAGE}: not found'
BUSY = "unexpected status code 503 Service Unavailable"
QUOTA = 'pods "web-new-x7f2p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3'


def refused(seconds: float, message: str = QUOTA) -> list[Json]:
    """The ReplicaSets, the new one of which has been refused its pods for so many seconds."""
    since = api.stamp(ago(seconds))
    condition = api.condition(
        "ReplicaFailure", "True", reason="FailedCreate", message=message, lastTransitionTime=since
    )
    return [OLD, api.replica_set("new", "4", condition)]


def progress(reason: str, seconds: float, status: str = "False", message: str = "") -> Json:
    """The Deployment's condition, of so many seconds ago."""
    since = {"lastUpdateTime": api.stamp(ago(seconds))}
    return api.condition("Progressing", status, reason=reason, message=message, **since)


def unready_without_fault(seconds: float, *gates: str) -> Json:
    """A new pod whose containers have been ready for so many seconds, while it is not."""
    within = api.condition("ContainersReady", "True", lastTransitionTime=api.stamp(ago(seconds)))
    known = [api.condition("PodScheduled", "True"), within, api.condition("Ready", "False")]
    readiness = {"readinessGates": [{"conditionType": gate} for gate in gates]}
    return api.pod("web-3", conditions=known) | {"spec": readiness}


def with_init(status: Json, *, is_sidecar: bool = False) -> Json:
    """A new pod whose first container is that one, and whose application waits for it."""
    app = api.waiting("PodInitializing")
    pod = api.pod("web-3", app, ready=False, initContainerStatuses=[status])
    policy = {"restartPolicy": "Always"} if is_sidecar else {}
    return pod | {"spec": {"initContainers": [{"name": status["name"], **policy}]}}


def template(image: str) -> Json:
    return {"template": {"spec": {"containers": [{"name": "wordpress", "image": image}]}}}


def recreate(desired: int = 3, **status: Any) -> Json:
    """A Deployment whose old pods must be gone before new ones are made."""
    strategy = {"strategy": {"type": "Recreate"}}
    return begun(desired, 0, spec=strategy, **status)
