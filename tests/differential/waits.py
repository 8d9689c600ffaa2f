"""What a rollout is waited for to come to."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.differential.api import Api, Json, Step
from tests.differential.bodies import DEPLOYMENT

_SECONDS = 90.0
_CORE = "/api/v1/namespaces/NS"
_APPS = "/apis/apps/v1/namespaces/NS"
JOB_PATH = "/apis/batch/v1/namespaces/NS/jobs/install"


@dataclass(frozen=True)
class Until:
    """Wait until something is so."""

    what: str
    holds: Callable[[Api], bool]


Action = Step | Until


def perform(api: Api, until: Until) -> None:
    """Wait."""
    deadline = time.monotonic() + _SECONDS
    while not until.holds(api):
        assert time.monotonic() < deadline, f"{api.url}: never came: {until.what}"
        time.sleep(0.05)


def _status(api: Api, path: str = DEPLOYMENT) -> Json:
    status: Json = api.get(path).get("status", {})
    return status


def _complete(api: Api) -> bool:
    found = api.get(DEPLOYMENT)
    spec, status = found.get("spec", {}), found.get("status", {})
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    current = status.get("observedGeneration") == found["metadata"].get("generation")
    reasons = [each["reason"] for each in status.get("conditions", ())]
    if counts != [spec["replicas"]] * 3 or not current or "NewReplicaSetAvailable" not in reasons:
        return False
    return len(api.get(f"{_CORE}/pods")["items"]) == spec["replicas"] and _addressed(api, spec)


def _addressed(api: Api, spec: Json) -> bool:
    """Whether the Service, where there is one, has heard of all pods."""
    items = api.get(f"{_CORE}/endpoints")["items"]
    counts = [
        len(subset.get("addresses", ())) for item in items for subset in item.get("subsets") or ()
    ]
    return not items or sum(counts) == spec["replicas"]


def reason(kind: str, reason: str, path: str = DEPLOYMENT) -> Until:
    """Wait for a condition with this reason."""

    def holds(api: Api) -> bool:
        conditions = _status(api, path).get("conditions", ())
        return any((each["type"], each.get("reason", "")) == (kind, reason) for each in conditions)

    return Until(f"{kind} {reason}", holds)


def pods(count: int) -> Until:
    """Wait for so many pods."""
    return Until(f"{count} pods", lambda api: len(api.get(f"{_CORE}/pods")["items"]) == count)


def waiting(reason: str, count: int) -> Until:
    """Wait until so many containers wait for this reason, or for one of these (`A|B`)."""

    def holds(api: Api) -> bool:
        found = [
            each["state"].get("waiting", {}).get("reason")
            for pod in api.get(f"{_CORE}/pods")["items"]
            for each in pod["status"].get("containerStatuses", ())
        ]
        return sum(each in reason.split("|") for each in found) == count

    return Until(f"{count} wait for {reason}", holds)


def counted(**counts: int) -> Until:
    """Wait for these counters in the status of the Deployment, as it is wanted now."""

    def holds(api: Api) -> bool:
        found = api.get(DEPLOYMENT)
        status = found.get("status", {})
        current = status.get("observedGeneration") == found["metadata"].get("generation")
        return current and all(status.get(key, 0) == value for key, value in counts.items())

    return Until(f"{counts}", holds)


def finished(kind: str) -> Until:
    """Wait for the end of the Job."""
    return reason(kind, {"Failed": "BackoffLimitExceeded"}.get(kind, ""), JOB_PATH)


COMPLETE = Until("complete", _complete)
COUNTED_QUOTA = Until(
    "the quota is known",
    lambda api: all(
        "hard" in item["status"] for item in api.get(f"{_CORE}/resourcequotas")["items"]
    ),
)
REFUSED = Until(
    "no pod has a node",
    lambda api: all(
        pod["status"].get("conditions") and not pod["spec"].get("nodeName")
        for pod in api.get(f"{_CORE}/pods")["items"]
    ),
)
TOLD = Until(
    "a refusal is told",
    lambda api: any(
        item["reason"].startswith("Failed") for item in api.get(f"{_CORE}/events")["items"]
    ),
)
GONE = Until(
    "all is gone",
    lambda api: (
        not any(
            api.get(path)["items"]
            for path in (f"{_APPS}/deployments", f"{_APPS}/replicasets", f"{_CORE}/pods")
        )
    ),
)
