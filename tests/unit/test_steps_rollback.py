"""`rollback` shows what changes, asks, and restores a record that succeeded."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bundle import Bundle, TickingClock
from tests.unit.past_deployments import failed, record
from tests.unit.scripted_api import ScriptedApi
from tests.unit.test_steps_undoing import remember, remembered
from tests.unit.wire import forget_surroundings
from wpdeploy.cli import Invocation
from wpdeploy.errors import ClusterError, Exit, Locked, UsageError
from wpdeploy.record import Result
from wpdeploy.report import Report
from wpdeploy.steps import restoring, rollback

GOOD = "#1 (wordpress:v1@sha256:aaaaaaaaaaaa, commit v1v1v1v1)"


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


@pytest.fixture
def bundle(server: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    remember(server, record(1), failed(2))
    server.cluster.apply(failed(2).manifests[0])
    return Bundle(tmp_path, server.url)


def rolled_back(bundle: Bundle, **options: Any) -> Report:
    return bundle.run(rollback.run, **{"to": None, "color": "auto", **options})


def untouched(server: ScriptedApi) -> bool:
    return "apply Deployment site" not in server.cluster.requests


def test_what_changes_is_shown_and_then_done(bundle: Bundle, server: ScriptedApi) -> None:
    report = rolled_back(bundle, yes=True)
    assert report.exit is Exit.SUCCESS
    assert report.sentence == f"back on {GOOD}: Deployment site: ready 1/1"
    assert (report.data["outcome"], report.data["to"]) == ("succeeded", 1)
    assert [line for line in bundle.told if line.endswith('labels.tag: "v1"')]
    newest = remembered(server)[-1]
    assert (newest.number, newest.result, newest.restores) == (3, Result.SUCCEEDED, 1)
    assert not untouched(server)
    assert not server.leases.holder


def test_without_anybody_to_ask_it_is_shown_and_refused(
    bundle: Bundle, server: ScriptedApi
) -> None:
    with pytest.raises(UsageError, match=r"nobody to ask whether to do it \(pass --yes\)"):
        rolled_back(bundle)
    assert untouched(server)
    assert server.leases.requests == []


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", Exit.SUCCESS), (b"n\n", Exit.INTERRUPTED)])
def test_somebody_is_asked_who_is_told_of_the_database(
    bundle: Bundle, server: ScriptedApi, terminal: int, answer: bytes, code: Exit
) -> None:
    os.write(terminal, answer)
    report = rolled_back(bundle)
    assert "roll back to #1? The database stays as it is. [y/N]" in bundle.told
    assert report.exit is code
    if code is Exit.INTERRUPTED:
        assert report.sentence == f"not back on {GOOD}: nothing was changed"
        assert untouched(server)


def test_what_was_deployed_while_somebody_read_is_not_rolled_back(
    bundle: Bundle, server: ScriptedApi
) -> None:
    server.leases.meanwhile.append(lambda: remember(server, record(3, "v3")))
    with pytest.raises(ClusterError, match=r"no longer as it was shown: deployment #3 \(d-3\)"):
        rolled_back(bundle, yes=True)
    assert untouched(server)


def test_who_is_at_work_is_not_disturbed(bundle: Bundle, server: ScriptedApi) -> None:
    server.leases.put("d-9")
    server.leases.meanwhile.extend([lambda: None, lambda: server.leases.put("d-9")])
    bundle.clock = TickingClock(1)
    with pytest.raises(Locked):
        rolled_back(bundle, yes=True)
    assert untouched(server)


def test_a_rollout_that_is_not_done_is_told(bundle: Bundle, server: ScriptedApi) -> None:
    server.answers("endpointslices")
    bundle.clock = TickingClock(1000)
    report = rolled_back(bundle, yes=True, timeout=60)
    assert report.exit is Exit.TIMED_OUT
    assert report.sentence.startswith(f"not back on {GOOD}: Deployment site: not done after 60 s")
    assert remembered(server)[-1].result is Result.FAILED


@pytest.mark.parametrize(
    ("left", "timeout", "seconds"),
    [(3540.0, None, 900), (3540.0, 30, 30), (700.5, None, 640), (700.5, 800, 640), (20.0, None, 1)],
    ids=["the environment's", "as told", "what is left", "not as told", "hardly anything"],
)
def test_the_wait_leaves_a_minute_of_the_commands_own_time(
    bundle: Bundle, left: float, timeout: int | None, seconds: int
) -> None:
    bundle.ends = bundle.clock.monotonic() + left

    def waits(invocation: Invocation) -> Report:
        return Report(Exit.SUCCESS, str(restoring._seconds(invocation, bundle.target)))

    assert bundle.run(waits, timeout=timeout).sentence == str(seconds)
