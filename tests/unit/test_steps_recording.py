"""`apply` records the deployment before it changes anything, and how it failed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import RELEASE, Bundle
from tests.unit.fake_cluster import NOW, FakeCluster, refused
from tests.unit.past_deployments import password, record
from tests.unit.wire import forget_surroundings
from wpdeploy import state
from wpdeploy.context import BY_HAND
from wpdeploy.errors import ClusterError, Locked
from wpdeploy.kinds import Manifest
from wpdeploy.record import AppliedAt, Record, Result, decode, encode
from wpdeploy.steps import apply

BEGUN = "force apply ConfigMap site-record-1"


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def bundle(api: ApplyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    made = Bundle(tmp_path, api.url)
    made.leave(*MANIFESTS, env={"X": "1"}, parameters={"password": password()})
    return made


def manifest(kind: str, api_version: str) -> Manifest:
    metadata = {"name": "site", "namespace": "blog"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}


MANIFESTS = manifest("Service", "v1"), manifest("Deployment", "apps/v1")


def recorded(api: ApplyServer, number: int = 1) -> Record:
    path = f"/api/v1/namespaces/blog/configmaps/site-record-{number}"
    return decode(api.cluster.objects[path])


def test_what_was_applied_is_recorded(bundle: Bundle, api: ApplyServer) -> None:
    bundle.run(apply.run)
    assert recorded(api) == Record(
        number=1,
        deployment_id="d-1",
        group="Test",
        result=Result.APPLYING,
        started=NOW,
        ended=None,
        reason="",
        restores=None,
        release=RELEASE,
        config="site-1a2b",
        env={"X": "1"},
        parameters={"password": password()},
        manifests=MANIFESTS,
        applied=AppliedAt(NOW, 1),
    )


class Seeing(FakeCluster):
    """Keeps the record as it is when the first object is applied."""

    def __init__(self, api: ApplyServer) -> None:
        super().__init__()
        self._api, self.seen = api, list[Record]()

    def _note(self, request: str) -> None:
        super()._note(request)
        if request == "apply Service site":
            self.seen.append(recorded(self._api))


def test_it_is_recorded_as_applying_before_anything_is_changed(
    bundle: Bundle, api: ApplyServer
) -> None:
    api.cluster = seeing = Seeing(api)
    bundle.run(apply.run)
    assert [(item.result, item.applied) for item in seeing.seen] == [(Result.APPLYING, None)]


def test_a_rehearsal_that_fails_leaves_no_record(bundle: Bundle, api: ApplyServer) -> None:
    error = refused("Deployment site", 403, "exceeded quota: pods")
    api.cluster.refuse("dry-run Deployment site", error)
    with pytest.raises(ClusterError):
        bundle.run(apply.run)
    assert api.cluster.objects == {}


def test_an_apply_that_fails_is_recorded_with_its_reason(bundle: Bundle, api: ApplyServer) -> None:
    error = refused("Deployment site", 403, "exceeded quota: pods")
    api.cluster.refuse("apply Deployment site", error)
    with pytest.raises(ClusterError):
        bundle.run(apply.run)
    left = recorded(api)
    assert (left.result, left.ended, left.applied) == (Result.FAILED, NOW, None)
    assert left.reason == "Deployment site: PATCH refused (403): exceeded quota: pods"
    assert state.required(bundle.context).number is None


def test_a_record_that_cannot_be_settled_does_not_hide_the_error(
    bundle: Bundle, api: ApplyServer
) -> None:
    api.cluster.refuse("apply Deployment site", refused("Deployment site", 403, "no quota"))
    api.cluster.refuse(BEGUN, *[refused("ConfigMap site-record-1", 403, "not now")] * 2)

    class Once(FakeCluster):
        """Refuses the record from its second time on."""

        def _note(self, request: str) -> None:
            if request == BEGUN and BEGUN not in self.requests:
                self.requests.append(request)
            else:
                super()._note(request)

    once = Once()
    once._refusals = api.cluster._refusals
    api.cluster = once
    with pytest.raises(ClusterError, match="no quota"):
        bundle.run(apply.run)
    assert recorded(api).result is Result.APPLYING
    (told,) = bundle.told
    assert told.startswith("record #1 does not tell how it ended: ConfigMap site-record-1: ")


class Stealing(FakeCluster):
    """Somebody takes the lock after the first change, while this process stands still."""

    def __init__(self, bundle: Bundle, api: ApplyServer) -> None:
        super().__init__()
        self._bundle, self._api = bundle, api

    def _note(self, request: str) -> None:
        super()._note(request)
        if request == "apply Service site":
            self._bundle.clock.now += 200
            self._api.leases.put("d-2")


def test_who_lost_the_lock_writes_no_record_either(bundle: Bundle, api: ApplyServer) -> None:
    api.cluster = Stealing(bundle, api)
    with pytest.raises(Locked):
        bundle.run(apply.run)
    assert recorded(api).result is Result.APPLYING
    assert api.cluster.requests[-1] == "apply Service site"


def test_the_hook_run_again_has_the_same_record(bundle: Bundle, api: ApplyServer) -> None:
    bundle.run(apply.run)
    bundle.run(apply.run)
    bundle.leave(*MANIFESTS)
    bundle.run(apply.run)
    assert state.required(bundle.context).number == 1
    assert not [path for path in api.cluster.objects if "site-record-2" in path]


def test_another_deployment_has_the_next_one(bundle: Bundle, api: ApplyServer) -> None:
    api.cluster.apply(encode(record(4), "blog", "site"))
    bundle.run(apply.run)
    assert state.required(bundle.context).number == 5


def test_by_hand_it_is_a_persons(bundle: Bundle, api: ApplyServer) -> None:
    bundle.context = replace(bundle.context, deployment_id=BY_HAND)
    bundle.environ = {"USER": "alice"}
    bundle.leave(*MANIFESTS)
    bundle.run(apply.run)
    assert recorded(api).deployment_id.startswith("alice@")
