"""The kinds that are served: their paths, their types, their rules, and in which profile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sandbox.kubernetes.schema import Type, parse

_METADATA_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_OLD, _NEW = "1.20", "current"
OLD_PROFILE = _OLD
PROFILES = (_OLD, _NEW)
VERSIONS: Mapping[str, str] = {_OLD: "v1.20.2", _NEW: "v1.34.0"}


ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")
_ONLY_CREATED = ("create",)


@dataclass(frozen=True)
class Resource:
    """One kind in one API version.

    `storage` is where its objects are, whatever the version; `upserts` says that a PUT makes what
    is not there.
    """

    group: str
    version: str
    plural: str
    kind: str
    struct: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    generation: Literal["", "spec", "spec and annotations"] = ""
    status: bool = False
    scale: bool = False
    verbs: tuple[str, ...] = ALL_VERBS
    upserts: bool = False
    fields: frozenset[str] = _METADATA_FIELDS
    profiles: tuple[str, ...] = PROFILES

    @property
    def api_version(self) -> str:
        """As objects name it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage(self) -> str:
        """As the store names it."""
        return f"{self.group}/{self.plural}"

    @property
    def type(self) -> Type:
        """The type of its objects."""
        return parse(self.struct, is_old=self.profiles == (_OLD,))


_POD_FIELDS = _METADATA_FIELDS | {
    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
    "status.phase", "status.podIP", "status.nominatedNodeName",
}  # fmt: skip
_EVENT_FIELDS = _METADATA_FIELDS | {
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
    "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
    "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
}  # fmt: skip
_RBAC = "rbac.authorization.k8s.io"

