"""`apply` applies what `render` left, in its order, and notes when."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import Bundle, TickingClock
from tests.unit.fake_cluster import NOW, conflict, refused
from tests.unit.wire import forget_surroundings
from wpdeploy import state
from wpdeploy.errors import ClusterError, ConfigurationError, Exit
from wpdeploy.kinds import Manifest
from wpdeploy.record import AppliedAt
from wpdeploy.report import Report
from wpdeploy.state import Deployment
from wpdeploy.steps import apply


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def bundle(api: ApplyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    return Bundle(tmp_path, api.url)


def manifest(kind: str, api_version: str, **spec: object) -> Manifest:
    metadata = {"name": "site", "namespace": "blog"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


BEGUN = "force apply ConfigMap site-record-1"
SERVICE = manifest("Service", "v1", type="NodePort")
DEPLOYMENT = manifest("Deployment", "apps/v1", replicas=3)


@pytest.fixture
def rendered(bundle: Bundle) -> Deployment:
    """What `render` left."""
    return bundle.leave(SERVICE, DEPLOYMENT)


@pytest.mark.usefixtures("rendered")
def test_all_is_rehearsed_once_more_and_then_applied_in_order(
    bundle: Bundle, api: ApplyServer
) -> None:
    bundle.run(apply.run)
    assert [request for request in api.cluster.requests if request != "time"] == [
        "dry-run Service site",
        "dry-run Deployment site",
        BEGUN,
        "apply Service site",
        "apply Deployment site",
        BEGUN,
    ]


@pytest.mark.usefixtures("rendered")
def test_what_was_done_to_each_object_is_told(bundle: Bundle) -> None:
    assert bundle.run(apply.run) == Report(
        Exit.SUCCESS,
        "2 objects: 2 created, 0 changed, 0 unchanged",
        data={
            "objects": [
                {"title": "Service site", "action": "created", "generation": 0},
                {"title": "Deployment site", "action": "created", "generation": 1},
            ]
        },
    )
    assert bundle.told == ["Service site created", "Deployment site created"]


def test_a_new_release_changes_what_differs_and_nothing_else(
    bundle: Bundle, rendered: Deployment
) -> None:
    bundle.run(apply.run)
    scaled = manifest("Deployment", "apps/v1", replicas=5)
    state.write(bundle.context, dataclasses.replace(rendered, manifests=(SERVICE, scaled)))
    assert bundle.run(apply.run).sentence == "2 objects: 0 created, 1 changed, 1 unchanged"
    assert bundle.told[2:] == ["Service site unchanged", "Deployment site changed"]


def test_the_next_step_finds_when_it_was_applied_and_which_generation(
    bundle: Bundle, rendered: Deployment
) -> None:
    # In whole seconds, as the times of the API server's objects are.
    bundle.clock = TickingClock(0.01)
    bundle.run(apply.run)
    after = dataclasses.replace(rendered, number=1, applied=AppliedAt(NOW, 1))
    assert state.read(bundle.context) == after


def test_without_a_render_there_is_nothing_to_apply(bundle: Bundle, api: ApplyServer) -> None:
    with pytest.raises(ConfigurationError, match="run `render` first"):
        bundle.run(apply.run)
    assert api.cluster.requests == []


def test_a_refusal_of_the_rehearsal_ends_it_before_anything_is_changed(
    bundle: Bundle, api: ApplyServer, rendered: Deployment
) -> None:
    error = refused("Deployment site", 403, "exceeded quota: pods")
    api.cluster.refuse("dry-run Deployment site", error)
    with pytest.raises(ClusterError, match="exceeded quota: pods"):
        bundle.run(apply.run)
    assert api.cluster.objects == {}
    assert state.read(bundle.context) == rendered


@pytest.mark.usefixtures("rendered")
def test_a_field_of_somebody_else_is_taken_over_where_that_is_asked_for(
    bundle: Bundle, api: ApplyServer
) -> None:
    error = conflict("Service site", (".spec.type", "an operator"))
    api.cluster.refuse("dry-run Service site", error)
    assert bundle.run(apply.run, force_conflicts=True).exit is Exit.SUCCESS
    assert [request for request in api.cluster.requests if request.startswith("force ")] == [
        "force dry-run Service site",
        "force dry-run Deployment site",
        BEGUN,
        "force apply Service site",
        "force apply Deployment site",
        BEGUN,
    ]
