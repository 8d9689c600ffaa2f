"""What `apply` does about a Job: made once, made again after a failure, and nothing follows one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.bundle import Bundle
from tests.unit.job_server import JobServer
from tests.unit.job_states import NAME, condition, ended, job, pod, waiting
from tests.unit.wire import forget_surroundings
from wpdeploy import record
from wpdeploy.errors import Exit
from wpdeploy.kinds import Manifest, path_of
from wpdeploy.record import Record, Result
from wpdeploy.report import Report
from wpdeploy.steps import apply

COMPLETE = [condition("Complete")]
FAILED = [condition("Failed", reason="BackoffLimitExceeded", message="too often")]


def manifest(kind: str, api_version: str, name: str = "site") -> Manifest:
    metadata = {"name": name, "namespace": "blog"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}


ACCOUNT = manifest("ServiceAccount", "v1")
UPGRADE = manifest("Job", "batch/v1", NAME)
DEPLOYMENT = manifest("Deployment", "apps/v1")
JOB, SITE = f"Job {NAME}", "Deployment site"


@pytest.fixture
def api() -> Iterator[JobServer]:
    with JobServer() as started:
        yield started


@pytest.fixture
def bundle(api: JobServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    made = Bundle(tmp_path, api.url)
    made.leave(ACCOUNT, UPGRADE, DEPLOYMENT)
    return made


def live(api: JobServer, conditions: list[Manifest]) -> None:
    """The Job is there already, with these conditions."""
    found = job(*conditions)
    api.cluster.objects[path_of(UPGRADE)] = {
        **UPGRADE,
        **found,
        "metadata": {**UPGRADE["metadata"], **found["metadata"], "resourceVersion": "7"},
    }
    api.lists["jobs"] = [found]


def changes(api: JobServer) -> list[str]:
    """What was changed, the records aside."""
    made = [each for each in api.cluster.requests if each.startswith(("apply ", "delete "))]
    return [each.removeprefix("apply ") for each in made]


def newest(api: JobServer) -> Record:
    path = "/api/v1/namespaces/blog/configmaps/site-record-1"
    return record.decode(api.cluster.objects[path])


def test_what_follows_is_rehearsed_anew_and_applied_when_the_job_is_complete(
    bundle: Bundle, api: JobServer
) -> None:
    api.ends.append(COMPLETE)
    report = bundle.run(apply.run)
    assert report.sentence == "3 objects: 3 created, 0 changed, 0 unchanged"
    assert changes(api) == ["ServiceAccount site", JOB, SITE]
    asked = api.cluster.requests
    assert f"dry-run {SITE}" in asked[asked.index(f"apply {JOB}") : asked.index(f"apply {SITE}")]
    assert bundle.told == [
        "ServiceAccount site created",
        f"{JOB} created",
        f"{JOB} complete",
        f"{SITE} created",
    ]


def test_a_job_that_is_complete_does_not_run_again(bundle: Bundle, api: JobServer) -> None:
    live(api, COMPLETE)
    report = bundle.run(apply.run)
    assert report.sentence == "3 objects: 2 created, 0 changed, 1 unchanged"
    assert changes(api) == ["ServiceAccount site", SITE]


def test_a_job_that_failed_is_deleted_and_runs_again(bundle: Bundle, api: JobServer) -> None:
    live(api, FAILED)
    api.ends += [FAILED, COMPLETE]
    assert bundle.run(apply.run).exit is Exit.SUCCESS
    assert changes(api) == ["ServiceAccount site", f"delete {JOB}", JOB, SITE]
    assert f"{JOB} deleted: it failed before, and is run again" in bundle.told


def test_a_job_that_still_runs_is_waited_for(bundle: Bundle, api: JobServer) -> None:
    live(api, [])
    api.lists["jobs"] = [job(*COMPLETE)]
    assert bundle.run(apply.run).exit is Exit.SUCCESS
    assert changes(api) == ["ServiceAccount site", SITE]
    assert f"{JOB} unchanged: it still runs, and is waited for" in bundle.told


def failed(bundle: Bundle, api: JobServer) -> Report:
    """An `apply` whose Job fails, after which nothing is applied and nobody holds the lock."""
    report = bundle.run(apply.run)
    assert SITE not in changes(api)
    assert api.leases.holder in {None, ""}
    return report


def test_nothing_follows_a_job_that_failed(bundle: Bundle, api: JobServer) -> None:
    api.ends.append(FAILED)
    api.lists["pods"] = [pod("x", ended(1), phase="Failed")]
    report = failed(bundle, api)
    why = f"BackoffLimitExceeded: pod {NAME}-x: container upgrade ended: exit code 1, Error"
    assert (report.exit, report.sentence) == (Exit.ROLLOUT_FAILED, f"{JOB}: {why}")
    settled = newest(api)
    assert (settled.result, settled.reason) == (Result.FAILED, report.sentence)
    assert changes(api) == ["ServiceAccount site", JOB], "what has ended stays to be looked at"


def test_a_job_that_cannot_begin_is_deleted_when_nobody_waits_for_it(
    bundle: Bundle, api: JobServer
) -> None:
    api.ends += [[], []]
    api.lists["pods"] = [pod("x", waiting("ErrImagePull", "manifest unknown"), age=0)]
    report = failed(bundle, api)
    assert "the registry has no such image" in report.sentence
    assert changes(api) == ["ServiceAccount site", JOB, f"delete {JOB}"]


def test_a_rollback_runs_no_job(bundle: Bundle, api: JobServer) -> None:
    bundle.leave(ACCOUNT, UPGRADE, DEPLOYMENT, restores=3)
    bundle.run(apply.run)
    assert changes(api) == ["ServiceAccount site", SITE]
    assert [each["kind"] for each in newest(api).manifests] == [
        "ServiceAccount",
        "Job",
        "Deployment",
    ]
