"""`validate --settle` records how the deployment ended, and prunes after a success."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit import api_objects as api
from tests.unit.bundle import Bundle, TickingClock
from tests.unit.fake_cluster import live, managed, refused
from tests.unit.past_deployments import record
from tests.unit.rollout_states import APPLIED, NOW
from tests.unit.scripted_api import ScriptedApi
from tests.unit.scripted_api import refused as answered_with
from tests.unit.wire import forget_surroundings
from wpdeploy.errors import ClusterError, Exit
from wpdeploy.kinds import Manifest, labels, path_of
from wpdeploy.record import AppliedAt, Record, Result, decode, encode
from wpdeploy.steps import validate

INGRESS: Manifest = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "site", "namespace": "blog", "labels": labels("site")},
    "spec": {},
}


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


@pytest.fixture
def bundle(server: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """After an `apply` that recorded #3."""
    forget_surroundings(monkeypatch)
    made = Bundle(tmp_path, server.url)
    applied = AppliedAt(APPLIED, 7)
    made.leave(number=3, applied=applied)
    remember(server, record(2))
    remember(server, record(3, result=Result.APPLYING, ended=None, applied=applied))
    return made


def remember(server: ScriptedApi, item: Record) -> None:
    server.cluster.apply(encode(item, "blog", "site"))


def recorded(server: ScriptedApi, number: int = 3) -> Record:
    path = f"/api/v1/namespaces/blog/configmaps/site-record-{number}"
    return decode(server.cluster.objects[path])


def have_ingress(server: ScriptedApi) -> None:
    """An Ingress that an earlier release had."""
    applied = live(INGRESS, managed("wpdeploy", "Apply", {"f:spec": {}}))
    server.cluster.objects[path_of(INGRESS)] = applied


def fail(server: ScriptedApi) -> None:
    lost = api.waiting("ErrImagePull", "manifest unknown")
    server.answers("pods", api.pod("web-1", lost, ready=False))
    server.answers("deployments", api.deployment(readyReplicas=0, availableReplicas=0))


def settle(bundle: Bundle, **options: Any) -> Exit:
    return bundle.run(validate.run, settle=True, **options).exit


def test_a_success_is_recorded(bundle: Bundle, server: ScriptedApi) -> None:
    before = recorded(server)
    assert settle(bundle) is Exit.SUCCESS
    assert recorded(server) == before.settled(Result.SUCCEEDED, NOW)
    assert recorded(server, 2) == record(2)


def test_a_failure_is_recorded_with_the_verdicts_sentence(
    bundle: Bundle, server: ScriptedApi
) -> None:
    before = recorded(server)
    fail(server)
    assert settle(bundle) is Exit.ROLLOUT_FAILED
    sentence = "Deployment site: pod web-1: the registry has no such image (ErrImagePull)"
    assert recorded(server) == before.settled(Result.FAILED, NOW, sentence)


def test_what_was_not_done_in_time_is_a_failure_as_well(
    bundle: Bundle, server: ScriptedApi
) -> None:
    server.answers("endpointslices")
    bundle.clock = TickingClock(100)
    assert settle(bundle, timeout=60) is Exit.TIMED_OUT
    assert recorded(server).result is Result.FAILED
    assert recorded(server).reason.startswith("Deployment site: not done after 60 s: ")


def test_an_error_is_a_failure_too(bundle: Bundle, server: ScriptedApi) -> None:
    server.lists["pods"] = answered_with(403, "pods is forbidden")
    with pytest.raises(ClusterError):
        settle(bundle)
    assert recorded(server).result is Result.FAILED
    assert "pods is forbidden" in recorded(server).reason


def test_a_verdict_that_cannot_be_recorded_is_an_error(bundle: Bundle, server: ScriptedApi) -> None:
    request = "force apply ConfigMap site-record-3"
    server.cluster.refuse(request, *[refused("ConfigMap site-record-3", 403, "no")] * 2)
    with pytest.raises(ClusterError, match="ConfigMap site-record-3"):
        settle(bundle)
    assert recorded(server).result is Result.APPLYING


def test_a_hook_run_again_settles_the_same_record(bundle: Bundle, server: ScriptedApi) -> None:
    fail(server)
    settle(bundle)
    server.answers("pods", api.pod("web-1"))
    server.answers("deployments", api.deployment())
    assert settle(bundle) is Exit.SUCCESS
    assert (recorded(server).result, recorded(server).reason) == (Result.SUCCEEDED, "")


def test_a_deployment_after_which_another_began_settles_and_prunes_nothing(
    bundle: Bundle, server: ScriptedApi
) -> None:
    have_ingress(server)
    remember(server, record(4, manifests=(INGRESS,)))
    before = dict(server.cluster.objects)
    with pytest.raises(ClusterError, match=r"record #3: deployment #4 \(d-4\) has begun since"):
        settle(bundle)
    assert server.cluster.objects == before


def test_a_failure_is_told_as_such_even_if_another_deployment_began(
    bundle: Bundle, server: ScriptedApi
) -> None:
    fail(server)
    remember(server, record(4, manifests=(INGRESS,)))
    assert settle(bundle) is Exit.ROLLOUT_FAILED
    assert bundle.told[-1].startswith("the failure is not recorded: record #3: deployment #4 (d-4)")


def test_after_a_success_what_the_release_does_not_have_is_pruned(
    bundle: Bundle, server: ScriptedApi
) -> None:
    have_ingress(server)
    assert settle(bundle) is Exit.SUCCESS
    assert path_of(INGRESS) not in server.cluster.objects
    assert bundle.told[-1] == "Ingress site deleted: the release does not have it"


def test_after_a_failure_nothing_is_pruned(bundle: Bundle, server: ScriptedApi) -> None:
    have_ingress(server)
    fail(server)
    settle(bundle)
    assert path_of(INGRESS) in server.cluster.objects


def test_pruning_that_fails_is_told_and_no_failure(bundle: Bundle, server: ScriptedApi) -> None:
    have_ingress(server)
    server.cluster.refuse("delete Ingress site", refused("Ingress site", 403, "not allowed"))
    assert settle(bundle) is Exit.SUCCESS
    assert recorded(server).result is Result.SUCCEEDED
    assert bundle.told[-1].startswith(
        "pruning stopped, the next deployment goes on: Ingress site: "
    )
    assert path_of(INGRESS) in server.cluster.objects


def test_a_success_costs_few_requests(bundle: Bundle, server: ScriptedApi) -> None:
    settle(bundle)
    paths = [request.path.rpartition("/")[2] for request in server.received]
    # After the four lists of the verdict and the Lease.
    assert paths[6:-1] == [
        "configmaps",
        "site-record-3",
        "ingresses",
        "cronjobs",
        "jobs",
        "poddisruptionbudgets",
        "horizontalpodautoscalers",
        "networkpolicies",
        "configmaps",
        "replicasets",
    ]
