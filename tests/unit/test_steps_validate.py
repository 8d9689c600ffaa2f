"""`validate` waits for the rollout that `apply` noted, or else judges what is current."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit import api_objects as api
from tests.unit.bundle import RELEASE, Bundle, TickingClock
from tests.unit.rollout_states import APPLIED, IMAGE
from tests.unit.scripted_api import RESOURCES, ScriptedApi, refused
from tests.unit.wire import PATIENCE, forget_surroundings
from wpdeploy import state
from wpdeploy.errors import ClusterError, Exit
from wpdeploy.report import Report
from wpdeploy.state import AppliedAt, Deployment
from wpdeploy.steps import validate

BY_HAND = "no apply of this deployment is known: judging what is current"
READY = Report(Exit.SUCCESS, "Deployment site: ready 1/1", data={"outcome": "succeeded"})
NOBODY_SERVES = "the Service has no ready endpoint among the new pods"
UNREADY = api.deployment(readyReplicas=0, availableReplicas=0)


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


@pytest.fixture
def bundle(server: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    return Bundle(tmp_path, server.url)


def leave(bundle: Bundle, applied: AppliedAt | None) -> None:
    """Leave what `apply` does, or what `render` does."""
    left = Deployment("Test", "d-1", RELEASE, bundle.target, "site-1a2b", {}, (), applied)
    state.write(bundle.context, left)


def test_the_apply_of_the_deployment_is_judged(bundle: Bundle) -> None:
    leave(bundle, AppliedAt(APPLIED, 7))
    assert bundle.run(validate.run) == READY
    assert bundle.told == []


def test_a_generation_older_than_the_applys_is_not_enough(bundle: Bundle) -> None:
    leave(bundle, AppliedAt(APPLIED, 8))
    bundle.clock = TickingClock(100)
    assert bundle.run(validate.run, timeout=60) == Report(
        Exit.TIMED_OUT,
        "Deployment site: not done after 60 s: "
        "waiting for the controller to see the new generation",
        data={"outcome": "timed out"},
    )


def test_after_an_apply_the_environment_file_is_not_needed(bundle: Bundle) -> None:
    leave(bundle, AppliedAt(APPLIED, 7))
    bundle.context.environment_file.unlink()
    assert bundle.run(validate.run) == READY


@pytest.mark.parametrize("after_render", [False, True], ids=["by hand", "after a render alone"])
def test_without_an_apply_the_environments_deployment_is_judged_as_it_is(
    bundle: Bundle, server: ScriptedApi, *, after_render: bool
) -> None:
    if after_render:
        leave(bundle, None)
    assert bundle.run(validate.run) == READY
    assert bundle.told == [BY_HAND]
    assert server.asked("deployments") == [{"fieldSelector": "metadata.name=site"}]


def test_what_it_waits_for_is_told_until_it_has_come(bundle: Bundle, server: ScriptedApi) -> None:
    leave(bundle, AppliedAt(APPLIED, 7))
    ready = api.endpoint_slice(api.endpoint("uid-of-web-1"))
    server.answers("endpointslices")

    def serves(handler: BaseHTTPRequestHandler) -> None:
        # A refresh looks at the lists again before the last word.
        server.answers("endpointslices", ready)
        server.stays(api.event("ADDED", ready, "101"))(handler)

    server.plays("endpointslices", serves)
    assert bundle.run(validate.run) == READY
    assert bundle.told == [NOBODY_SERVES]


def test_a_failure_is_told_with_its_details(bundle: Bundle, server: ScriptedApi) -> None:
    leave(bundle, AppliedAt(APPLIED, 7))
    lost = api.waiting("ErrImagePull", "manifest unknown")
    server.answers("pods", api.pod("web-1", lost, ready=False))
    server.answers("deployments", UNREADY)
    rows = (
        ("pod", "web-1"),
        ("container", "wordpress, restarts: 0"),
        ("reason", "ErrImagePull"),
        ("image", IMAGE),
        ("message", "manifest unknown"),
    )
    assert bundle.run(validate.run) == Report(
        Exit.ROLLOUT_FAILED,
        "Deployment site: pod web-1: ErrImagePull",
        rows,
        {"outcome": "failed", **dict(rows)},
    )


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 900), (60, 60)])
def test_it_waits_as_long_as_it_is_told_or_as_the_environment_says(
    bundle: Bundle, server: ScriptedApi, timeout: int | None, seconds: int
) -> None:
    leave(bundle, AppliedAt(APPLIED, 7))
    server.answers("endpointslices")
    bundle.clock = TickingClock(1000)
    assert bundle.run(validate.run, timeout=timeout) == Report(
        Exit.TIMED_OUT,
        f"Deployment site: not done after {seconds} s: {NOBODY_SERVES}",
        data={"outcome": "timed out"},
    )


def test_the_watches_end_with_it_however_it_ends(bundle: Bundle, server: ScriptedApi) -> None:
    leave(bundle, AppliedAt(APPLIED, 7))
    server.answers("endpointslices")
    others = set(RESOURCES) - {"endpointslices"}
    forbidden = refused(403, "endpointslices is forbidden")

    def forbidden_once_the_others_are_open(handler: BaseHTTPRequestHandler) -> None:
        for _ in others:
            server.opened.get(timeout=PATIENCE)
        forbidden(handler)

    server.plays("endpointslices", forbidden_once_the_others_are_open, *[forbidden] * 7)
    with pytest.raises(ClusterError, match="endpointslices is forbidden"):
        bundle.run(validate.run)
    assert {server.left.get(timeout=PATIENCE) for _ in others} == others
