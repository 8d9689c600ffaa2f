"""`validate` waits for the rollout that the newest record is of, or judges what is current."""

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.unit import api_objects as api
from tests.unit.bundle import Bundle, TickingClock
from tests.unit.past_deployments import record
from tests.unit.rollout_states import APPLIED, IMAGE
from tests.unit.scripted_api import RESOURCES, ScriptedApi, refused
from tests.unit.wire import PATIENCE, forget_surroundings
from wpdeploy.errors import ClusterError, Exit, UsageError
from wpdeploy.record import AppliedAt, Result, encode
from wpdeploy.report import Report
from wpdeploy.steps import validate

CURRENT = "judging what is current"
WHOSE = "deployment #3 (d-3) of Test, 2 min ago"
JUDGED = f"judging {WHOSE}: succeeded"
DEPLOYMENT = "/apis/apps/v1/namespaces/blog/deployments/site"
READY = Report(Exit.SUCCESS, "Deployment site: ready 1/1", data={"outcome": "succeeded"})
NOBODY_SERVES = "the Service has no ready endpoint among the new pods"
UNREADY = api.deployment(readyReplicas=0, availableReplicas=0)


UNSMOKED = "smoke checks skipped: switched off by smoke.enabled"


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


@pytest.fixture
def bundle(server: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    return Bundle(tmp_path, server.url)


def judged(bundle: Bundle, **options: Any) -> Report:
    """What `validate` reports, without the evidence; of its document the outcome."""
    report = bundle.run(validate.run, **options)
    return replace(report, rows=(), data={"outcome": report.data["outcome"]})


def told(bundle: Bundle) -> list[str]:
    """The lines that the console had, but for the smoke checks, which are off."""
    return [line for line in bundle.told if line != UNSMOKED]


def remember(server: ScriptedApi, **changes: Any) -> None:
    """A record of an apply in the cluster, and the Deployment of that generation."""
    own: dict[str, Any] = {"started": APPLIED, "applied": AppliedAt(APPLIED, 7)}
    server.cluster.apply(encode(record(3, **own | changes), "blog", "site"))
    server.cluster.objects[DEPLOYMENT] = {"metadata": {"generation": 7}}


def test_what_the_newest_record_says_was_applied_is_judged(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server)
    server.cluster.apply(encode(record(2), "blog", "site"))
    assert judged(bundle) == READY
    assert told(bundle) == [JUDGED]


def test_whoever_only_looks_settles_nothing(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server, result=Result.APPLYING, ended=None)
    bundle.leave(number=3, applied=AppliedAt(APPLIED, 7))
    before = dict(server.cluster.objects)
    assert judged(bundle) == READY
    assert told(bundle) == [f"judging {WHOSE}: applying"]
    assert server.cluster.objects == before
    assert {request.method for request in server.received} == {"GET"}


def test_what_the_controller_has_not_seen_is_not_enough(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server)
    server.answers("deployments", api.deployment(observedGeneration=6))
    bundle.clock = TickingClock(100)
    assert judged(bundle, timeout=60) == Report(
        Exit.TIMED_OUT,
        "Deployment site: not done after 60 s: "
        "waiting for the controller to see the new generation",
        data={"outcome": "timed out"},
    )


def test_after_an_apply_the_environment_file_is_not_needed(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, result=Result.APPLYING)
    bundle.leave(number=3, applied=AppliedAt(APPLIED, 7))
    bundle.context.environment_file.unlink()
    assert judged(bundle, settle=True) == READY


def test_without_a_record_the_environments_deployment_is_judged_as_it_is(
    bundle: Bundle, server: ScriptedApi
) -> None:
    assert judged(bundle) == READY
    assert told(bundle) == [f"there is no record of a deployment: {CURRENT}"]
    (asked,) = server.asked("deployments")
    assert asked["fieldSelector"] == "metadata.name=site"


def test_an_apply_that_did_not_end_says_nothing_of_what_runs(
    bundle: Bundle, server: ScriptedApi
) -> None:
    remember(server, applied=None)
    assert judged(bundle) == READY
    assert told(bundle) == [f"{WHOSE}, did not apply everything: {CURRENT}"]


def test_a_change_after_the_apply_is_what_is_judged(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server, applied=AppliedAt(APPLIED, 6))
    assert judged(bundle) == READY
    assert told(bundle) == [f"changed after {WHOSE}: {CURRENT}"]


def test_settling_after_a_render_alone_settles_nothing(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server)
    bundle.leave()
    before = dict(server.cluster.objects)
    assert judged(bundle, settle=True) == READY
    assert told(bundle) == ["no apply of this deployment is known: no record is settled", JUDGED]
    assert server.cluster.objects == before


def test_what_it_waits_for_is_told_until_it_has_come(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server)
    ready = api.endpoint_slice(api.endpoint("uid-of-web-1"))
    server.answers("endpointslices")

    def serves(handler: BaseHTTPRequestHandler) -> None:
        # A refresh looks at the lists again before the last word.
        server.answers("endpointslices", ready)
        server.stays(api.event("ADDED", ready, "101"))(handler)

    server.plays("endpointslices", serves)
    assert judged(bundle) == READY
    assert told(bundle) == [JUDGED, NOBODY_SERVES]


def test_a_failure_is_told_with_its_details(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server)
    lost = api.waiting("ErrImagePull", "manifest unknown")
    server.answers("pods", api.pod("web-1", lost, ready=False))
    server.answers("deployments", UNREADY)
    report = bundle.run(validate.run)
    sentence = "Deployment site: pod web-1: the registry has no such image (ErrImagePull)"
    assert (report.exit, report.sentence) == (Exit.ROLLOUT_FAILED, sentence)
    assert report.rows == (
        ("container", "wordpress, restarts: 0"),
        ("image", IMAGE),
        ("message", "manifest unknown"),
        ("to do", "push the image, or deploy a release whose image is there"),
    )
    assert report.data["outcome"] == "failed"


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 900), (60, 60)])
def test_it_waits_as_long_as_it_is_told_or_as_the_environment_says(
    bundle: Bundle, server: ScriptedApi, timeout: int | None, seconds: int
) -> None:
    remember(server)
    server.answers("endpointslices")
    bundle.clock = TickingClock(1000)
    assert judged(bundle, timeout=timeout) == Report(
        Exit.TIMED_OUT,
        f"Deployment site: not done after {seconds} s: {NOBODY_SERVES}",
        data={"outcome": "timed out"},
    )


def test_the_watches_end_with_it_however_it_ends(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server)
    server.answers("endpointslices")
    others = set(RESOURCES) - {"endpointslices"}
    forbidden = refused(403, "endpointslices is forbidden")

    def forbidden_once_the_others_are_open(handler: BaseHTTPRequestHandler) -> None:
        for _ in others:
            server.opened.get(timeout=PATIENCE)
        forbidden(handler)

    server.plays("endpointslices", forbidden_once_the_others_are_open, *[forbidden] * 7)
    with pytest.raises(ClusterError, match="endpointslices is forbidden"):
        judged(bundle)
    assert {server.left.get(timeout=PATIENCE) for _ in others} == others


def test_whoever_ends_a_deployment_cannot_watch(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="--watch only looks"):
        bundle.run(validate.run, settle=True, watch=True)


def test_a_program_reads_all_that_was_judged(bundle: Bundle, server: ScriptedApi) -> None:
    remember(server)
    data = bundle.run(validate.run).data
    assert (data["outcome"], data["replicas"]["ready"]) == ("succeeded", 1)
    assert [pod["name"] for pod in data["pods"]] == ["web-1"]
