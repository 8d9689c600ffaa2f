"""States of new pods that are not ready, and what they come to."""

from tests.unit import api_objects as api
from tests.unit.rollout_looks import Json, Look, changed, complete, ending, old, ready
from tests.unit.rollout_states import BACK_OFF, IMAGE, ago
from tests.unit.states_shown import (
    BUSY,
    EARLIER,
    GONE,
    LOST,
    NO_ROOM,
    UNSERVED,
    WAITS,
    State,
    alone,
    among,
    crashed,
    ended,
    late,
    unplaced,
    unready_without_fault,
    waits_alone,
    waits_among,
    with_init,
)
from wpdeploy.record import AppliedAt

MUTE = late("ImagePullBackOff", BACK_OFF)
PULL = f'Failed to pull image "{IMAGE}": rpc error: code = Unknown desc = '
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
            alone(late("ImagePullBackOff", BACK_OFF, 0), at=1),
        ],
        LOST,
        "pod web-3: the registry has no such image (ImagePullBackOff)",
    ),
    "who comes into a back-off has the registry's words from an event": State(
        [alone(MUTE, events=[api.told("web-3", "Failed", f"{PULL}{GONE}")])],
        LOST,
        "pod web-3: the registry has no such image (ImagePullBackOff)",
    ),
    "who comes into a back-off of an image that may come yet": State(
        [alone(MUTE, events=[api.told("web-3", "Failed", f"{PULL}{BUSY}")])],
        WAITS,
        waits_alone("ImagePullBackOff"),
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

PROBE = "Readiness probe failed: HTTP probe failed with statuscode: 503"
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
                events=[api.told("web-3", "Unhealthy", PROBE)],
            )
        ],
        WAITS,
        waits_alone(f"not ready: {PROBE}"),
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
