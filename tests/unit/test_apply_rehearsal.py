"""A rehearsal refuses what would be refused, all at once, before anything is touched."""

from typing import Any

import pytest

from tests.unit.fake_cluster import (
    FakeCluster,
    config_map,
    conflict,
    deployment,
    live,
    managed,
    refused,
)
from wpdeploy import apply
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError, Exit, ManifestError, WpdeployError
from wpdeploy.handover import KUBECTL
from wpdeploy.kinds import Manifest

DEPLOYMENT = deployment(replicas=2)
FORCE_HINT = (
    "nothing was changed; leave the field out of the template, or take it over "
    "once by hand: render and apply, or bootstrap, with --force-conflicts"
)
IMAGE = '.spec.template.spec.containers[name="w"].image'
# A Deployment that `kubectl apply` made.
KUBECTLS = live(DEPLOYMENT, managed(KUBECTL, "Update", {"f:spec": {"f:replicas": {}}}))
OURS = managed("wpdeploy", "Apply", {"f:spec": {"f:replicas": {}}})


def _refusal(cluster: FakeCluster, *manifests: Manifest) -> WpdeployError:
    with pytest.raises(WpdeployError) as caught:
        apply.rehearse(cluster, manifests)
    return caught.value


def test_every_object_is_tried_and_none_is_written() -> None:
    lives = live(DEPLOYMENT)
    cluster = FakeCluster(lives)

    found = apply.rehearse(cluster, [config_map(), DEPLOYMENT])

    assert found == {"ConfigMap w": None, "Deployment w": lives}
    assert cluster.requests == [
        "get ConfigMap w",
        "get Deployment w",
        "dry-run ConfigMap w",
        "dry-run Deployment w",
    ]


def test_conflicts_can_be_forced() -> None:
    cluster = FakeCluster()

    apply.rehearse(cluster, [DEPLOYMENT], force=True)

    assert cluster.requests == ["get Deployment w", "force dry-run Deployment w"]


# Refusals


def test_all_refusals_are_told_together_the_same_ones_once() -> None:
    cluster = FakeCluster()
    cluster.refuse("dry-run ConfigMap a", refused("ConfigMap a", 400, "no é"))
    cluster.refuse("dry-run Deployment w", refused("Deployment w", 422, 'spec: odd "{{"'))
    cluster.refuse("dry-run ConfigMap b", refused("ConfigMap b", 400, "no é"))

    error = _refusal(cluster, config_map("a"), DEPLOYMENT, config_map("b"))

    assert str(error) == (
        "API server, dry-run: ConfigMap a, ConfigMap b: PATCH refused (400): no é; "
        'Deployment w: invalid: spec: odd "{{" (correct its template in k8s)'
    )
    assert (type(error), error.exit_code) == (ClusterError, Exit.CLUSTER)


def test_an_object_that_the_server_cannot_read_is_the_templates_fault() -> None:
    cluster = FakeCluster()
    message = "failed to create typed patch object: .spec.replicas: expected numeric"
    cluster.refuse("dry-run Deployment w", refused("Deployment w", 500, message))

    error = _refusal(cluster, DEPLOYMENT)

    assert (type(error), error.exit_code) == (ManifestError, Exit.MANIFEST)


def test_a_conflict_names_the_field_and_who_owns_it() -> None:
    cluster = FakeCluster(live(DEPLOYMENT))
    cluster.refuse(
        "dry-run Deployment w",
        conflict("Deployment w", (IMAGE, "argocd"), (".spec.paused", "kubectl-edit")),
    )

    error = _refusal(cluster, DEPLOYMENT)

    assert error.problems == (
        f'Deployment w: {IMAGE} is owned by "argocd"',
        'Deployment w: .spec.paused is owned by "kubectl-edit"',
    )
    assert error.hint == FORCE_HINT


def test_a_409_without_an_owner_is_a_refusal() -> None:
    cluster = FakeCluster()
    cluster.refuse("dry-run Deployment w", refused("Deployment w", 409, "is being deleted"))

    error = _refusal(cluster, DEPLOYMENT)

    assert error.problems == ("Deployment w: PATCH refused (409): is being deleted",)


def test_what_is_not_the_servers_refusal_ends_the_rehearsal_at_once() -> None:
    cluster = FakeCluster()
    unreachable = ClusterError("API server", "cannot be reached")
    cluster.refuse("dry-run ConfigMap w", unreachable)

    assert _refusal(cluster, config_map(), DEPLOYMENT) is unreachable
    assert "dry-run Deployment w" not in cluster.requests


@pytest.mark.parametrize("manager", ["kube-controller-manager", "wpdeploy-seed"])
def test_the_number_of_replicas_is_given_back_by_autoscalers(manager: str) -> None:
    cluster = FakeCluster(live(DEPLOYMENT))
    cluster.refuse("dry-run Deployment w", conflict("Deployment w", (".spec.replicas", manager)))

    assert apply.rehearse(cluster, [DEPLOYMENT]) == {"Deployment w": live(DEPLOYMENT)}


