"""The kinds of objects that wpdeploy deploys: their order, and where the API server has them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Manifest = dict[str, Any]
FIELD_MANAGER = "wpdeploy"
JOB = "Job"


class Kind(NamedTuple):
    """A kind's plural in the API's paths, and the API versions that a template may name."""

    plural: str
    api_versions: tuple[str, ...]


# In the order of applying: what a pod needs before it starts comes before the Jobs and the
# Deployment, what looks at its pods comes after it.
KINDS: Mapping[str, Kind] = {
    "ServiceAccount": Kind("serviceaccounts", ("v1",)),
    "NetworkPolicy": Kind("networkpolicies", ("networking.k8s.io/v1",)),
    "Secret": Kind("secrets", ("v1",)),
    "ConfigMap": Kind("configmaps", ("v1",)),
    JOB: Kind("jobs", ("batch/v1",)),
    "PersistentVolumeClaim": Kind("persistentvolumeclaims", ("v1",)),
    "Service": Kind("services", ("v1",)),
    "Deployment": Kind("deployments", ("apps/v1",)),
    "HorizontalPodAutoscaler": Kind(
        "horizontalpodautoscalers", ("autoscaling/v1", "autoscaling/v2")
    ),
    "PodDisruptionBudget": Kind("poddisruptionbudgets", ("policy/v1",)),
    "CronJob": Kind("cronjobs", ("batch/v1",)),
    "Ingress": Kind("ingresses", ("networking.k8s.io/v1",)),
}
RANK: Mapping[str, int] = {kind: rank for rank, kind in enumerate(KINDS)}


class Phases(NamedTuple):
    """What is applied before the Jobs, the Jobs, and what waits for them to be complete."""

    before: tuple[Manifest, ...]
    jobs: tuple[Manifest, ...]
    after: tuple[Manifest, ...]


def phases(manifests: Sequence[Manifest]) -> Phases:
    """The manifests by when they are applied."""
    ranked = [(RANK[item["kind"]] - RANK[JOB], item) for item in manifests]
    return Phases(
        before=tuple(item for rank, item in ranked if rank < 0),
        jobs=tuple(item for rank, item in ranked if rank == 0),
        after=tuple(item for rank, item in ranked if rank > 0),
    )


def without_jobs(manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """What a rollback applies: a Job goes forward, and none takes back what another has done."""
    return tuple(item for item in manifests if item["kind"] != JOB)


def collection(api_version: str, plural: str, namespace: str) -> str:
    """The path of a namespaced collection on the API server."""
    prefix = "/apis" if "/" in api_version else "/api"
    return f"{prefix}/{api_version}/namespaces/{namespace}/{plural}"


def path_of(manifest: Manifest) -> str:
    """The path of the object on the API server."""
    metadata = manifest["metadata"]
    plural = KINDS[manifest["kind"]].plural
    return f"{collection(manifest['apiVersion'], plural, metadata['namespace'])}/{metadata['name']}"


def title(manifest: Manifest) -> str:
    """How the object is called in messages: `Deployment wordpress`."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def labels(instance: str) -> dict[str, str]:
    """The labels of every object of an environment; `instance` is its Deployment's name."""
    return {
        "app.kubernetes.io/name": "wordpress",
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/part-of": "wordpress",
        "app.kubernetes.io/managed-by": "wpdeploy",
    }


def selector(instance: str) -> str:
    """The label selector for the objects of an environment that wpdeploy has made."""
    names = ("app.kubernetes.io/instance", "app.kubernetes.io/managed-by")
    return ",".join(f"{name}={labels(instance)[name]}" for name in names)
