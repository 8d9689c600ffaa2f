"""Which step takes the lock, which keeps it, which frees it, and in whose name."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit import api_objects as objects
from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import SECRET, Bundle, store
from tests.unit.fake_cluster import FakeCluster, refused
from tests.unit.lease_server import PATH, Leases, Meanwhile
from tests.unit.rollout_states import APPLIED
from tests.unit.scripted_api import ScriptedApi
from tests.unit.wire import Act, Server, forget_surroundings
from wpdeploy import state
from wpdeploy.context import BY_HAND
from wpdeploy.errors import ClusterError, Exit, Locked, ParameterError
from wpdeploy.kinds import Manifest
from wpdeploy.record import AppliedAt
from wpdeploy.steps import apply, render, validate

HOST = os.uname().nodename


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def bundle(api: ApplyServer, tmp_path: Path) -> Bundle:
    return Bundle(tmp_path, api.url)


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(store({"/blog/host": "db:3306", "/blog/password": SECRET})) as started:
        monkeypatch.setenv("AWS_ENDPOINT_URL", started.url)
        yield started


@pytest.fixture
def rollout() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


def manifest(kind: str, api_version: str) -> Manifest:
    metadata = {"name": "site", "namespace": "blog"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}


def steal(bundle: Bundle, leases: Leases) -> None:
    """Take the lock of a process that stands still for so long that it expires."""
    bundle.clock.now += 200
    leases.put("d-2")


class Stealing(FakeCluster):
    """The lock is stolen after the first change."""

    def __init__(self, bundle: Bundle, leases: Leases) -> None:
        super().__init__()
        self._bundle, self._leases = bundle, leases

    def _note(self, request: str) -> None:
        super()._note(request)
        if request == "apply Service site":
            steal(self._bundle, self._leases)


def before(happens: Callable[[], object], then: Act) -> Act:
    """Something happens, and then the request is answered."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        happens()
        then(handler)

    return act


def leave(bundle: Bundle, applied: AppliedAt | None = None) -> None:
    """Leave what `render` or `apply` does."""
    manifests = manifest("Service", "v1"), manifest("Deployment", "apps/v1")
    bundle.leave(*manifests, applied=applied, number=1 if applied else None)


@pytest.mark.usefixtures("parameters")
def test_render_takes_the_lock_and_keeps_it(bundle: Bundle, api: ApplyServer) -> None:
    assert bundle.run(render.run).exit is Exit.SUCCESS
    assert (api.leases.holder, api.leases.requests) == ("d-1", ["GET", "POST"])
    annotations = api.leases.objects[PATH]["metadata"]["annotations"]
    assert annotations == {"wpdeploy/holder": f"Test, render, {HOST}"}


def test_render_waits_for_the_lock_before_it_reads_a_parameter(
    bundle: Bundle, api: ApplyServer, parameters: Server
) -> None:
    api.leases.put("d-2")
    bundle.clock = clock = Meanwhile()
    clock.then.append(api.leases.put)
    with pytest.raises(Locked, match="held by d-2"):
        bundle.run(render.run)
    assert (parameters.received, api.cluster.requests, api.leases.holder) == ([], [], "d-2")


