"""A preview is what an apply would come to, and writes nothing."""

import pytest

from tests.unit.fake_cluster import (
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
from wpdeploy.apply import Preview
from wpdeploy.errors import ClusterError
from wpdeploy.handover import KUBECTL
from wpdeploy.kinds import Manifest

OURS = managed("wpdeploy", "Apply", {"f:spec": {"f:replicas": {}}})
KUBECTLS = managed(KUBECTL, "Update", {"f:spec": {"f:replicas": {}}})
REPLICAS = ".spec.replicas"


def previewed(cluster: FakeCluster, *manifests: Manifest) -> tuple[Preview, ...]:
    """The previews; nothing but questions and dry-runs was asked for."""
    found = apply.preview(cluster, manifests)
    assert all(
        request.startswith(("get ", "dry-run ", "force dry-run ")) for request in cluster.requests
    )
    return found


def replicas(preview: Preview) -> int:
    found: int = preview.after["spec"]["replicas"]
    return found


def test_what_lives_is_compared_with_what_the_server_would_make_of_it() -> None:
    before = live(deployment(paused=True), OURS)
    (found,) = previewed(FakeCluster(before), deployment(replicas=2))
    assert (found.live, found.is_whole) == (before, True)
    assert found.after["spec"] == {"paused": True, "replicas": 2}


def test_what_is_new_is_what_the_manifest_says_and_is_rehearsed() -> None:
    cluster = FakeCluster()
    assert previewed(cluster, config_map()) == (Preview(None, config_map(), is_whole=False),)
    assert cluster.requests == ["get ConfigMap w", "dry-run ConfigMap w"]


def test_refusals_are_those_of_a_rehearsal_all_together() -> None:
    cluster = FakeCluster(live(deployment()))
    cluster.refuse("dry-run ConfigMap w", refused("ConfigMap w", 400, "no"))
    cluster.refuse("dry-run Deployment w", conflict("Deployment w", (REPLICAS, "argocd")))
    with pytest.raises(ClusterError) as caught:
        previewed(cluster, config_map(), deployment(replicas=2))
    assert caught.value.problems == (
        "ConfigMap w: PATCH refused (400): no",
        f'Deployment w: {REPLICAS} is owned by "argocd"',
    )


@pytest.mark.parametrize(
    "error",
    [
        None,
        conflict("Deployment w", (REPLICAS, KUBECTL)),
        refused("Deployment w", 422, "may not be specified when `value` is not empty"),
    ],
)
def test_what_is_to_be_handed_over_is_what_the_manifest_says(error: ApiError | None) -> None:
    before = live(deployment(replicas=2), KUBECTLS)
    cluster = FakeCluster(before)
    if error:
        cluster.refuse("dry-run Deployment w", error)
    assert previewed(cluster, deployment(replicas=3)) == (
        Preview(before, deployment(replicas=3), is_whole=False),
    )


def test_the_number_of_replicas_that_an_autoscaler_gives_back_is_ours() -> None:
    before = live(deployment(replicas=7))
    cluster = FakeCluster(before)
    error = conflict("Deployment w", (REPLICAS, "kube-controller-manager"))
    cluster.refuse("dry-run Deployment w", error)
    (found,) = previewed(cluster, deployment(replicas=3))
    assert replicas(found) == 3
    assert cluster.requests[-1] == "force dry-run Deployment w"


class Defaulting(FakeCluster):
    """Gives a number of replicas that nobody holds its default, as the API server does."""

    def apply(
        self, manifest: Manifest, *, dry_run: bool = False, force: bool = False, manager: str = ""
    ) -> Manifest:
        after = super().apply(manifest, dry_run=dry_run, force=force, manager=manager)
        return {**after, "spec": {**after["spec"], "replicas": 1}}


@pytest.mark.parametrize("before", [live(deployment(replicas=4), OURS), None])
def test_with_an_autoscaler_the_number_of_replicas_is_kept_or_its_least(
    before: Manifest | None,
) -> None:
    cluster = Defaulting(before) if before else Defaulting()
    found = previewed(cluster, deployment(paused=False), autoscaler(minReplicas=2))
    assert replicas(found[0]) == (4 if before else 2)
