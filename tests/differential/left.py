"""Whole rollouts, played, and what is left of them, made comparable."""

import time
from collections.abc import Sequence

from tests.differential.api import Api, Json, Step, comparable
from tests.differential.bodies import APPS, CORE, HPA
from tests.differential.waits import Action, perform

BUDGETS = "/apis/policy/v1beta1/namespaces/NS/poddisruptionbudgets"
CLAIMS = f"{CORE}/persistentvolumeclaims"
# What is left is compared: these kinds, with all that is in them.
KINDS = (
    f"{APPS}/deployments",
    f"{APPS}/replicasets",
    f"{CORE}/pods",
    f"{CORE}/endpoints",
    f"{CORE}/resourcequotas",
    "/apis/batch/v1/namespaces/NS/jobs",
    BUDGETS,
    CLAIMS,
    HPA,
)
_LOOKS, _PAUSE = 20, 0.4
_PULLING = ("ImagePullBackOff", "ErrImagePull")
# How many came before this one depends on who was faster, too.
_COMBINED = "(combined from similar events)"
# A node's next attempt at a container, which may or may not have come when we look.
_NEXT_ATTEMPT = "already present on machine"
# Reasons that depend on who was faster; some tell of the real controllers stumbling.
_CHANCE = {"NoPods", "FailedToUpdateEndpoint", "FailedToUpdateEndpointSlices"}


def play(api: Api, actions: Sequence[Action]) -> list[int]:
    """Do all of it; the statuses of the answers."""
    statuses = []
    for action in actions:
        if isinstance(action, Step):
            statuses.append(api.send(action).status)
        else:
            perform(api, action)
    return statuses


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
    for path in KINDS:
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
    """What was told, each once, and by whom."""
    items = api.get(f"{CORE}/events")["items"]
    told = {
        f"{item['source'].get('component') or item['reportingComponent']}: {item['type']} "
        f"{item['reason']}: {comparable(item['message'], api.namespace)}"
        for item in items
        if item["reason"] not in _CHANCE
        and not item["message"].startswith(_COMBINED)
        and not item["message"].endswith(_NEXT_ATTEMPT)
    }
    return sorted(told)