def test_a_render_that_fails_frees_the_lock(
    bundle: Bundle, api: ApplyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(store({})) as nothing:
        monkeypatch.setenv("AWS_ENDPOINT_URL", nothing.url)
        with pytest.raises(ParameterError):
            bundle.run(render.run)
    assert not api.leases.holder


def test_apply_enters_the_lock_again_and_keeps_it(bundle: Bundle, api: ApplyServer) -> None:
    api.leases.put("d-1")
    leave(bundle)
    assert bundle.run(apply.run).exit is Exit.SUCCESS
    assert (api.leases.holder, api.leases.requests) == ("d-1", ["GET", "PUT"])


def test_apply_takes_a_lock_that_nobody_holds_any_more(bundle: Bundle, api: ApplyServer) -> None:
    leave(bundle)
    assert bundle.run(apply.run).exit is Exit.SUCCESS
    assert api.leases.holder == "d-1"


def test_apply_changes_nothing_while_somebody_else_holds_the_lock(
    bundle: Bundle, api: ApplyServer
) -> None:
    api.leases.put("d-2")
    leave(bundle)
    with pytest.raises(Locked, match="held by d-2"):
        bundle.run(apply.run)
    assert (api.cluster.requests, api.leases.requests) == ([], ["GET"])
    assert bundle.clock.slept == []


def test_an_apply_that_fails_frees_the_lock(bundle: Bundle, api: ApplyServer) -> None:
    api.leases.put("d-1")
    leave(bundle)
    api.cluster.refuse("dry-run Deployment site", refused("Deployment site", 403, "no"))
    with pytest.raises(ClusterError):
        bundle.run(apply.run)
    assert not api.leases.holder


def test_an_apply_that_loses_the_lock_applies_nothing_more(
    bundle: Bundle, api: ApplyServer
) -> None:
    leave(bundle)
    api.cluster = Stealing(bundle, api.leases)
    with pytest.raises(Locked, match="lost: held by d-2"):
        bundle.run(apply.run)
    assert api.cluster.requests[-1] == "apply Service site"
    assert api.leases.holder == "d-2"
    assert state.required(bundle.context).applied is None


@pytest.fixture
def applied(rollout: ScriptedApi, tmp_path: Path) -> Bundle:
    """After an `apply`, which kept the lock."""
    rollout.leases.put("d-1")
    bundle = Bundle(tmp_path, rollout.url)
    leave(bundle, AppliedAt(APPLIED, 7))
    return bundle


def test_validate_alone_knows_no_lock(applied: Bundle, rollout: ScriptedApi) -> None:
    assert applied.run(validate.run).exit is Exit.SUCCESS
    assert rollout.leases.requests == []


def test_settling_frees_the_lock(applied: Bundle, rollout: ScriptedApi) -> None:
    assert applied.run(validate.run, settle=True).exit is Exit.SUCCESS
    assert rollout.leases.requests == ["GET", "PUT", "PUT"]
    assert not rollout.leases.holder


def test_settling_a_failure_frees_the_lock(applied: Bundle, rollout: ScriptedApi) -> None:
    lost = objects.waiting("ErrImagePull", "manifest unknown")
    rollout.answers("pods", objects.pod("web-1", lost, ready=False))
    rollout.answers("deployments", objects.deployment(readyReplicas=0, availableReplicas=0))
    assert applied.run(validate.run, settle=True).exit is Exit.ROLLOUT_FAILED
    assert not rollout.leases.holder


def test_settling_changes_nothing_while_somebody_else_holds_the_lock(
    applied: Bundle, rollout: ScriptedApi
) -> None:
    rollout.leases.put("d-2")
    with pytest.raises(Locked):
        applied.run(validate.run, settle=True)
    assert rollout.leases.requests == ["GET"]


@pytest.mark.parametrize("serving", [True, False], ids=["complete", "waiting"])
def test_a_verdict_is_not_given_on_what_somebody_else_may_have_made(
    applied: Bundle, rollout: ScriptedApi, *, serving: bool
) -> None:
    if not serving:
        rollout.answers("endpointslices")
    theft = before(lambda: steal(applied, rollout.leases), rollout.lists["endpointslices"])
    rollout.lists["endpointslices"] = theft
    with pytest.raises(Locked, match="lost: held by d-2"):
        applied.run(validate.run, settle=True)
    assert rollout.leases.holder == "d-2"


@pytest.mark.parametrize(
    ("environ", "identity"),
    [
        ({"USER": "alice"}, f"alice@{HOST}"),
        ({"USER": "root", "SUDO_USER": "bob"}, f"bob@{HOST}"),
        ({}, f"{os.getuid()}@{HOST}"),
    ],
)
def test_by_hand_a_person_holds_the_lock(
    applied: Bundle, rollout: ScriptedApi, environ: dict[str, str], identity: str
) -> None:
    rollout.leases.put("")
    seen: list[str | None] = []
    pods = rollout.lists["pods"]
    rollout.lists["pods"] = before(lambda: seen.append(rollout.leases.holder), pods)
    applied.environ = environ
    applied.context = replace(applied.context, deployment_id=BY_HAND)
    leave(applied, AppliedAt(APPLIED, 7))
    applied.run(validate.run, settle=True)
    assert seen[0] == identity
