"""The scripts about Leases, which locks are built on, and about the options of requests."""

from collections.abc import Callable
from typing import Any

from tests.differential.api import JSON_PATCH, MERGE, Json, Reply, Step
from tests.differential.bodies import (
    ACCOUNT,
    APPS,
    BATCH,
    BINDING,
    CLAIM,
    CONFIG,
    CONFIGMAPS,
    CORE,
    HPA,
    INGRESS,
    JOB,
    LEASE,
    LEASE_PATH,
    NETWORK,
    NOBODY,
    OWN_EVENT,
    PAUSED,
    POD,
    PODS,
    POLICY,
    QUOTA,
    RBAC,
    ROLE,
    SCALER,
    SECRET,
    apply,
    config,
    merged,
    replaced,
    service,
    version_of,
)

LOCK = f"{LEASE_PATH}/lock"
LONG = "x" * 129
# A kind and its version are all that it says.
BARE = {key: LEASE[key] for key in ("apiVersion", "kind", "metadata")}


def lease(**spec: Any) -> Json:
    found: Json = merged(LEASE, {"spec": spec})
    return found


def at(second: int) -> Json:
    return lease(renewTime=f"2026-11-01T12:00:{second}.000001Z")


def only(index: int, *fields: str, **more: Any) -> Callable[[list[Reply]], Json]:
    """Delete no other object, or version of it, than an earlier answer's."""

    def made(seen: list[Reply]) -> Json:
        metadata = seen[index].body["metadata"]
        return {"preconditions": {field: metadata[field] for field in fields}, **more}

    return made


