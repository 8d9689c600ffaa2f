"""The table of states: what the API server shows, the outcome, the sentence; docs/verdicts.md."""

from typing import Any, NamedTuple

import pytest

from tests.unit import api_objects as api
from tests.unit.rollout_looks import (
    OLD,
    Json,
    Look,
    begun,
    changed,
    complete,
    ending,
    judged,
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


FINISHED = {
    "complete": State([Look()], DONE, "ready 3/3"),
    "complete, and no apply is known": State([Look()], DONE, "ready 3/3", None),
    "the Deployment is paused, and complete": State(
        [Look(deployment=complete(3, spec={"paused": True}))], DONE, "ready 3/3"
    ),
    "no replicas are wanted": State([Look([], complete(0))], DONE, "ready 0/0"),
    "an old pod hangs on a dead node": State(
        [Look([*ready(3), ending(old(api.pod("old-1")), -600)])], DONE, "ready 3/3"
    ),
    "an old pod is on its way out": State(
        [Look([*ready(3), ending(old(api.pod("old-1")), 20)])], DONE, "ready 3/3"
    ),
    "a pod was evicted, and replaced": State(
        [Look([*ready(3), api.pod("web-0", ready=False, phase="Failed", reason="Evicted")])],
        DONE,
        "ready 3/3",
    ),
    "a pod restarted a minute ago": State(
        [Look([*ready(2), api.pod("web-3", api.container(restartCount=3))])], DONE, "ready 3/3"
    ),
    "a stale ProgressDeadlineExceeded": State(
        [Look(deployment=complete(3, progress("ProgressDeadlineExceeded", 900)))], DONE, "ready 3/3"
    ),
    "the Deployment has no progress deadline": State(
        [Look(deployment=complete(3))], DONE, "ready 3/3"
    ),
    "the controller's clock is ahead": State(
        [Look(deployment=complete(3, progress("NewReplicaSetAvailable", -900, "True")))],
        DONE,
        "ready 3/3",
    ),
}
COUNTED = {
    "the controller has not seen the apply": State(
        [Look(deployment=complete(3, observedGeneration=6))],
        WAITS,
        "waiting for the controller to see the new generation",
    ),
    "the new ReplicaSet is not there": State(
        [Look(replica_sets=[OLD])], WAITS, "waiting for the new ReplicaSet"
    ),
    "old pods are ready and new ones not": State(
        [alone(changed(api.pod("web-3", ready=False), 60))], WAITS, waits_alone("not ready")
    ),
    "the old ReplicaSet is scaled down slowly": State(
        [Look([*ready(3), old(api.pod("old-1"))], complete(3, replicas=4))],
        WAITS,
        "old pods left: 1, old-1",
    ),
    "maxUnavailable 1 of 1": State(
        [
            Look(
                [changed(api.pod("web-3", ready=False), 60)],
                begun(1, 1, progress("NewReplicaSetAvailable", 60, "True")),
            )
        ],
        WAITS,
        f"ready 0/1, waiting for web-3: not ready; {UNSERVED}",
    ),
    "the Service's selector matches no new pod": State([Look(serving=["old-1"])], WAITS, UNSERVED),
    "the controller has not counted the last pod": State(
        [Look(deployment=complete(3, availableReplicas=2))],
        WAITS,
        "ready 2/3, waiting for the controller to count them",
    ),
    "an autoscaler wants more in mid-rollout": State(
        [Look(deployment=complete(5, replicas=3, updatedReplicas=3))],
        WAITS,
        "ready 3/5, 3 of 5 new pods exist",
    ),
    "an autoscaler wants fewer in mid-rollout": State(
        [Look(deployment=complete(2))], WAITS, "ready 2/2, 3 of 2 new pods exist"
    ),
    "Recreate waits for the old pods": State(
        [
            Look(
                [ending(old(api.pod("old-1")), 20)],
                changed(recreate(), annotations={api.REVISION: "3"}),
                [OLD],
            )
        ],
        WAITS,
        f"ready 0/3, waiting for old-1 to end: new pods are created then (Recreate); {UNSERVED}",
    ),
    "Recreate: an old pod hangs on a dead node": State(
        [
            Look(
                [ending(old(api.pod("old-1")), -600)],
                changed(recreate(), annotations={api.REVISION: "3"}),
                [OLD],
            )
        ],
        WAITS,
        "ready 0/3, waiting for old-1 to end: it should have ended 600 s ago: its node may be gone"
        f"; {UNSERVED}",
    ),
}
IMAGES = {
    "the image's name is none": State(
        [alone(late("InvalidImageName", "couldn't parse image reference"))],
        LOST,
        "pod web-3: the image's name is none (InvalidImageName)",
    ),
    "the image must not be pulled": State(
        [alone(late("ErrImageNeverPull", "Container image is not present"))],
        LOST,
        "pod web-3: the image is not on the node, and imagePullPolicy: Never forbids to pull it "
        "(ErrImageNeverPull)",
    ),
    "the registry denies the image": State(
        [alone(late("ErrImagePull", "pull access denied, may require authorization"))],
        LOST,
        "pod web-3: the registry denies the image to the node (ErrImagePull)",
    ),
    "the registry has no such image": State(
        [alone(late("ErrImagePull", GONE, 0))],
        LOST,
        "pod web-3: the registry has no such image (ErrImagePull)",
    ),
    "one pod without an image among good ones": State(
        [among(late("ErrImagePull", GONE, 0))],
        LOST,
        "pod web-3: the registry has no such image (ErrImagePull)",
    ),
    "back-off keeps the registry's words": State(
        [
            alone(late("ErrImagePull", GONE, 0), events=[]),
            alone(late("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"', 0), at=1),
        ],
        LOST,
        "pod web-3: the registry has no such image (ImagePullBackOff)",
    ),
    "the registry is busy": State(
        [alone(late("ErrImagePull", BUSY, 119))], WAITS, waits_alone("ErrImagePull"), EARLIER
    ),
    "the registry is busy for longer than its grace": State(
        [alone(late("ErrImagePull", BUSY, 10)), alone(late("ImagePullBackOff", "", 10), at=110)],
        LOST,
        "pod web-3: the image cannot be pulled (ImagePullBackOff)",
    ),
    "the registry is busy, and another pod is on its way": State(
        [alone(late("ErrImagePull", BUSY, 10)), among(late("ErrImagePull", BUSY, 10), at=300)],
        WAITS,
        waits_among("ErrImagePull"),
    ),
}
STARTS = {
    "a Secret is missing": State(
        [alone(late("CreateContainerConfigError", 'secret "web-1a2b" not found', 0))],
        LOST,
        "pod web-3: a Secret, a ConfigMap or a key of one is missing (CreateContainerConfigError)",
    ),
    "a Secret has not come to the node": State(
        [alone(late("CreateContainerConfigError", "failed to sync secret cache", 14))],
        WAITS,
        waits_alone("CreateContainerConfigError"),
    ),
    "a container cannot be made": State(
        [alone(late("CreateContainerError", "name in use", 15))],
        LOST,
        "pod web-3: the container cannot be made (CreateContainerError)",
    ),
    "a container cannot be started": State(
        [alone(late("RunContainerError", "exec: no such file", 15))],
        LOST,
        "pod web-3: the container cannot be started (RunContainerError)",
    ),
    "a container cannot be started, again and again": State(
        [alone(crashed(code=128, reason="StartError"))],
        LOST,
        "pod web-3: container wordpress cannot be started: exit code 128, StartError "
        "(CrashLoopBackOff, 2 restarts)",
    ),
    "a container is killed for its memory": State(
        [alone(crashed(code=137, reason="OOMKilled", restarts=1))],
        LOST,
        "pod web-3: container wordpress is killed for taking more memory than its limit: "
        "exit code 137, OOMKilled (CrashLoopBackOff, 1 restart)",
    ),
    "a container crashes": State(
        [alone(crashed())],
        LOST,
        "pod web-3: container wordpress crashes: exit code 255, Error "
        "(CrashLoopBackOff, 2 restarts)",
    ),
    "a container crashed a moment ago": State(
        [alone(crashed(14))], WAITS, waits_alone("CrashLoopBackOff (exit code 255, Error)")
    ),
    "one pod crashes among good ones": State(
        [among(crashed(restarts=4))], WAITS, waits_among("CrashLoopBackOff (exit code 255, Error)")
    ),
    "one pod crashes too often among good ones": State(
        [among(crashed(1, restarts=5))],
        LOST,
        "pod web-3: container wordpress crashes: exit code 255, Error "
        "(CrashLoopBackOff, 5 restarts)",
    ),
    "an old pod crashes while new ones are well": State(
        [Look([*ready(2), old(crashed(restarts=9)), *ready(1, 4)], complete(3, replicas=4))],
        WAITS,
        "old pods left: 1, web-3",
    ),
    "an init container crashes": State(
        [
            alone(
                changed(
                    with_init(
                        api.waiting(
                            "CrashLoopBackOff",
                            name="install",
                            restartCount=2,
                            lastState=ended(1, "Error"),
                        )
                    ),
                    60,
                )
            )
        ],
        LOST,
        "pod web-3: init container install crashes: exit code 1, Error "
        "(init container, CrashLoopBackOff, 2 restarts)",
    ),
    "a sidecar's image is not there": State(
        [alone(with_init(api.waiting("ErrImagePull", GONE, name="proxy"), is_sidecar=True))],
        LOST,
        "pod web-3: the registry has no such image (sidecar, ErrImagePull)",
    ),
    "an init container runs": State(
        [alone(with_init(api.container("install")))],
        WAITS,
        waits_alone("init container install runs"),
    ),
    "an image is being pulled": State(
        [alone(late("ContainerCreating"), events=[api.told("web-3", "Pulling")])],
        WAITS,
        waits_alone("pulling image"),
    ),
    "a volume cannot be mounted": State(
        [
            alone(
                late("ContainerCreating"),
                events=[api.told("web-3", "FailedMount", "timed out waiting for the condition")],
            )
        ],
        WAITS,
        waits_alone("FailedMount: timed out waiting for the condition"),
    ),
    "a readiness probe takes its time": State(
        [
            alone(
                changed(api.pod("web-3", ready=False), 80),
                events=[api.told("web-3", "Unhealthy", "Readiness probe failed: 503")],
            )
        ],
        WAITS,
        waits_alone("not ready: Readiness probe failed: 503"),
    ),
}
PLACES = {
    "no node has room": State(
        [alone(unplaced())],
        LOST,
        "pod web-3: no node has room for it, and no autoscaler has heard of it (Unschedulable)",
    ),
    "no node has room, since a moment ago": State(
        [alone(unplaced(59))], WAITS, waits_alone(NO_ROOM)
    ),
    "no node has room, and nobody knows of an autoscaler": State(
        [alone(unplaced(), events=None)], WAITS, waits_alone(NO_ROOM)
    ),
    "an autoscaler adds a node": State(
        [alone(unplaced(100), events=[api.told("web-3", "TriggeredScaleUp")])],
        WAITS,
        waits_alone(f"{NO_ROOM}; the autoscaler adds a node"),
    ),
    "Karpenter adds a node": State(
        [alone(unplaced(100), events=[api.told("web-3", "Nominated")])],
        WAITS,
        waits_alone(f"{NO_ROOM}; the autoscaler adds a node"),
    ),
    "an autoscaler does not add a node": State(
        [alone(unplaced(), events=[api.told("web-3", "NotTriggerScaleUp")])],
        LOST,
        "pod web-3: no node has room for it, and no autoscaler has heard of it (Unschedulable)",
    ),
    "others are moved for it": State(
        [alone(unplaced(nominatedNodeName="node-1"))],
        WAITS,
        waits_alone(f"{NO_ROOM}; others are moved for it"),
    ),
    "pods of ours make room": State(
        [alone(unplaced(), pods=[unplaced(), ending(old(api.pod("old-1")), 20)])],
        WAITS,
        f"ready 0/3, waiting for web-3: {NO_ROOM}; old pods left: 2; {UNSERVED}",
    ),
    "a pod of ours has made room": State(
        [
            alone(unplaced(), pods=[unplaced(), ending(old(api.pod("old-1")), 20)]),
            alone(unplaced(), pods=[unplaced()], at=61),
        ],
        WAITS,
        f"ready 0/3, waiting for web-3: {NO_ROOM}; old pods left: 2; {UNSERVED}",
    ),
    "a scheduling gate holds it": State(
        [alone(unplaced(900, "SchedulingGated"))],
        WAITS,
        waits_alone("a scheduling gate holds it"),
        EARLIER,
    ),
    "a node is lost": State(
        [among(unready_without_fault(60))], WAITS, waits_among("its node does not answer")
    ),
    "a load balancer's gate is not open": State(
        [among(unready_without_fault(60, "target-health.elbv2.k8s.aws/web"))],
        WAITS,
        waits_among("readiness gate target-health.elbv2.k8s.aws/web"),
    ),
}
REFUSED = "exceeded quota: q, requested: pods=1, used: pods=3"
REFUSALS = {
    "a quota refuses pods": State(
        [Look([old(api.pod("old-1"))], begun(1, 0, replicas=1, readyReplicas=1), refused(20))],
        LOST,
        f"ReplicaSet web-new cannot create pods: {REFUSED}",
    ),
    "a quota refuses pods, since a moment ago": State(
        [Look([old(api.pod("old-1"))], begun(1, 0, replicas=1, readyReplicas=1), refused(19))],
        WAITS,
        f"ready 0/1, no pod can be created: {REFUSED}; old pods left: 1, old-1; {UNSERVED}",
    ),
    "a quota refuses pods while old ones end": State(
        [Look([ending(old(api.pod("old-1")), 20)], begun(1, 0), refused(60))],
        WAITS,
        f"ready 0/1, no pod can be created: {REFUSED}; {UNSERVED}",
    ),
    "a quota refused pods until old ones ended": State(
        [
            Look([ending(old(api.pod("old-1")), 20)], begun(1, 0), refused(60)),
            Look([], begun(1, 0), refused(60), at=1),
            Look([], begun(1, 0), refused(60), at=81),
        ],
        WAITS,
        f"ready 0/1, no pod can be created: {REFUSED}; {UNSERVED}",
    ),
    "a quota refuses pods though old ones have ended": State(
        [
            Look([ending(old(api.pod("old-1")), 20)], begun(1, 0), refused(60)),
            Look([], begun(1, 0), refused(60), at=1),
            Look([], begun(1, 0), refused(60), at=82),
        ],
        LOST,
        f"ReplicaSet web-new cannot create pods: {REFUSED}",
    ),
    "admission refuses pods": State(
        [Look([], begun(1, 0), refused(20, 'admission webhook "policy.example" denied it'))],
        LOST,
        'ReplicaSet web-new cannot create pods: admission webhook "policy.example" denied it',
    ),
    "a quota refuses the ReplicaSet": State(
        [
            Look(
                deployment=complete(
                    3,
                    progress("ReplicaSetCreateError", 20, message="exceeded quota: q"),
                    observedGeneration=6,
                )
            )
        ],
        LOST,
        "the ReplicaSet cannot be created: exceeded quota: q",
    ),
    "a quota refuses the ReplicaSet, since a moment ago": State(
        [
            Look(
                deployment=complete(
                    3,
                    progress("ReplicaSetCreateError", 19, message="exceeded quota: q"),
                    observedGeneration=6,
                )
            )
        ],
        WAITS,
        "the ReplicaSet cannot be created: exceeded quota: q",
    ),
    "a quota refused the ReplicaSet before the apply": State(
        [
            Look(
                deployment=complete(
                    3,
                    progress("ReplicaSetCreateError", 900, message="exceeded quota: q"),
                    observedGeneration=6,
                ),
            )
        ],
        WAITS,
        "the ReplicaSet cannot be created: exceeded quota: q",
        AppliedAt(ago(19), 7),
    ),
}
OTHERS = {
    "the Deployment is paused": State(
        [Look(deployment=complete(3, spec={"paused": True}, updatedReplicas=0))],
        LOST,
        "the Deployment is paused: 0 of 3 pods have what was applied",
    ),
    "the Deployment is paused before it has begun": State(
        [Look([], begun(3, 0, spec={"paused": True}), [])],
        LOST,
        "the Deployment is paused: 0 of 3 pods have what was applied",
    ),
    "the Deployment is paused, and what was applied is not ready": State(
        [
            among(
                changed(api.pod("web-3", ready=False), 60),
                deployment=complete(3, spec={"paused": True}, readyReplicas=2),
            )
        ],
        WAITS,
        waits_among("not ready"),
    ),
    "the Deployment was deleted": State(
        [Look(), Look([], None, [], at=1)], LOST, "the Deployment was deleted"
    ),
    "the Deployment was deleted and made anew": State(
        [Look(deployment=changed(complete(3, observedGeneration=1), generation=1))],
        LOST,
        "somebody deleted the Deployment after the apply, and made it anew",
    ),
    "somebody changed the image after the apply": State(
        [
            Look(
                deployment=changed(
                    complete(3, spec=template("wordpress:6.6"), observedGeneration=8), generation=8
                )
            )
        ],
        LOST,
        "somebody changed the image of container wordpress after the apply",
        AppliedAt(APPLIED, 7, {"wordpress": IMAGE}),
    ),
    "somebody scaled it after the apply": State(
        [
            Look(
                deployment=changed(
                    complete(3, spec=template(IMAGE), observedGeneration=8), generation=8
                )
            )
        ],
        DONE,
        "ready 3/3",
        AppliedAt(APPLIED, 7, {"wordpress": IMAGE}),
    ),
    "no progress within its time": State(
        [
            among(
                changed(api.pod("web-3", ready=False), 60),
                deployment=complete(
                    3, progress("ProgressDeadlineExceeded", 5), readyReplicas=2, availableReplicas=2
                ),
            )
        ],
        LOST,
        f"no progress within progressDeadlineSeconds: {waits_among('not ready')}",
    ),
    "no progress, before the apply": State(
        [
            among(
                changed(api.pod("web-3", ready=False), 60),
                deployment=complete(
                    3,
                    progress("ProgressDeadlineExceeded", 120),
                    readyReplicas=2,
                    availableReplicas=2,
                ),
            )
        ],
        WAITS,
        waits_among("not ready"),
    ),
}


def older(pod: Json) -> Json:
    """A pod of the same release from an earlier attempt to deploy it."""
    return changed(pod, creationTimestamp=api.stamp(ago(9000)))


RETRY = "pod web-3: the registry has no such image (ErrImagePull)"
CRASHES = (
    "pod web-3: container wordpress crashes: exit code 255, Error (CrashLoopBackOff, 2 restarts)"
)
RETRIES = {
    "an older pod, whose trouble may be over": State(
        [alone(older(late("ErrImagePull", GONE, 9000)))], WAITS, waits_alone("ErrImagePull")
    ),
    "an older pod, tried again": State(
        [
            alone(older(late("ImagePullBackOff", GONE, 9000))),
            alone(older(late("ErrImagePull", GONE, 9000)), at=30),
        ],
        LOST,
        RETRY,
    ),
    "an older pod, after the longest back-off": State(
        [alone(older(late("ErrImagePull", GONE, 9000)))], LOST, RETRY, AppliedAt(ago(300), 7)
    ),
    "an older pod that crashed before the apply": State(
        [alone(older(crashed(9000, began=130)))],
        WAITS,
        waits_alone("CrashLoopBackOff (exit code 255, Error)"),
    ),
    "an older pod that crashed again": State(
        [alone(older(crashed(9000, began=110)))], LOST, CRASHES
    ),
    "an older pod without a node, a moment after the apply": State(
        [alone(older(unplaced(9000)))], WAITS, waits_alone(NO_ROOM), AppliedAt(ago(59), 7)
    ),
}


def broken(pod: Json, at: float = 5, counters: Json | None = None) -> list[Look]:
    """A rollout that was complete for some seconds, and then one of its pods looks like that."""
    fresh = [changed(pod, 3) for pod in ready(3)]
    return [Look(fresh), Look([*fresh[:2], pod], counters or complete(3), at=at)]


NO_LONGER = complete(3, readyReplicas=2, availableReplicas=2)
WINDOWS = {
    "ready a moment ago": State([Look([*ready(2), changed(api.pod("web-3"), 3)])], WAITS, STABLE),
    "stable": State([Look([*ready(2), changed(api.pod("web-3"), 10)])], DONE, "ready 3/3"),
    "seen to become complete, and not since for long": State(
        [Look(serving=[]), Look(at=1), Look(at=10)], WAITS, STABLE
    ),
    "seen to become complete, and stable since": State(
        [Look(serving=[]), Look(at=1), Look(at=11)], DONE, "ready 3/3"
    ),
    "a clock of a node is ahead": State(
        [Look([*ready(2), changed(api.pod("web-3"), -900)])], WAITS, STABLE
    ),
    "a restart": State(
        broken(changed(api.pod("web-3", api.container(restartCount=1)), -4)),
        LOST,
        "pod web-3: container wordpress restarted 8 s after it was ready",
    ),
    "killed for its memory": State(
        broken(
            changed(
                api.pod(
                    "web-3",
                    api.container(restartCount=1, lastState=ended(137, "OOMKilled", 1)),
                    ready=False,
                ),
                -4,
            ),
            counters=NO_LONGER,
        ),
        LOST,
        "pod web-3: container wordpress restarted (exit code 137, OOMKilled) "
        "8 s after it was ready",
    ),
    "a crash that is not a restart yet": State(
        broken(
            changed(api.pod("web-3", api.container(state=ended(1, "Error", 1)), ready=False), -4)
        ),
        LOST,
        "pod web-3: container wordpress restarted (exit code 1, Error) 8 s after it was ready",
    ),
    "a flap": State(
        broken(changed(api.pod("web-3", ready=False), -4), counters=NO_LONGER),
        LOST,
        "pod web-3: was not ready any more 8 s after it was ready",
    ),
    "a flap that was over before we looked": State(
        broken(changed(api.pod("web-3"), -4)),
        LOST,
        "pod web-3: was not ready any more 8 s after it was ready",
    ),
    "an eviction": State(
        broken(api.pod("web-3", ready=False, phase="Failed", reason="Evicted")),
        WAITS,
        "ready 2/3, 2 of 3 new pods exist",
    ),
    "an eviction under way": State(
        broken(
            api.pod(
                "web-3",
                api.container(state=ended(137, "Error", 1)),
                conditions=[
                    api.condition("PodScheduled", "True"),
                    api.condition("DisruptionTarget", "True", reason="TerminationByKubelet"),
                    api.condition("Ready", "False"),
                ],
            ),
            counters=NO_LONGER,
        ),
        WAITS,
        waits_among("it is being evicted"),
    ),
    "a pod is deleted": State(
        broken(ending(api.pod("web-3", ready=False), 30)), WAITS, "ready 2/3, 2 of 3 new pods exist"
    ),
    "an autoscaler adds a pod": State(
        [
            Look([changed(pod, 3) for pod in ready(3)]),
            Look(
                [changed(pod, 3) for pod in ready(3)],
                deployment=complete(4, replicas=3, updatedReplicas=3),
                at=5,
            ),
        ],
        WAITS,
        "ready 3/4, 3 of 4 new pods exist",
    ),
    "a node is lost in it": State(
        broken(unready_without_fault(3), counters=NO_LONGER),
        WAITS,
        waits_among("its node does not answer"),
    ),
    "the last state of a container is forgotten": State(
        [
            Look([*ready(2), changed(api.pod("web-3", api.container(lastState=ENDED)), 3)]),
            Look([*ready(2), changed(api.pod("web-3"), 3)], at=7),
        ],
        DONE,
        "ready 3/3",
    ),
}
STATES = {
    f"{part}: {name}": state
    for part, states in {
        "done": FINISHED,
        "counted": COUNTED,
        "image": IMAGES,
        "start": STARTS,
        "place": PLACES,
        "refusal": REFUSALS,
        "whole": OTHERS,
        "retry": RETRIES,
        "window": WINDOWS,
    }.items()
    for name, state in states.items()
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_state_comes_to_its_outcome_and_its_sentence(state: State) -> None:
    verdict = judged(state.looks, state.applied)
    assert (verdict.outcome, verdict.sentence) == (state.outcome, state.sentence)
