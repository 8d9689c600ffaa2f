"""What `validate --settle` does after a failure where the environment says `rollback`."""

import dataclasses
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.unit import api_objects as api
from tests.unit.bundle import Bundle, TickingClock
from tests.unit.fake_cluster import conflict
from tests.unit.past_deployments import failed, record, release
from tests.unit.rollout_states import APPLIED
from tests.unit.scripted_api import ScriptedApi
from tests.unit.wire import Act, forget_surroundings
from wpdeploy.errors import Exit
from wpdeploy.record import AppliedAt, Record, Result, decode, encode
from wpdeploy.report import Report
from wpdeploy.steps import validate

GOOD = "#1 (wordpress:v1@sha256:aaaaaaaaaaaa, commit v1v1v1v1)"
FAILED = "Deployment site: pod web-1: the registry has no such image (ErrImagePull)"
LOST = api.pod("web-1", api.waiting("ErrImagePull", "manifest unknown"), ready=False)
UNREADY = api.deployment(readyReplicas=0, availableReplicas=0)


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


@pytest.fixture
def bundle(server: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A bundle whose release is applied as #2, and fails."""
    forget_surroundings(monkeypatch)
    server.answers("pods", LOST)
    server.answers("deployments", UNREADY)
    made = Bundle(tmp_path, server.url)
    target = dataclasses.replace(made.target, on_failure="rollback")
    made.leave(number=2, applied=AppliedAt(APPLIED, 1), target=target)
    return made


def remember(server: ScriptedApi, *records: Record) -> None:
    """Put records into the cluster, with their Secrets and ConfigMaps."""
    for one in records:
        server.cluster.apply(encode(one, "blog", "site"))
        for kind in ("Secret", "ConfigMap"):
            metadata = {"name": one.config, "namespace": "blog"}
            server.cluster.apply({"apiVersion": "v1", "kind": kind, "metadata": metadata})


def remembered(server: ScriptedApi) -> list[Record]:
    """The records in the cluster, the oldest first."""
    objects = server.cluster.objects.items()
    found = [decode(item) for path, item in objects if "/site-record-" in path]
    return sorted(found, key=lambda item: item.number)


def applying(**changes: Any) -> Record:
    """The record of the release that fails."""
    own = {"result": Result.APPLYING, "ended": None, "deployment_id": "d-1"}
    return record(2, "v2", **{**own, **changes})


def recovers(server: ScriptedApi) -> None:
    """From the apply of the good Deployment on the pods are ready."""
    for plural, ready in (("pods", api.pod("web-1")), ("deployments", api.deployment())):
        before = server.lists[plural]
        server.answers(plural, ready)
        server.lists[plural] = _first(before, server.lists[plural], server)


def _first(before: Act, after: Act, server: ScriptedApi) -> Act:
    def act(handler: BaseHTTPRequestHandler) -> None:
        applied = "apply Deployment site" in server.cluster.requests
        (after if applied else before)(handler)

    return act


def undone(bundle: Bundle) -> Report:
    return bundle.run(validate.run, settle=True)


def test_the_last_good_release_comes_back_and_the_failure_stays_what_it_is(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, record(1), applying())
    recovers(server)
    report = undone(bundle)
    assert report.exit is Exit.ROLLOUT_FAILED
    assert report.sentence == f"{FAILED}; rolled back to {GOOD}"
    assert ("message", "manifest unknown") in report.rows
    assert (report.data["outcome"], report.data["rolled_back_to"]) == ("failed", 1)
    assert "apply Deployment site" in server.cluster.requests


def test_the_failure_is_told_and_recorded_before_anything_is_restored(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, record(1), applying())
    recovers(server)
    undone(bundle)
    message = bundle.told.index("  message: manifest unknown")
    assert bundle.told.index(FAILED) < message < bundle.told.index(f"rolling back to {GOOD}")
    changes = [request for request in server.cluster.requests if request.startswith("force apply")]
    assert changes[0].endswith("ConfigMap site-record-2")
    assert server.cluster.requests.index(changes[0]) < server.cluster.requests.index(
        "dry-run Deployment site"
    )


def test_the_rollback_has_a_record_of_its_own(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server, record(1), applying())
    recovers(server)
    undone(bundle)
    _, bad, back = remembered(server)
    assert (bad.result, bad.reason) == (Result.FAILED, FAILED)
    assert (back.number, back.result, back.restores, back.deployment_id) == (
        3,
        Result.SUCCEEDED,
        1,
        "d-1",
    )
    assert (back.release, back.config) == (release("v1"), record(1).config)
    assert back.applied
    assert back.applied.generation == 1


def test_a_first_release_stays_and_that_is_said(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server, applying())
    report = undone(bundle)
    assert report.sentence == f"{FAILED}; not rolled back: no deployment has succeeded before"
    assert report.data["rolled_back_to"] is None
    assert "apply Deployment site" not in server.cluster.requests


def test_a_rollback_that_fails_as_well_is_told_with_what_to_do(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, record(1), applying())
    bundle.clock = TickingClock(1000)
    report = undone(bundle)
    assert report.exit is Exit.ROLLOUT_FAILED
    late = "pod web-1: the registry has no such image (ErrImagePull)"
    told = f"{FAILED}; the rollback to {GOOD} failed: Deployment site: {late}"
    assert report.sentence == told
    command = "python -m wpdeploy rollback --group Test --to 1"
    assert report.rows[-1] == ("to do", f"mend that, then: {command}")
    assert [item.result for item in remembered(server)[1:]] == [Result.FAILED] * 2


def test_a_rollback_that_is_refused_changes_nothing_and_is_told(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, record(1), applying())
    error = conflict("Deployment site", (".spec.template", "somebody"))
    server.cluster.refuse("dry-run Deployment site", error)
    report = undone(bundle)
    assert report.exit is Exit.ROLLOUT_FAILED
    assert report.sentence.startswith(f"{FAILED}; the rollback to {GOOD} failed: API server")
    assert '.spec.template is owned by "somebody"' in report.sentence
    assert [item.number for item in remembered(server)] == [1, 2]


def test_what_another_deployment_has_begun_is_not_rolled_back(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, record(1), applying(), failed(3, "v3"))
    before = dict(server.cluster.objects)
    assert undone(bundle).sentence == FAILED
    assert server.cluster.objects == before


def test_nothing_is_done_without_the_setting(bundle: Bundle, server: ScriptedApi) -> None:
    bundle.leave(number=2, applied=AppliedAt(APPLIED, 1))
    remember(server, record(1), applying())
    assert undone(bundle).sentence == FAILED
    assert [item.result for item in remembered(server)] == [Result.SUCCEEDED, Result.FAILED]