VERSION, UID = "resourceVersion", "uid"
LOCKS: dict[str, list[Step]] = {
    "a lock": [
        Step("POST", LEASE_PATH, LEASE, query={"dryRun": "All"}),
        Step("GET", LOCK),
        Step("POST", LEASE_PATH, LEASE),
        Step("POST", LEASE_PATH, LEASE),
        Step("PUT", LOCK, LEASE),
        Step("PUT", LOCK, replaced(2, {"spec": {"holderIdentity": "d-2"}})),
        Step("PUT", LOCK, replaced(2, {"spec": {"holderIdentity": "d-3"}})),
        Step("PATCH", LOCK, version_of(2, {"spec": {"holderIdentity": "x"}}), MERGE),
        Step("PATCH", LOCK, {"spec": {"holderIdentity": None}}, MERGE),
        Step("PATCH", LOCK, {"spec": {"holderIdentity": ""}}, MERGE),
        Step("PATCH", LOCK, [{"op": "test", "path": "/spec/holderIdentity", "value": "x"}],
             JSON_PATCH),
        Step("PUT", LOCK, replaced(9, {"metadata": {"uid": NOBODY}})),
        Step("PUT", LOCK, replaced(9, {"metadata": {"resourceVersion": "0"}})),
        Step("PUT", LOCK, replaced(9, {"metadata": {"resourceVersion": "x"}})),
        Step("DELETE", LOCK, only(2, VERSION)),
        Step("DELETE", LOCK, {"preconditions": {"uid": NOBODY}}),
        Step("DELETE", LOCK, only(2, UID, VERSION)),
        Step("DELETE", LOCK, only(9, UID, VERSION, dryRun=["All"])),
        Step("DELETE", LOCK, only(9, UID, VERSION)),
        Step("DELETE", LOCK),
    ],
    "a lock that is applied": [
        apply(LOCK, LEASE, "wpdeploy"),
        apply(LOCK, lease(holderIdentity="d-2"), "other"),
        apply(LOCK, lease(holderIdentity="d-2"), "other", force="true"),
        apply(LOCK, LEASE, "wpdeploy"),
        apply(LOCK, LEASE, "wpdeploy", force="true"),
        apply(LOCK, merged(LEASE, {"metadata": {"resourceVersion": "1"}}), "wpdeploy"),
        apply(LOCK, version_of(4, at(10)), "wpdeploy"),
        apply(LOCK, version_of(4, at(20)), "wpdeploy"),
        Step("DELETE", LOCK),
        apply(LOCK, BARE),
    ],
    "what is wrong with a lock": [
        *(Step("POST", LEASE_PATH, lease(acquireTime=f"2026-11-01T12:00:00{end}"))
          for end in ("Z", ".5Z", ".123456789Z", ".123456", "")),
        apply(LOCK, lease(acquireTime="2026-11-01T12:00:00Z")),
        apply(LOCK, lease(acquireTime="2026-11-01T12:00:00.5Z")),
        Step("POST", LEASE_PATH, lease(leaseDurationSeconds=0)),
        Step("POST", LEASE_PATH, lease(leaseDurationSeconds=-1, leaseTransitions=-1)),
        Step("POST", LEASE_PATH, lease(leaseDurationSeconds="x")),
        apply(LOCK, lease(leaseDurationSeconds=0)),
        Step("POST", LEASE_PATH, lease(acquireTime="2026-11-01T13:00:00.123456+01:00")),
    ],
    "made by a PUT": [
        Step("PUT", LOCK, LEASE),
        Step("PUT", LOCK, merged(LEASE, {"metadata": {"resourceVersion": "5"}})),
        Step("PUT", f"{LEASE_PATH}/two", merged(LEASE, {"metadata": {
            "name": "two", "resourceVersion": "5"}})),
        Step("PUT", f"{LEASE_PATH}/three", merged(LEASE, {"metadata": {
            "name": "three", "uid": NOBODY}})),
        Step("PUT", f"{LEASE_PATH}/four", merged(LEASE, {"metadata": {"name": "five"}})),
        Step("DELETE", LEASE_PATH, query={"labelSelector": "a=b"}),
        Step("DELETE", LEASE_PATH),
        Step("PUT", f"{CORE}/endpoints/e", {"metadata": {"name": "e"}}),
        Step("PUT", f"{CORE}/events/e.1", OWN_EVENT),
        Step("PUT", f"{RBAC}/roles/r", ROLE),
        Step("PUT", f"{RBAC}/rolebindings/r", BINDING),
        Step("PUT", f"{CORE}/services/web", service()),
        Step("PUT", f"{CORE}/serviceaccounts/web", ACCOUNT),
        Step("PUT", f"{CORE}/secrets/s", SECRET),
        Step("PUT", f"{HPA}/web", SCALER),
        Step("PUT", f"{APPS}/deployments/web", PAUSED),
        Step("PUT", f"{NETWORK}/ingresses/web", INGRESS),
        Step("PUT", f"{NETWORK}/networkpolicies/web", POLICY),
        Step("PUT", f"{CORE}/resourcequotas/few", QUOTA),
        Step("PUT", f"{BATCH}/jobs/install", JOB),
        Step("PUT", f"{CORE}/persistentvolumeclaims/uploads", CLAIM),
        Step("PUT", f"{PODS}/one", POD),
    ],
    "options": [
        Step("POST", CONFIGMAPS, config(), query={"dryRun": "Some"}),
        Step("POST", CONFIGMAPS, config(), query={"fieldManager": LONG}),
        apply(CONFIG, config(), dryRun="None"),
        apply(CONFIG, config(), manager=LONG),
        apply(CONFIG, config(), force="maybe"),
        *(Step("PATCH", CONFIG, {"data": {}}, MERGE, query)
          for query in ({"force": "true"}, {"dryRun": "Some"}, {"fieldManager": LONG})),
        *(Step("PUT", CONFIG, config(), query=query)
          for query in ({"dryRun": "Some"}, {"fieldManager": LONG})),
        *(Step("DELETE", CONFIG, query=query) for query in (
            {"dryRun": "Some"}, {"propagationPolicy": "X"}, {"gracePeriodSeconds": "x"})),
        *(Step("DELETE", CONFIG, body) for body in (
            {"propagationPolicy": "X"}, {"orphanDependents": True, "propagationPolicy": "Orphan"})),
        Step("PUT", CONFIG, config(data={"a": "1"}), query={"dryRun": "All"}),
        Step("PATCH", CONFIG, {"data": {"a": "1"}}, MERGE, {"dryRun": "All"}),
        Step("DELETE", CONFIG, {"dryRun": ["All"]}),
        Step("GET", CONFIG),
        Step("POST", CONFIG, config()),
        Step("OPTIONS", CONFIG),
        Step("HEAD", CONFIG),
    ],
}  # fmt: skip
