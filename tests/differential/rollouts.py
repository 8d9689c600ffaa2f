"""Whole rollouts, played on both API servers: what to do, what to wait for, what is left."""

import time
from collections.abc import Sequence
from typing import Any

from tests.differential.api import MERGE, Api, Json, Step, comparable
from tests.differential.bodies import (
    DEPLOYMENT,
    apply,
    changed_image,
    config,
    deployment,
    merged,
    service,
)
from tests.differential.waits import (
    COMPLETE,
    COUNTED_QUOTA,
    GONE,
    JOB_PATH,
    Until,
    counted,
    finished,
    pods,
    reason,
    waiting,
)

_CORE = "/api/v1/namespaces/NS"
_APPS = "/apis/apps/v1/namespaces/NS"
_SECONDS = 40.0
# What is left is compared: these kinds, with all that is in them.
_KINDS = (
    f"{_APPS}/deployments",
    f"{_APPS}/replicasets",
    f"{_CORE}/pods",
    f"{_CORE}/endpoints",
    f"{_CORE}/resourcequotas",
    "/apis/batch/v1/namespaces/NS/jobs",
)
_LOOKS, _PAUSE = 20, 0.4
_PULLING = ("ImagePullBackOff", "ErrImagePull")
_CONTROLLERS = {"deployment-controller", "replicaset-controller", "job-controller"}


Action = Step | Until


def play(api: Api, actions: Sequence[Action]) -> list[int]:
    """Do all of it; the statuses of the answers."""
    statuses = []
    for action in actions:
        if isinstance(action, Step):
            statuses.append(api.send(action).status)
        else:
            _wait(api, action)
    return statuses


def _wait(api: Api, wanted: Until) -> None:
    deadline = time.monotonic() + _SECONDS
    while not wanted.holds(api):
        assert time.monotonic() < deadline, f"{api.url}: never came: {wanted.what}"
        time.sleep(0.05)


def left(api: Api) -> Json:
    """What is there at last, when nothing more happens, made comparable."""
    before: Json = {}
    for _ in range(_LOOKS):
        found = _left(api)
        if found == before:
            break
        before = found
        time.sleep(_PAUSE)
    return before


def _left(api: Api) -> Json:
    found: Json = {}
    for path in _KINDS:
        items = [_timeless(item) for item in api.get(path)["items"]]
        shown = [comparable(item, api.namespace) for item in items]
        found[path] = sorted(shown, key=_order)
    found["events"] = _events(api)
    return found


def _order(item: Json) -> tuple[str, str]:
    annotations = item["metadata"].get("annotations") or {}
    revision = annotations.get("deployment.kubernetes.io/revision", "")
    container = (item.get("spec", {}).get("containers") or [{}])[0]
    return item["metadata"]["name"], f"{revision}{container.get('image', '')}"


def _timeless(item: Json) -> Json:
    """Without what depends on who came first."""
    metadata = {key: item["metadata"][key] for key in item["metadata"]}
    if "spec" not in item or "hard" in item["spec"]:
        # Endpoints and quotas: written by whoever saw the pod first.
        metadata.pop("managedFields", None)
    if "spec" not in item:
        metadata.pop("annotations", None)
    for status in item.get("status", {}).get("containerStatuses", ()):
        waiting = status["state"].get("waiting") or {}
        if waiting.get("reason") in _PULLING:
            # These two take turns.
            waiting |= {"reason": _PULLING[0], "message": ""}
    return item | {"metadata": metadata}


def _events(api: Api) -> list[str]:
    """What the controllers told, each once."""
    items = api.get(f"{_CORE}/events")["items"]
    told = {
        f"{item['type']} {item['reason']}: {comparable(item['message'], api.namespace)}"
        for item in items
        if item["source"].get("component") in _CONTROLLERS
    }
    return sorted(told)


_SECRET = Step("POST", f"{_CORE}/secrets", {"metadata": {"name": "s"}, "data": {"k": "dg=="}})
_SERVICE = apply(f"{_CORE}/services/web", service())


def _release(tag: str, **spec: Any) -> Step:
    return apply(DEPLOYMENT, changed_image(f"registry:5000/wp:{tag}", **spec))


def _rolling(surge: Any, unavailable: Any) -> Json:
    return {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def _job(tag: str, policy: str, **spec: Any) -> Step:
    container = {"name": "c", "image": f"registry:5000/wp:{tag}"}
    pod = {
        "restartPolicy": policy,
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    body = {"backoffLimit": 0, "template": {"spec": pod}, **spec}
    return Step(
        "POST", JOB_PATH.rpartition("/")[0], {"metadata": {"name": "install"}, "spec": body}
    )


def _quota(pods: str) -> Step:
    spec = {"hard": {"pods": pods}}
    return Step("POST", f"{_CORE}/resourcequotas", {"metadata": {"name": "few"}, "spec": spec})


ROLLOUTS: dict[str, list[Action]] = {
    "two releases": [_SECRET, _SERVICE, _release("1"), COMPLETE, _release("2"), COMPLETE],
    "back to the first": [
        _SECRET, _release("1"), COMPLETE, _release("2"), COMPLETE, _release("1"), COMPLETE,
    ],
    "short history": [
        _SECRET,
        *(step for tag in "1234" for step in (_release(tag, revisionHistoryLimit=1), COMPLETE)),
        Until("two ReplicaSets", lambda api: len(api.get(_KINDS[1])["items"]) == 2),
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
        Until("refused", lambda api: all(
            pod["status"].get("conditions") for pod in api.get(_KINDS[2])["items"])),
        pods(2),
    ],
    "no Secret": [
        _release("1"), waiting("CreateContainerConfigError", 2), counted(replicas=2),
    ],
    "deleted": [
        _SECRET, _SERVICE, _release("1"), COMPLETE, Step("DELETE", DEPLOYMENT), GONE,
    ],
    "a Job that completes": [_job("1", "Never"), finished("Complete")],
    "a Job that fails": [_job("joberror", "Never"), finished("Failed")],
    "a Job that restarts": [_job("joberror", "OnFailure", backoffLimit=1), finished("Failed")],
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
__all__ = ["COMPLETE", "ROLLOUTS", "WATCHED", "left", "merged", "play"]
