"""Whole rollouts, played on both API servers: what to do, what to wait for."""

from typing import Any

from tests.differential.api import MERGE, Json, Step
from tests.differential.bodies import (
    CLAIM,
    DEPLOYMENT,
    HPA,
    SCALER,
    apply,
    changed_image,
    config,
    deployment,
    merged,
    service,
)
from tests.differential.job_rollouts import JOB_ROLLOUTS
from tests.differential.left import BUDGETS, CLAIMS, KINDS
from tests.differential.waits import (
    COMPLETE,
    COUNTED_QUOTA,
    GONE,
    REFUSED,
    TOLD,
    Action,
    Until,
    counted,
    pods,
    reason,
    waiting,
)

_CORE = "/api/v1/namespaces/NS"
_APPS = "/apis/apps/v1/namespaces/NS"
_SECRET = Step("POST", f"{_CORE}/secrets", {"metadata": {"name": "s"}, "data": {"k": "dg=="}})
_SERVICE = apply(f"{_CORE}/services/web", service())


def _release(tag: str, **spec: Any) -> Step:
    return apply(DEPLOYMENT, changed_image(f"registry:5000/wp:{tag}", **spec))


def _rolling(surge: Any, unavailable: Any) -> Json:
    return {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def _quota(pods: str) -> Step:
    spec = {"hard": {"pods": pods}}
    return Step("POST", f"{_CORE}/resourcequotas", {"metadata": {"name": "few"}, "spec": spec})


def _claim(name: str, **spec: Any) -> Step:
    return Step("POST", CLAIMS, merged(CLAIM, {"metadata": {"name": name}, "spec": spec}))


def _claiming(name: str) -> Json:
    """A change of the template: it wants this claim."""
    volume = {"name": "u", "persistentVolumeClaim": {"claimName": name}}
    return {"spec": {"volumes": [{"name": "tmp", "emptyDir": {}}, volume]}}


def _budget(name: str, **spec: Any) -> Step:
    body = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return Step("POST", BUDGETS, {"metadata": {"name": name.replace(" ", "-")}, "spec": body})


def _scaled(replicas: int) -> Step:
    return Step("PATCH", DEPLOYMENT, {"spec": {"replicas": replicas}}, MERGE)


def _asking(**requests: str) -> Json:
    """A change of the template: one container that asks for this."""
    container = {"name": "web", "image": "registry:5000/wp:1", "resources": {"requests": requests}}
    return {"spec": {"containers": [container]}}


_NO_IMAGE = "ErrImagePull|ImagePullBackOff"
# What is told of a pull that failed is told by then: its pods may go.
_BACK_OFF = "ImagePullBackOff"
_RECREATE = {"type": "Recreate"}
_STUCK = {"replicas": 6, "strategy": _rolling(2, 1)}

ROLLOUTS: dict[str, list[Action]] = {
    "two releases": [_SECRET, _SERVICE, _release("1"), COMPLETE, _release("2"), COMPLETE],
    "back to the first": [
        _SECRET, _release("1"), COMPLETE, _release("2"), COMPLETE, _release("1"), COMPLETE,
    ],
    "short history": [
        _SECRET,
        *(step for tag in "1234" for step in (_release(tag, revisionHistoryLimit=1), COMPLETE)),
        Until("two ReplicaSets", lambda api: len(api.get(KINDS[1])["items"]) == 2),
    ],
    "surge and unavailable": [
        _SECRET,
        _release("1", replicas=4, strategy=_rolling("100%", "30%")), COMPLETE,
        _release("2", replicas=4, strategy=_rolling("100%", "30%")), COMPLETE,
    ],
    "stuck in the middle": [
        _SECRET,
        _release("1", replicas=5, strategy=_rolling(2, 1)), COMPLETE,
        _release("badpull", replicas=5, strategy=_rolling(2, 1)),
        waiting("ImagePullBackOff", 3),
        counted(replicas=7, updatedReplicas=3, availableReplicas=4),
    ],
    "deadline exceeded": [
        _SECRET,
        _release("1", progressDeadlineSeconds=3), COMPLETE,
        _release("badpull", progressDeadlineSeconds=3),
        reason("Progressing", "ProgressDeadlineExceeded"),
        waiting("ImagePullBackOff", 1),
    ],
    "scaled": [
        _SECRET, _release("1"), COMPLETE,
        Step("PATCH", f"{DEPLOYMENT}/scale", {"spec": {"replicas": 4}}, MERGE), COMPLETE,
        Step("PATCH", DEPLOYMENT, {"spec": {"replicas": 1}}, MERGE), COMPLETE,
    ],
    "scaled in the middle": [
        _SECRET,
        _release("1", replicas=4, strategy=_rolling(2, 1)), COMPLETE,
        _release("badpull", replicas=4, strategy=_rolling(2, 1)),
        counted(replicas=6, updatedReplicas=3, availableReplicas=3),
        Step("PATCH", DEPLOYMENT, {"spec": {"replicas": 8}}, MERGE),
        counted(replicas=10, availableReplicas=5),
    ],
    "scaled down in the middle": [
        _SECRET, _release("1", **_STUCK), COMPLETE, _release("badpull", **_STUCK),
        waiting(_BACK_OFF, 3), counted(replicas=8, availableReplicas=5),
        _scaled(3), counted(replicas=5, updatedReplicas=3, availableReplicas=2),
        waiting(_NO_IMAGE, 3),
    ],
    "scaled in the middle of the second attempt": [
        _SECRET, _release("1", **_STUCK), COMPLETE, _release("badpull", **_STUCK),
        waiting(_BACK_OFF, 3), counted(replicas=8, availableReplicas=5),
        _release("denied", **_STUCK), counted(updatedReplicas=3), waiting(_BACK_OFF, 3),
        _scaled(12), counted(replicas=14), waiting(_NO_IMAGE, 5),
    ],
    "scaled to nothing in the middle": [
        _SECRET, _release("1", **_STUCK), COMPLETE, _release("badpull", **_STUCK),
        waiting(_BACK_OFF, 3), counted(replicas=8, availableReplicas=5),
        _scaled(0), COMPLETE,
    ],
    "scaled while paused": [
        _SECRET, _release("1"), COMPLETE, _release("2", paused=True),
        reason("Progressing", "DeploymentPaused"), _scaled(4), counted(availableReplicas=4),
        Step("PATCH", DEPLOYMENT, {"spec": {"paused": False}}, MERGE), COMPLETE,
    ],
    "paused and scaled in the middle": [
        _SECRET, _release("1", **_STUCK), COMPLETE, _release("badpull", **_STUCK),
        waiting(_NO_IMAGE, 3), counted(replicas=8, availableReplicas=5),
        Step("PATCH", DEPLOYMENT, {"spec": {"paused": True, "replicas": 9}}, MERGE),
        counted(replicas=11), waiting(_NO_IMAGE, 4),
    ],
    "scaled while it is recreated": [
        _SECRET, _release("1", strategy=_RECREATE), COMPLETE,
        _release("badpull", strategy=_RECREATE), waiting(_NO_IMAGE, 2), pods(2),
        _scaled(3), waiting(_NO_IMAGE, 3), counted(replicas=3, updatedReplicas=3),
    ],
    "one that may be missing": [
        _SECRET, _release("1", replicas=1, strategy=_rolling(0, 1)), COMPLETE,
        _release("badpull", replicas=1, strategy=_rolling(0, 1)),
        waiting("ImagePullBackOff", 1), pods(1), counted(updatedReplicas=1),
    ],
    "scaled before it was ready for a while": [
        _SECRET, _release("1", minReadySeconds=2), counted(readyReplicas=2),
        _scaled(4), counted(readyReplicas=4), COMPLETE,
    ],
    # Of two sets of one size the newer one grows, and for that it has to be a second younger.
    "an autoscaler in the middle": [
        _SECRET, _release("1", replicas=1, minReadySeconds=2), COMPLETE,
        _release("badpull", replicas=1, minReadySeconds=2),
        counted(replicas=2, updatedReplicas=1), apply(f"{HPA}/web", SCALER),
        Until("scaled", lambda api: api.get(f"{HPA}/web")["status"]["desiredReplicas"] == 2),
        counted(replicas=3), waiting(_NO_IMAGE, 2),
    ],
    "scaled to nothing": [
        _SECRET, _release("1"), COMPLETE,
        Step("PATCH", DEPLOYMENT, {"spec": {"replicas": 0}}, MERGE), COMPLETE,
    ],
    "recreated": [
        _SECRET,
        apply(DEPLOYMENT, deployment(strategy={"type": "Recreate"})), COMPLETE,
        _release("2", strategy={"type": "Recreate"}), COMPLETE,
    ],
    "paused and resumed": [
        _SECRET, _release("1"), COMPLETE, _release("2", paused=True),
        reason("Progressing", "DeploymentPaused"),
        _release("2"), COMPLETE,
    ],
    "ready for a while": [
        _SECRET, _release("1", minReadySeconds=2), COMPLETE, _release("2", minReadySeconds=2),
        COMPLETE,
    ],
    "quota": [
        _SECRET, _quota("2"), COUNTED_QUOTA, _release("1"), COMPLETE, _release("2"),
        reason("ReplicaFailure", "FailedCreate"),
    ],
    "no ServiceAccount": [
        _SECRET,
        _release("1", template={"spec": {"serviceAccountName": "nobody"}}),
        reason("ReplicaFailure", "FailedCreate"),
    ],
    "nowhere to run": [
        _SECRET,
        _release("1", template={"spec": {"nodeSelector": {"disk": "fast"}}}),
        pods(2), REFUSED,
    ],
    "no room": [
        _SECRET, _release("1", replicas=1, template=_asking(cpu="17", memory="65Gi")), pods(1),
        REFUSED,
    ],
    "no Secret": [
        _release("1"), waiting("CreateContainerConfigError", 2), counted(replicas=2),
    ],
    "deleted": [
        _SECRET, _SERVICE, _release("1"), COMPLETE, Step("DELETE", DEPLOYMENT), GONE,
    ],
    "quota that is freed": [
        _SECRET, _quota("2"), COUNTED_QUOTA, _release("1"), COMPLETE, _release("2"),
        reason("ReplicaFailure", "FailedCreate"),
        Step("PATCH", f"{_CORE}/resourcequotas/few", {"spec": {"hard": {"pods": "3"}}}, MERGE),
        COMPLETE,
    ],
    "quota of memory": [
        _SECRET,
        Step("POST", f"{_CORE}/resourcequotas", {"metadata": {"name": "few"}, "spec": {"hard": {
            "limits.memory": "1Gi", "requests.cpu": "1", "services": "1"}}}),
        COUNTED_QUOTA, _release("1"), reason("ReplicaFailure", "FailedCreate"),
    ],
    "no claim": [
        _SECRET, _release("1", template=_claiming("none")), pods(2), REFUSED,
    ],
    "a claim without a class": [
        _SECRET, _claim("uploads"), _claim("empty", storageClassName=""), TOLD,
        _release("1", template=_claiming("uploads")), pods(2), REFUSED,
    ],
    "a claim that goes": [
        _claim("uploads"), TOLD, Step("DELETE", f"{CLAIMS}/uploads"),
        Until("gone", lambda api: not api.get(CLAIMS)["items"]),
    ],
    "budgets": [
        _SECRET, _budget("early", maxUnavailable=1), _release("1", replicas=3), COMPLETE,
        _budget("least", minAvailable=2), _budget("share", maxUnavailable="50%"),
        _budget("least share", minAvailable="50%"), _budget("all", minAvailable=3),
        Until("counted", lambda api: all(
            item["status"].get("currentHealthy") == 3 for item in api.get(BUDGETS)["items"])),
    ],
    "an autoscaler": [
        _SECRET, _release("1", replicas=1), COMPLETE,
        apply(f"{HPA}/web", SCALER), apply(f"{HPA}/lost", merged(SCALER, {
            "metadata": {"name": "lost"}, "spec": {"scaleTargetRef": {"name": "gone"}}})),
        Until("scaled", lambda api: api.get(f"{HPA}/web")["status"]["desiredReplicas"] == 2),
        COMPLETE,
    ],
    "orphaned": [
        _SECRET, _release("1"), COMPLETE,
        Step("DELETE", DEPLOYMENT, {"propagationPolicy": "Orphan"}),
        Until("gone", lambda api: not api.get(KINDS[0])["items"]),
    ],
    "deleted from below": [
        _SECRET, _release("1"), COMPLETE,
        Step("DELETE", DEPLOYMENT, {"propagationPolicy": "Foreground"}), GONE,
    ],
    **JOB_ROLLOUTS,
}  # fmt: skip

# Steps between two looks at a watch: what happens to a list of ConfigMaps with a label.
WATCHED: list[Step] = [
    Step("POST", f"{_CORE}/configmaps", config(metadata={"name": "a", "labels": {"w": "1"}})),
    Step("POST", f"{_CORE}/configmaps", config(metadata={"name": "b"})),
    Step("PATCH", f"{_CORE}/configmaps/a", {"data": {"x": "1"}}, MERGE),
    Step("PATCH", f"{_CORE}/configmaps/a", {"data": {"x": "1"}}, MERGE),
    Step("PATCH", f"{_CORE}/configmaps/b", {"metadata": {"labels": {"w": "1"}}}, MERGE),
    Step("PATCH", f"{_CORE}/configmaps/a", {"metadata": {"labels": {"w": "2"}}}, MERGE),
    Step("PATCH", f"{_CORE}/configmaps/a", {"data": {"x": "2"}}, MERGE),
    Step("DELETE", f"{_CORE}/configmaps/b"),
    Step("DELETE", f"{_CORE}/configmaps/a"),
    Step("POST", f"{_CORE}/configmaps", config(metadata={"name": "b", "labels": {"w": "1"}})),
]
