"""The kinds of objects that wpdeploy applies: their order, and where the API server has them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Manifest = dict[str, Any]
FIELD_MANAGER = "wpdeploy"
JOB = "Job"


class Kind(NamedTuple):
    """A kind's plural in the API's paths, and the API versions that a template may name."""

    plural: str
    api_versions: tuple[str, ...]
    namespaced: bool = True


# What a deployment applies, in order: what a pod needs before it starts comes before the Jobs and
# the Deployment, what looks at its pods comes after it.
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
# What an administrator applies once, by `bootstrap`, in order.
ADMINISTERED: Mapping[str, Kind] = {
    "Namespace": Kind("namespaces", ("v1",), namespaced=False),
    "Role": Kind("roles", ("rbac.authorization.k8s.io/v1",)),
    "RoleBinding": Kind("rolebindings", ("rbac.authorization.k8s.io/v1",)),
    "ConfigMap": KINDS["ConfigMap"],
    "StorageClass": Kind("storageclasses", ("storage.k8s.io/v1",), namespaced=False),
    "IngressClassParams": Kind("ingressclassparams", ("eks.amazonaws.com/v1",), namespaced=False),
    "IngressClass": Kind("ingressclasses", ("networking.k8s.io/v1",), namespaced=False),
}
_ALL = {**KINDS, **ADMINISTERED}
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
    return f"{api(api_version)}/namespaces/{namespace}/{plural}"


def api(api_version: str) -> str:
    """The path of an API's version on the API server."""
    return f"/{'apis' if '/' in api_version else 'api'}/{api_version}"


def kind_of(manifest: Manifest) -> Kind:
    """The row of the object's kind."""
    return _ALL[manifest["kind"]]


def path_of(manifest: Manifest) -> str:
    """The path of the object on the API server."""
    kind, version, metadata = kind_of(manifest), manifest["apiVersion"], manifest["metadata"]
    if not kind.namespaced:
        return f"{api(version)}/{kind.plural}/{metadata['name']}"
    return f"{collection(version, kind.plural, metadata['namespace'])}/{metadata['name']}"


def title(manifest: Manifest) -> str:
    """How the object is called in messages: `Deployment wordpress`."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


# Those of an object that several environments may share.
SHARED_LABELS: Mapping[str, str] = {
    "app.kubernetes.io/part-of": "wordpress",
    "app.kubernetes.io/managed-by": "wpdeploy",
}


def labels(instance: str) -> dict[str, str]:
    """The labels of every object of an environment; `instance` is its Deployment's name."""
    own = {"app.kubernetes.io/name": "wordpress", "app.kubernetes.io/instance": instance}
    return {**own, **SHARED_LABELS}


def selector(instance: str) -> str:
    """The label selector for the objects of an environment that wpdeploy has made."""
    names = ("app.kubernetes.io/instance", "app.kubernetes.io/managed-by")
    return ",".join(f"{name}={labels(instance)[name]}" for name in names)
