"""States of a rollout as a whole, and what they come to."""

from tests.unit import api_objects as api
from tests.unit.rollout_looks import OLD, Look, begun, changed, complete, ending, old, ready
from tests.unit.rollout_states import APPLIED, IMAGE, ago
from tests.unit.states_shown import (
    DONE,
    LOST,
    UNSERVED,
    WAITS,
    State,
    alone,
    among,
    progress,
    recreate,
    refused,
    template,
    waits_alone,
    waits_among,
)
from wpdeploy.record import AppliedAt

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
