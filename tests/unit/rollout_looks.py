"""A rollout as an API server shows it, one look after the other; each look is raw JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.unit import api_objects as api
from tests.unit.rollout_states import NOW, WINDOW, ago
from wpdeploy.grace import Grace
from wpdeploy.observation import Observation
from wpdeploy.observed import Snapshot
from wpdeploy.record import AppliedAt
from wpdeploy.stability import Judge
from wpdeploy.streams import Watch
from wpdeploy.target import KubeconfigCluster, Target
from wpdeploy.verdict import Verdict

Json = dict[str, Any]
OLD, NEW = api.replica_set("old", "3"), api.replica_set("new", "4")


class Shown:
    """The API server as far as an observation needs it: the lists that it is given, its time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.lists: Mapping[str, Sequence[Json]] = {}

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Json | None:  # noqa: ARG002  # the protocol's
        return api.listing(*self.lists[path.rpartition("/")[2]])

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        raise AssertionError(f"nobody waits: {path} {query}")

    def server_time(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} s")


def observation(shown: Shown, applied: AppliedAt | None, grace: Grace | None = None) -> Observation:
    """An Observation of what is shown, with nothing between the two."""
    where = KubeconfigCluster("k", None)
    target = Target(where, "shop", "web", 900, stability_window=WINDOW, grace=grace or Grace())
    return Observation(shown, target, applied, shown, print)


@dataclass(frozen=True)
class Look:
    """What is shown at so many seconds after NOW: three pods that are ready, if nothing is said.

    `events` are None where they cannot be listed; `serving` has the names of the pods that serve,
    None for all that are ready.
    """

    pods: Sequence[Json] = field(default_factory=lambda: ready(3))
    deployment: Json | None = field(default_factory=lambda: complete(3))
    replica_sets: Sequence[Json] = (OLD, NEW)
    serving: Sequence[str] | None = None
    events: Sequence[Json] | None = ()
    at: float = 0

    def lists(self) -> Mapping[str, Sequence[Json]]:
        """The API server's lists."""
        names = [_name(pod) for pod in self.pods if _is_ready(pod)]
        serving = names if self.serving is None else self.serving
        slices = [api.endpoint_slice(*(api.endpoint(f"uid-of-{name}") for name in serving))]
        return {
            "deployments": [self.deployment] if self.deployment else [],
            "replicasets": self.replica_sets,
            "pods": self.pods,
            "endpointslices": slices,
            "events": self.events or (),
        }


def judged(looks: Sequence[Look], applied: AppliedAt | None, grace: Grace | None = None) -> Verdict:
    """What it comes to when all has been looked at."""
    shown, judge, first = Shown(NOW), Judge(), looks[0]
    shown.lists = {**first.lists(), "deployments": [complete(3)]}
    found, verdicts = observation(shown, applied, grace), list[Verdict]()
    for look in looks:
        shown.lists, shown.now = look.lists(), NOW + timedelta(seconds=look.at)
        verdicts.append(judge(_snapshot(found, look)))
    return verdicts[-1]


def _snapshot(found: Observation, look: Look) -> Snapshot:
    found.refresh()
    if look.events is not None:
        found._streams._relist(found._events)
    return found.snapshot()


def _name(pod: Json) -> str:
    name: str = pod["metadata"]["name"]
    return name


def _is_ready(pod: Json) -> bool:
    found = [item for item in pod["status"].get("conditions", []) if item["type"] == "Ready"]
    return bool(found) and found[0]["status"] == "True"


def ready(count: int, first: int = 1) -> list[Json]:
    """So many pods of the new ReplicaSet that are ready."""
    return [api.pod(f"web-{number}") for number in range(first, first + count)]


def complete(desired: int, *conditions: Json, spec: Json | None = None, **status: Any) -> Json:
    """A Deployment whose rollout is complete, but for what is said."""
    counted = {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas"}
    counters = dict.fromkeys(sorted(counted), desired)
    found = api.deployment(conditions=list(conditions), **counters | status)
    found["spec"] |= {"replicas": desired} | (spec or {})
    return found


def begun(desired: int, exist: int = 1, *conditions: Json, **changes: Any) -> Json:
    """A Deployment with so many new pods, none of them ready."""
    none = {"readyReplicas": 0, "availableReplicas": 0}
    return complete(
        desired, *conditions, **{"replicas": exist, "updatedReplicas": exist} | none | changes
    )


def changed(pod: Json, seconds: float | None = None, **metadata: Any) -> Json:
    """The pod with other metadata, and, if said, conditions that changed so many seconds ago."""
    found = pod | {"metadata": pod["metadata"] | metadata}
    if seconds is not None:
        since = {"lastTransitionTime": api.stamp(ago(seconds))}
        conditions = [item | since for item in pod["status"]["conditions"]]
        found["status"] = pod["status"] | {"conditions": conditions}
    return found


def ending(pod: Json, seconds: float) -> Json:
    """The pod on its way out, to be gone in so many seconds."""
    return changed(pod, deletionTimestamp=api.stamp(ago(-seconds)))


def old(pod: Json) -> Json:
    """The same as a pod of the old ReplicaSet."""
    return changed(pod, ownerReferences=api.owned_by("old"), creationTimestamp=api.stamp(ago(9000)))
