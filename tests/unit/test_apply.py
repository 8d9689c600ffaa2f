"""Applying what was rehearsed: in order, and with who owns the number of replicas."""

import pytest

from tests.unit.fake_cluster import (
    NOW,
    FakeCluster,
    autoscaler,
    config_map,
    conflict,
    deployment,
    live,
    managed,
    refused,
)
from wpdeploy import apply
from wpdeploy.api_status import ApiError
from wpdeploy.apply import Applied, ApplyResult
from wpdeploy.handover import KUBECTL
from wpdeploy.kinds import Manifest

OWNS_REPLICAS = managed("wpdeploy", "Apply", {"f:spec": {"f:replicas": {}, "f:paused": {}}})
LETS_GO = managed("wpdeploy", "Apply", {"f:spec": {"f:paused": {}}})


def _apply(cluster: FakeCluster, *manifests: Manifest, force: bool = False) -> ApplyResult:
    """Rehearse and apply; only what the apply asked stays noted."""
    lives = apply.rehearse(cluster, manifests, force=force)
    cluster.requests.clear()
    return apply.apply(cluster, manifests, lives, force=force)


def test_objects_are_applied_in_the_order_given_after_a_look_at_the_servers_clock() -> None:
    cluster = FakeCluster()

    result = _apply(cluster, config_map(), deployment(paused=False), autoscaler(minReplicas=2))

    assert cluster.requests == [
        "time",
        "apply ConfigMap w",
        "apply Deployment w",
        "force apply Deployment w as wpdeploy-seed",
        "apply HorizontalPodAutoscaler w",
    ]
    assert result.since == NOW


@pytest.mark.parametrize(
    ("before", "manifest", "applied"),
    [
        pytest.param(None, config_map(), Applied("ConfigMap w", "created", 0), id="new"),
        pytest.param(
            None, deployment(paused=True), Applied("Deployment w", "created", 1), id="new, counted"
        ),
        pytest.param(
            live(deployment(paused=False)),
            deployment(paused=True),
            Applied("Deployment w", "changed", 2),
            id="another generation",
        ),
        pytest.param(
            live(deployment(paused=True)),
            deployment(paused=True),
            Applied("Deployment w", "unchanged", 1),
            id="the same generation",
        ),
        pytest.param(
            live(config_map()), config_map(), Applied("ConfigMap w", "unchanged", 0), id="as it was"
        ),
        pytest.param(
            live(config_map()),
            {**config_map(), "data": {"a": "b"}},
            Applied("ConfigMap w", "changed", 0),
            id="another version",
        ),
    ],
)
def test_what_became_of_an_object_is_told(
    before: Manifest | None, manifest: Manifest, applied: Applied
) -> None:
    cluster = FakeCluster(*([before] if before else []))

    assert _apply(cluster, manifest).objects == (applied,)


def test_a_version_that_rises_for_nothing_is_no_change_where_generations_are_counted() -> None:
    """As on an API server of 1.20."""
    manifest, lives = deployment(paused=True), live(deployment(paused=True))
    cluster = FakeCluster({**lives, "metadata": {**lives["metadata"], "resourceVersion": "99"}})

    result = apply.apply(cluster, [manifest], {"Deployment w": lives})

    assert result.objects == (Applied("Deployment w", "unchanged", 1),)
    assert cluster.requests == ["time", "apply Deployment w"]


# Conflicts


def test_what_is_forced_is_forced() -> None:
    cluster = FakeCluster()

    _apply(cluster, config_map(), force=True)

    assert cluster.requests == ["time", "force apply ConfigMap w"]


def test_the_replicas_that_an_autoscaler_gives_back_are_taken_by_force() -> None:
    manifest = deployment(replicas=2)
    cluster = FakeCluster(live(deployment(replicas=5)))
    error = conflict("Deployment w", (".spec.replicas", "kube-controller-manager"))
    cluster.refuse("apply Deployment w", error)

    result = _apply(cluster, manifest)

    assert cluster.requests == ["time", "apply Deployment w", "force apply Deployment w"]
    assert result.objects == (Applied("Deployment w", "changed", 2),)


@pytest.mark.parametrize(
    "error",
    [
        refused("Deployment w", 422, "no"),
        refused("Deployment w", 409, "the object has been modified"),
        conflict("Deployment w", (".spec.replicas", "argocd")),
        conflict("Deployment w", (".spec.paused", KUBECTL)),
        conflict(
            "Deployment w", (".spec.replicas", "wpdeploy-seed"), (".spec.paused", "kubectl-edit")
        ),
    ],
    ids=["refused", "overtaken", "another owner", "kubectl by now", "another owner as well"],
)
def test_any_other_refusal_is_raised_and_the_rest_left(error: ApiError) -> None:
    cluster = FakeCluster()
    cluster.refuse("apply Deployment w", error)

    with pytest.raises(ApiError) as caught:
        _apply(cluster, deployment(), config_map())

    assert caught.value is error
    assert cluster.requests == ["time", "apply Deployment w"]


# The number of replicas, which is the autoscaler's where there is one


@pytest.mark.parametrize(
    ("spec", "replicas"), [({"minReplicas": 3}, 3), ({"minReplicas": 1}, 1), ({}, 1)]
)
def test_a_new_deployment_starts_with_the_autoscalers_least(
    spec: dict[str, int], replicas: int
) -> None:
    cluster = FakeCluster()

    result = _apply(cluster, deployment(paused=False), autoscaler(**spec))

    assert cluster.requests[1:3] == [
        "apply Deployment w",
        "force apply Deployment w as wpdeploy-seed",
    ]
    (made,) = (found for found in cluster.objects.values() if found["kind"] == "Deployment")
    assert made["spec"] == {"paused": False, "replicas": replicas}
    assert result.objects[0] == Applied("Deployment w", "created", 2)


def test_replicas_that_were_ours_are_kept_when_we_let_go_of_them() -> None:
    cluster = FakeCluster(live(deployment(replicas=5), OWNS_REPLICAS))

    _apply(cluster, deployment(paused=False), autoscaler(minReplicas=2))

    assert cluster.requests[1:3] == [
        "force apply Deployment w as wpdeploy-seed",
        "apply Deployment w",
    ]
    (made,) = (found for found in cluster.objects.values() if found["kind"] == "Deployment")
    assert made["spec"] == {"paused": False, "replicas": 5}


def test_replicas_that_are_the_autoscalers_already_are_left_alone() -> None:
    cluster = FakeCluster(live(deployment(replicas=5), LETS_GO))

    _apply(cluster, deployment(paused=False), autoscaler(minReplicas=2))

    assert cluster.requests == ["time", "apply Deployment w", "apply HorizontalPodAutoscaler w"]


@pytest.mark.parametrize("lives", [(), (live(deployment(replicas=5), OWNS_REPLICAS),)])
def test_without_an_autoscaler_the_template_says_how_many(lives: tuple[Manifest, ...]) -> None:
    cluster = FakeCluster(*lives)

    _apply(cluster, deployment(replicas=2))

    assert cluster.requests == ["time", "apply Deployment w"]
