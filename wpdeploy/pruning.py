"""Pruning: what the release that succeeded no longer has, and nobody else needs.

A fixed list of kinds, and of these only what wpdeploy itself has applied for this environment. Not
in the list: what holds data (a PersistentVolumeClaim), and what no setting switches off (the
Deployment, a Service, a ServiceAccount).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wpdeploy import handover, record
from wpdeploy.kinds import (
    FIELD_MANAGER,
    JOB,
    Manifest,
    collection,
    labels,
    path_of,
    selector,
    title,
    without_jobs,
)
from wpdeploy.record import Record

# With the path of each on the API server, which has none of ours where it lacks the API.
_PRUNED: Mapping[str, tuple[str, str]] = {
    "Ingress": ("networking.k8s.io/v1", "ingresses"),
    "CronJob": ("batch/v1", "cronjobs"),
    JOB: ("batch/v1", "jobs"),
    "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets"),
    "HorizontalPodAutoscaler": ("autoscaling/v1", "horizontalpodautoscalers"),
    "NetworkPolicy": ("networking.k8s.io/v1", "networkpolicies"),
    "ConfigMap": ("v1", "configmaps"),
}
# Whose pod templates name a Secret or a ConfigMap: of these all are looked at, whoever made them.
_REFERRERS: Mapping[str, tuple[str, str]] = {
    "ReplicaSet": ("apps/v1", "replicasets"),
    JOB: ("batch/v1", "jobs"),
    "CronJob": ("batch/v1", "cronjobs"),
}


class Cluster(Protocol):
    """The API server, as far as pruning needs it."""

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Manifest | None:
        """The object or list at the path; None where there is none, or no such API."""

    def delete(self, manifest: Manifest) -> None:
        """Delete the object if it is still the one of that uid and resourceVersion."""


@dataclass(frozen=True)
class Inventory:
    """What wpdeploy has made for an environment, and the names in pod templates, by title."""

    owned: tuple[Manifest, ...]
    mentions: Mapping[str, frozenset[str]]


def survey(cluster: Cluster, namespace: str, instance: str) -> Inventory:
    """Look at what there is; it changes nothing."""
    own = {"labelSelector": selector(instance)}
    found: dict[str, list[Manifest]] = {}
    for kind, (version, plural) in {**_PRUNED, **_REFERRERS}.items():
        path = collection(version, plural, namespace)
        listed = cluster.get(path, path, {} if kind in _REFERRERS else own) or {"items": []}
        found[kind] = [{"apiVersion": version, "kind": kind} | item for item in listed["items"]]
    owned = [item for kind in _PRUNED for item in found[kind] if _is_ours(item, instance)]
    referrers = [item for kind in _REFERRERS for item in found[kind]]
    mentions = {title(item): frozenset(_strings(item["spec"])) for item in referrers}
    return Inventory(tuple(owned), mentions)


def plan(inventory: Inventory, records: Sequence[Record]) -> tuple[Manifest, ...]:
    """What to delete, in this order, after the newest of the records has succeeded.

    A Job goes whether it has ended or not: nobody waits for it any more, and no rollback runs it;
    what only Jobs of the past had, an administrator's password, goes with them. A ConfigMap of a
    release comes with its Secret, which wpdeploy may not list, after it: what is left of an
    interrupted pruning is found again.
    """
    kept = {title(manifest) for manifest in records[0].manifests}
    left = [item for item in inventory.owned if title(item) not in kept]
    due = [item for item in left if item["kind"] != "ConfigMap"]
    gone = {title(item) for item in due}
    mentioned = set(_strings([[item.config, without_jobs(item.manifests)] for item in records]))
    mentioned.update(*(names for one, names in inventory.mentions.items() if one not in gone))
    for item in left:
        if item["kind"] == "ConfigMap" and item["metadata"]["name"] not in mentioned:
            due += [_secret_of(item), item] if item.get("immutable") else [item]
    return tuple(due)


def prune(
    cluster: Cluster, due: Sequence[Manifest], instance: str, tell: Callable[[str], None]
) -> None:
    """Delete what is due, as it was found; the first error ends it."""
    for item in due:
        found = item
        if item["kind"] == "Secret":
            live = cluster.get(path_of(item), title(item))
            if live is None or not _is_ours(live, instance):
                continue
            found = live
        cluster.delete(found)
        tell(f"{title(item)} deleted: the release does not have it")


def _is_ours(item: Manifest, instance: str) -> bool:
    """Whether wpdeploy applied it for this environment; a copy may have its labels as well."""
    metadata = item["metadata"]
    given = metadata.get("labels") or {}
    return (
        labels(instance).items() <= given.items()
        and handover.owns(item, FIELD_MANAGER)
        and record.LABEL not in given
        and "deletionTimestamp" not in metadata
        and not metadata.get("ownerReferences")
    )


def _secret_of(config_map: Manifest) -> Manifest:
    metadata = {key: config_map["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def _strings(value: Any) -> Iterator[str]:
    """Every string in it: a name that any part of a template could mean is not pruned."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _strings(item)