@pytest.mark.parametrize(
    ("field", "manager"),
    [
        (".spec.replicas", "argocd"),
        (".spec.paused", "kube-controller-manager"),
        (".spec.replicas", KUBECTL),
    ],
)
def test_nothing_else_is_given_back(field: str, manager: str) -> None:
    cluster = FakeCluster(live(DEPLOYMENT))
    cluster.refuse("dry-run Deployment w", conflict("Deployment w", (field, manager)))

    assert _refusal(cluster, DEPLOYMENT).problems == (
        f'Deployment w: {field} is owned by "{manager}"',
    )


# The handover


def test_what_kubectl_applied_is_handed_over_and_tried_again() -> None:
    cluster = FakeCluster(KUBECTLS)

    found = apply.rehearse(cluster, [config_map(), DEPLOYMENT])

    assert found == {"ConfigMap w": None, "Deployment w": live(DEPLOYMENT, OURS)}
    assert cluster.requests[2:] == [
        "dry-run ConfigMap w",
        "dry-run Deployment w",
        "get Deployment w",
        "patch Deployment w",
        "dry-run Deployment w",
    ]


@pytest.mark.parametrize(
    "error",
    [
        conflict("Deployment w", (".spec.replicas", KUBECTL), (IMAGE, KUBECTL)),
        conflict("Deployment w", (".spec.replicas", "wpdeploy-seed"), (IMAGE, KUBECTL)),
        refused("Deployment w", 422, 'env[0].valueFrom: may not be specified with "value"'),
    ],
    ids=["kubectl's fields", "kubectl's and the autoscaler's", "two forms of value"],
)
def test_what_a_handover_cures_is_no_refusal(error: ApiError) -> None:
    cluster = FakeCluster(KUBECTLS)
    cluster.refuse("dry-run Deployment w", error)

    assert apply.rehearse(cluster, [DEPLOYMENT]) == {"Deployment w": live(DEPLOYMENT, OURS)}


def test_what_a_handover_did_not_cure_is_a_refusal() -> None:
    cluster = FakeCluster(KUBECTLS)
    odd = refused("Deployment w", 422, "spec.replicas: odd")
    cluster.refuse("dry-run Deployment w", odd, odd)

    assert _refusal(cluster, DEPLOYMENT).problems == ("Deployment w: invalid: spec.replicas: odd",)


def test_nothing_is_handed_over_while_another_object_is_refused() -> None:
    cluster = FakeCluster(KUBECTLS)
    cluster.refuse("dry-run ConfigMap w", conflict("ConfigMap w", (".data", "argocd")))

    assert _refusal(cluster, config_map(), DEPLOYMENT).problems == (
        'ConfigMap w: .data is owned by "argocd"',
    )
    assert "patch Deployment w" not in cluster.requests


def test_a_conflict_beside_kubectls_is_told_without_what_the_handover_would_cure() -> None:
    cluster = FakeCluster(KUBECTLS)
    cluster.refuse(
        "dry-run Deployment w",
        conflict("Deployment w", (".spec.replicas", KUBECTL), (IMAGE, "argocd")),
    )

    assert _refusal(cluster, DEPLOYMENT).problems == (
        f'Deployment w: {IMAGE} is owned by "argocd"',
    )
    assert "patch Deployment w" not in cluster.requests


def test_a_handover_that_a_controller_overtakes_looks_again() -> None:
    cluster = FakeCluster(KUBECTLS)
    overtaken = refused("Deployment w", 409, "the object has been modified")
    cluster.refuse("patch Deployment w", *[overtaken] * 4)

    assert apply.rehearse(cluster, [DEPLOYMENT]) == {"Deployment w": live(DEPLOYMENT, OURS)}
    assert cluster.requests[2:] == [
        *["get Deployment w", "patch Deployment w"] * 5,
        "dry-run Deployment w",
    ]


def test_a_handover_that_is_always_overtaken_is_an_error() -> None:
    cluster = FakeCluster(KUBECTLS)
    overtaken = refused("Deployment w", 409, "the object has been modified")
    cluster.refuse("patch Deployment w", *[overtaken] * 6)

    assert _refusal(cluster, DEPLOYMENT) is overtaken
    assert cluster.requests.count("patch Deployment w") == 5


def test_a_handover_that_is_forbidden_is_an_error_at_once() -> None:
    cluster = FakeCluster(KUBECTLS)
    forbidden = refused("Deployment w", 403, "no")
    cluster.refuse("patch Deployment w", forbidden)

    assert _refusal(cluster, DEPLOYMENT) is forbidden
    assert cluster.requests.count("patch Deployment w") == 1


class Changing(FakeCluster):
    """Between the first look and the second, the object becomes another, or goes."""

    def __init__(self, first: Manifest, second: Manifest | None) -> None:
        super().__init__(first)
        self._looks = [first, second]

    def get(self, path: str, where: str, query: Any = None) -> Manifest | None:
        super().get(path, where, query)
        return self._looks.pop(0)


@pytest.mark.parametrize("second", [None, live(DEPLOYMENT, OURS)], ids=["gone", "handed over"])
def test_a_handover_that_is_due_no_longer_is_left_out(second: Manifest | None) -> None:
    cluster = Changing(KUBECTLS, second)

    assert apply.rehearse(cluster, [DEPLOYMENT]) == {"Deployment w": second}
    assert "patch Deployment w" not in cluster.requests
