"""The kinds of objects: their order, their paths, what they are called."""

import pytest

from wpdeploy import kinds
from wpdeploy.kinds import Manifest

# Kubernetes' own names, from its API reference.
PATHS = {
    ("ServiceAccount", "v1"): "/api/v1/namespaces/blog/serviceaccounts/w",
    ("NetworkPolicy", "networking.k8s.io/v1"): (
        "/apis/networking.k8s.io/v1/namespaces/blog/networkpolicies/w"
    ),
    ("Secret", "v1"): "/api/v1/namespaces/blog/secrets/w",
    ("ConfigMap", "v1"): "/api/v1/namespaces/blog/configmaps/w",
    ("PersistentVolumeClaim", "v1"): "/api/v1/namespaces/blog/persistentvolumeclaims/w",
    ("Service", "v1"): "/api/v1/namespaces/blog/services/w",
    ("Deployment", "apps/v1"): "/apis/apps/v1/namespaces/blog/deployments/w",
    ("HorizontalPodAutoscaler", "autoscaling/v1"): (
        "/apis/autoscaling/v1/namespaces/blog/horizontalpodautoscalers/w"
    ),
    ("HorizontalPodAutoscaler", "autoscaling/v2"): (
        "/apis/autoscaling/v2/namespaces/blog/horizontalpodautoscalers/w"
    ),
    ("PodDisruptionBudget", "policy/v1"): (
        "/apis/policy/v1/namespaces/blog/poddisruptionbudgets/w"
    ),
    ("Job", "batch/v1"): "/apis/batch/v1/namespaces/blog/jobs/w",
    ("CronJob", "batch/v1"): "/apis/batch/v1/namespaces/blog/cronjobs/w",
    ("Ingress", "networking.k8s.io/v1"): "/apis/networking.k8s.io/v1/namespaces/blog/ingresses/w",
    ("Namespace", "v1"): "/api/v1/namespaces/w",
    ("Role", "rbac.authorization.k8s.io/v1"): (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/blog/roles/w"
    ),
    ("RoleBinding", "rbac.authorization.k8s.io/v1"): (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/blog/rolebindings/w"
    ),
    ("StorageClass", "storage.k8s.io/v1"): "/apis/storage.k8s.io/v1/storageclasses/w",
    ("IngressClassParams", "eks.amazonaws.com/v1"): (
        "/apis/eks.amazonaws.com/v1/ingressclassparams/w"
    ),
    ("IngressClass", "networking.k8s.io/v1"): "/apis/networking.k8s.io/v1/ingressclasses/w",
}


def _manifest(kind: str, api_version: str) -> Manifest:
    metadata = {"name": "w", "namespace": "blog"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


@pytest.mark.parametrize(("kind", "api_version"), PATHS, ids=" ".join)
def test_an_object_is_found_at_its_path(kind: str, api_version: str) -> None:
    assert kinds.path_of(_manifest(kind, api_version)) == PATHS[kind, api_version]


def test_these_are_all_the_kinds_and_versions_there_are() -> None:
    rows = {**kinds.KINDS, **kinds.ADMINISTERED}
    known = {(kind, version) for kind, row in rows.items() for version in row.api_versions}

    assert known == set(PATHS)


def test_a_collection_is_the_path_without_a_name() -> None:
    assert kinds.collection("v1", "pods", "blog") == "/api/v1/namespaces/blog/pods"


def test_messages_name_the_kind_and_the_object() -> None:
    assert kinds.title(_manifest("Deployment", "apps/v1")) == "Deployment w"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("ServiceAccount", "Job"),
        ("NetworkPolicy", "Job"),
        ("ConfigMap", "Job"),
        ("Job", "PersistentVolumeClaim"),
        ("Job", "Service"),
        ("ServiceAccount", "Deployment"),
        ("NetworkPolicy", "Deployment"),
        ("Secret", "Deployment"),
        ("ConfigMap", "Deployment"),
        ("PersistentVolumeClaim", "Deployment"),
        ("Service", "Deployment"),
        ("Deployment", "HorizontalPodAutoscaler"),
        ("Deployment", "PodDisruptionBudget"),
        ("Deployment", "CronJob"),
        ("Service", "Ingress"),
    ],
)
def test_what_a_pod_needs_comes_before_it_and_what_looks_at_pods_after(
    first: str, then: str
) -> None:
    assert kinds.RANK[first] < kinds.RANK[then]


def test_jobs_run_between_what_they_need_and_what_needs_them() -> None:
    account, job, site, watcher = (
        _manifest(*kind)
        for kind in (
            ("ServiceAccount", "v1"),
            ("Job", "batch/v1"),
            ("Deployment", "apps/v1"),
            ("CronJob", "batch/v1"),
        )
    )
    given = (account, job, site, watcher)
    assert kinds.phases(given) == ((account,), (job,), (site, watcher))
    assert kinds.without_jobs(given) == (account, site, watcher)


def test_what_a_deployment_applies_an_administrator_does_not_but_for_a_setting() -> None:
    assert kinds.KINDS.keys() & kinds.ADMINISTERED.keys() == {"ConfigMap"}


def test_a_namespace_comes_before_what_is_in_it_and_a_class_after_its_parameters() -> None:
    order = list(kinds.ADMINISTERED)
    assert order.index("Namespace") == 0
    assert order.index("IngressClassParams") < order.index("IngressClass")