RESOURCES = (
    Resource("", "v1", "namespaces", "Namespace", "core.Namespace", namespaced=False,
             short=("ns",), status=True, fields=_METADATA_FIELDS | {"status.phase"},
             verbs=_NO_COLLECTION),
    Resource("", "v1", "nodes", "Node", "core.Node", namespaced=False, short=("no",),
             status=True, fields=_METADATA_FIELDS | {"spec.unschedulable"}),
    Resource("", "v1", "pods", "Pod", "core.Pod", short=("po",), status=True, fields=_POD_FIELDS),
    Resource("", "v1", "services", "Service", "core.Service", short=("svc",), status=True,
             profiles=(_NEW,)),
    Resource("", "v1", "services", "Service", "core.Service", short=("svc",), status=True,
             verbs=_NO_COLLECTION, profiles=(_OLD,)),
    Resource("", "v1", "endpoints", "Endpoints", "core.Endpoints", short=("ep",), upserts=True),
    Resource("", "v1", "secrets", "Secret", "core.Secret", fields=_METADATA_FIELDS | {"type"}),
    Resource("", "v1", "configmaps", "ConfigMap", "core.ConfigMap", short=("cm",)),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", "core.ServiceAccount", short=("sa",)),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim",
             "core.PersistentVolumeClaim", short=("pvc",), status=True),
    Resource("", "v1", "events", "Event", "core.Event", short=("ev",), fields=_EVENT_FIELDS,
             upserts=True),
    Resource("", "v1", "resourcequotas", "ResourceQuota", "core.ResourceQuota", short=("quota",),
             status=True),
    Resource("apps", "v1", "deployments", "Deployment", "apps.Deployment", short=("deploy",),
             generation="spec and annotations", status=True, scale=True),
    Resource("apps", "v1", "replicasets", "ReplicaSet", "apps.ReplicaSet", short=("rs",),
             generation="spec", status=True, scale=True),
    Resource("batch", "v1", "jobs", "Job", "batch.Job", status=True,
             fields=_METADATA_FIELDS | {"status.successful"}),
    Resource("batch", "v1", "cronjobs", "CronJob", "batchbeta.CronJob", short=("cj",),
             generation="spec", status=True, profiles=(_NEW,)),
    Resource("batch", "v1beta1", "cronjobs", "CronJob", "batchbeta.CronJob", short=("cj",),
             status=True, profiles=(_OLD,)),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget",
             "policy.PodDisruptionBudget", short=("pdb",), generation="spec", status=True,
             profiles=(_NEW,)),
    Resource("policy", "v1beta1", "poddisruptionbudgets", "PodDisruptionBudget",
             "policy.PodDisruptionBudget", short=("pdb",), generation="spec", status=True,
             profiles=(_OLD,)),
    Resource("networking.k8s.io", "v1", "ingresses", "Ingress", "networking.Ingress",
             short=("ing",), generation="spec", status=True),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy",
             "networking.NetworkPolicy", short=("netpol",), generation="spec"),
    Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass",
             "networking.IngressClass", namespaced=False, generation="spec"),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", "storage.StorageClass",
             namespaced=False, short=("sc",)),
    # Of EKS Auto Mode.
    Resource("eks.amazonaws.com", "v1", "ingressclassparams", "IngressClassParams",
             "eks.IngressClassParams", namespaced=False, generation="spec", profiles=(_NEW,)),
    Resource("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler",
             "autoscaling.HorizontalPodAutoscaler", short=("hpa",), status=True),
    Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler",
             "autoscalingbeta.HorizontalPodAutoscaler", short=("hpa",), status=True,
             profiles=(_NEW,)),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice",
             "discovery.EndpointSlice", generation="spec", profiles=(_NEW,)),
    Resource("discovery.k8s.io", "v1beta1", "endpointslices", "EndpointSlice",
             "discovery.EndpointSlice", generation="spec", profiles=(_OLD,)),
    Resource("coordination.k8s.io", "v1", "leases", "Lease", "coordination.Lease", upserts=True),
    Resource(_RBAC, "v1", "roles", "Role", "rbac.Role", upserts=True),
    Resource(_RBAC, "v1", "rolebindings", "RoleBinding", "rbac.RoleBinding", upserts=True),
    Resource(_RBAC, "v1", "clusterroles", "ClusterRole", "rbac.ClusterRole", namespaced=False,
             upserts=True),
    Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", "rbac.ClusterRoleBinding",
             namespaced=False, upserts=True),
    Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview",
             "authorization.SelfSubjectAccessReview", namespaced=False, verbs=_ONLY_CREATED),
    Resource("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview",
             "authorization.SelfSubjectRulesReview", namespaced=False, verbs=_ONLY_CREATED),
)  # fmt: skip


class Catalog:
    """The resources of one profile."""

    def __init__(self, profile: str) -> None:
        if profile not in PROFILES:
            raise ValueError(f"profile {profile!r}: choose of {', '.join(PROFILES)}")
        self.profile = profile
        # As this profile serves them, and no other.
        self.resources = [
            replace(each, profiles=(profile,)) for each in RESOURCES if profile in each.profiles
        ]
        self._by_path = {(each.group, each.version, each.plural): each for each in self.resources}
        self._by_kind = {(each.api_version, each.kind): each for each in self.resources}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at a path."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a kind."""
        return self._by_kind.get((api_version, kind))

    def stored(self, storage: str) -> Resource:
        """The resource by which controllers read and write what is stored there."""
        return next(each for each in self.resources if each.storage == storage)

    def groups(self) -> dict[str, list[str]]:
        """The API groups and their versions, the preferred one first."""
        found: dict[str, list[str]] = {}
        for each in self.resources:
            versions = found.setdefault(each.group, [])
            if each.version not in versions:
                versions.append(each.version)
        return {group: sorted(found[group], key=_preference) for group in found}

    def served(self, group: str, version: str) -> list[Resource]:
        """The resources of one group and version."""
        return [each for each in self.resources if (each.group, each.version) == (group, version)]


def _preference(version: str) -> tuple[bool, int]:
    """Stable versions first, of them the newest."""
    number, is_beta, _ = version.removeprefix("v").partition("beta")
    return bool(is_beta), -int(number)
