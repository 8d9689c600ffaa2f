"""How objects go: at once, after a grace period, or when their finalizers are gone. Pure."""

from datetime import datetime, timedelta

from sandbox.kubernetes.schema import Json, with_metadata
from sandbox.kubernetes.statuses import conflict
from sandbox.kubernetes.targets import Target

_TIME = "%Y-%m-%dT%H:%M:%SZ"
# What an object waits for, by the policy of its deletion.
FINALIZERS = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}
# Kinds whose dependents stay unless the deletion says otherwise, as they once did of all.
_ORPHANING = {("batch/v1", "Job"), ("batch/v1beta1", "CronJob")}
_ENDED = ("Succeeded", "Failed")


def check_preconditions(target: Target, live: Json, wanted: Json) -> None:
    """409 for another object, or another version of it, than the one to be deleted."""
    for field, word, ending in (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ):
        value, found = wanted.get(field), live["metadata"].get(field)
        if value is not None and value != found:
            raise conflict(
                target.by_kind,
                f"the {word} in the precondition ({value}) does not match the {word} in record "
                f"({found}). The object might have been {ending}",
            )


def with_policy(live: Json, options: Json) -> Json:
    """The object, waiting for what the deletion wants done with its dependents before it goes."""
    policy = options.get("propagationPolicy")
    if policy is None and "orphanDependents" in options:
        policy = "Orphan" if options["orphanDependents"] else "Background"
    before = live["metadata"].get("finalizers") or []
    if policy is None and (live["apiVersion"], live["kind"]) in _ORPHANING:
        policy = "Orphan"
    if policy is None:
        return live
    wanted = FINALIZERS.get(policy, "")
    kept = [each for each in before if each not in FINALIZERS.values()]
    after = [*kept, wanted] if wanted else kept
    return live if after == before else with_metadata(live, finalizers=after or None)


def is_due(item: Json) -> bool:
    """Whether nothing keeps a deleted object any more."""
    metadata = item["metadata"]
    waits = metadata.get("deletionGracePeriodSeconds") or metadata.get("finalizers")
    return "deletionTimestamp" in metadata and not waits and not _pending(item)


def marked(live: Json, wanted: int | None, now: datetime) -> Json | None:
    """The object with its deletion begun; None for one that goes without any ceremony."""
    metadata = live["metadata"]
    if live["kind"] != "Pod" and not metadata.get("finalizers") and not _pending(live):
        return None
    period = _grace(live, wanted)
    if "deletionTimestamp" in metadata:
        if period >= metadata.get("deletionGracePeriodSeconds", 0):
            return live
        return _sooner(live, period)
    moment = (now + timedelta(seconds=period)).strftime(_TIME)
    found = with_metadata(live, deletionTimestamp=moment, deletionGracePeriodSeconds=period)
    if "generation" in metadata:
        found["metadata"]["generation"] += 1
    if live["kind"] == "Namespace":
        found["metadata"].pop("deletionGracePeriodSeconds")
        found["status"] = {"phase": "Terminating"}
    return found


def _sooner(live: Json, period: int) -> Json:
    metadata = live["metadata"]
    gained = timedelta(seconds=metadata["deletionGracePeriodSeconds"] - period)
    moment = (datetime.fromisoformat(metadata["deletionTimestamp"]) - gained).strftime(_TIME)
    return with_metadata(live, deletionTimestamp=moment, deletionGracePeriodSeconds=period)


def _grace(live: Json, wanted: int | None) -> int:
    if live["kind"] != "Pod" or not live["spec"].get("nodeName"):
        return 0
    if live["status"].get("phase") in _ENDED:
        return 0
    default = live["metadata"].get("deletionGracePeriodSeconds")
    if default is None:
        default = live["spec"]["terminationGracePeriodSeconds"]
    return int(default if wanted is None else wanted)


def _pending(item: Json) -> bool:
    """Whether a namespace still has its finalizer, which is not in its metadata."""
    return item["kind"] == "Namespace" and bool(item.get("spec", {}).get("finalizers"))
