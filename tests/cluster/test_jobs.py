"""Jobs: run in their place by `apply`, waited for and judged; nothing follows one that failed."""

import base64
import json
import os
import signal
import subprocess
from typing import Any

import pytest
import yaml

from tests.cluster.site import Json, Site, image, running

# What a pod waits for that a Secret of somebody else has.
SECRET = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "token"}}}


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: a Job is reached as every other object is."""


def give(site: Site, tag: str = "v1", step: str = "upgrade", **spec: Any) -> None:
    """Have the release a Job whose container has an image of that tag."""
    container = {"name": step, "image": image(tag), "env": spec.pop("env", [])}
    pod = {"restartPolicy": "Never", "serviceAccountName": "wordpress", "containers": [container]}
    template = {"metadata": {"labels": {"app": step}}, "spec": pod}
    document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"wordpress-{step}"},
        "spec": {"backoffLimit": 0, "template": template, **spec},
    }
    path = site.bundle / f"k8s/wordpress/{step}.yaml.j2"
    path.write_text(yaml.safe_dump(document))


def jobs(site: Site) -> dict[str, Json]:
    """The Jobs that there are, by name."""
    found = site.ask("GET", site.collection("jobs", "batch/v1"))["items"]
    return {item["metadata"]["name"]: item for item in found}


def only_job(site: Site) -> Json:
    [found] = jobs(site).values()
    return found


def result(site: Site) -> tuple[str, str]:
    """How the newest record says that the deployment ended, and why."""
    newest = json.loads(site.run("history", "--output", "json").output)["records"][0]
    return newest["result"], newest["reason"]


def is_free(site: Site) -> bool:
    return "nobody holds it" in site.run("status").output


def test_jobs_run_one_after_another_before_what_serves(site: Site) -> None:
    give(site, step="install")
    give(site, step="upgrade")
    outcome = site.deployed()
    first, second = sorted(jobs(site).values(), key=lambda job: str(job["metadata"]["name"]))
    assert first["metadata"]["name"].startswith("wordpress-install-")
    done, begun = first["status"]["completionTime"], second["metadata"]["creationTimestamp"]
    assert done <= begun
    assert second["status"]["completionTime"] <= site.deployment()["metadata"]["creationTimestamp"]
    assert result(site) == ("succeeded", "")
    assert "3/3" in outcome.output


def test_the_same_release_runs_its_job_once_and_another_one_runs_its_own(site: Site) -> None:
    give(site)
    site.deployed()
    once, pods = only_job(site)["metadata"], site.pod_names()
    site.deployment_id = "d-TEST00002"
    again = site.run("render"), site.run("apply"), site.run("validate", "--settle")
    assert [step.code for step in again] == [0, 0, 0], again
    assert "it is complete, and does not run again" in again[1].output
    assert only_job(site)["metadata"]["uid"] == once["uid"]
    assert site.pod_names() == pods

    give(site, "v2")
    site.deployed()
    assert only_job(site)["metadata"]["name"] != once["name"], "the old one is pruned"


def test_a_job_that_fails_ends_the_deployment_before_what_serves_is_touched(site: Site) -> None:
    site.deployed()
    good, generation = site.pod_names(), site.deployment()["metadata"]["generation"]
    give(site, "joberror")
    site.release("v2", digest="b")
    site.deployment_id = "d-TEST00002"
    assert site.run("render").code == 0
    failed = site.run("apply")
    assert failed.code == 7, failed.output
    name = only_job(site)["metadata"]["name"]
    assert f"Job {name}: BackoffLimitExceeded: pod {name}-" in failed.verdict
    assert "container upgrade ended: exit code 1, Error" in failed.verdict
    assert "Error establishing a database connection" in failed.verdict, "its last words"
    assert len(failed.block) <= 13
    how, why = result(site)
    assert how == "failed"
    assert f"Job {name}: BackoffLimitExceeded: " in why
    assert site.deployment()["metadata"]["generation"] == generation
    assert good <= site.pod_names(), "the old pods serve on"
    assert is_free(site)


def test_a_retry_runs_a_job_that_failed_again(site: Site) -> None:
    give(site, "joberror")
    assert site.deploy().code == 7
    first = only_job(site)["metadata"]
    site.deployment_id = "d-TEST00002"
    retried = site.deploy()
    assert retried.code == 7, retried.output
    second = only_job(site)["metadata"]
    assert second["name"] == first["name"]
    assert second["uid"] != first["uid"]
    assert "deleted: it failed before, and is run again" in retried.output


def test_a_missing_secret_is_told_at_once_and_the_retry_finds_it(site: Site) -> None:
    give(site, env=[SECRET])
    missing = site.deploy()
    assert missing.code == 7, missing.output
    assert 'secret "absent" not found' in missing.verdict
    assert jobs(site) == {}, "it must not begin when the Secret comes"
    data = {"token": base64.b64encode(b"x").decode()}
    secret = {"metadata": {"name": "absent"}, "data": data}
    site.ask("POST", site.collection("secrets", "v1"), secret)
    site.deployment_id = "d-TEST00002"
    site.deployed()
    assert only_job(site)["status"]["succeeded"] == 1


def test_an_image_that_comes_late_is_waited_for(site: Site) -> None:
    give(site, "registry5xx")
    outcome = site.deployed()
    assert "503 Service Unavailable" not in outcome.verdict
    assert only_job(site)["status"]["succeeded"] == 1


def limit_pods(site: Site, most: int) -> None:
    """From now on there are at most so many pods."""
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": str(most)}}}
    site.ask("POST", site.collection("resourcequotas", "v1"), quota)


def test_a_quota_that_refuses_the_pod_is_named(site: Site) -> None:
    give(site)
    # A quota that is there before `render` is told there.
    assert site.run("render").code == 0
    limit_pods(site, 0)
    refused = site.run("apply")
    assert refused.code == 7, refused.output
    assert "cannot create its pod: exceeded quota: small" in refused.verdict
    assert jobs(site) == {}


def test_a_quota_that_has_no_room_for_the_job_is_told_before_anything_changes(site: Site) -> None:
    site.deployed()
    limit_pods(site, 3)
    give(site)
    told = site.run("render")
    assert told.code == 6, told.output
    assert "room for 0 more pods, but Job wordpress-upgrade-" in told.verdict


def test_a_job_that_is_complete_needs_no_room(site: Site) -> None:
    give(site)
    site.deployed()
    limit_pods(site, 3)
    told = site.run("render")
    assert told.code == 0, told.output
    assert "quota" not in told.output


def test_a_job_that_takes_too_long_times_out(site: Site) -> None:
    site.configure({"rollout": {"deadline": 11, "progress_deadline": 10}})
    give(site, "toomany")
    late = site.deploy()
    assert late.code == 8, late.output
    assert "not done after 11 s: pod wordpress-upgrade-" in late.verdict
    assert result(site)[0] == "failed"
    assert is_free(site)


def test_its_own_deadline_fails_it(site: Site) -> None:
    give(site, "toomany", activeDeadlineSeconds=3)
    late = site.deploy()
    assert late.code == 7, late.output
    assert "DeadlineExceeded: pod wordpress-upgrade-" in late.verdict


def until_told(process: subprocess.Popen[str], text: str) -> None:
    """Wait for a line that has the text."""
    assert process.stdout is not None
    assert any(text in line for line in process.stdout)


def test_sigterm_frees_the_lock_and_the_next_apply_goes_on_waiting(site: Site) -> None:
    site.configure({"rollout": {"grace": {"refused": 60}}})
    give(site)
    assert site.run("render").code == 0
    limit_pods(site, 0)
    with running(site.start("apply")) as process:
        until_told(process, "no pod can be created: exceeded quota")
        os.kill(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 143, output
    assert is_free(site)
    first = only_job(site)["metadata"]["uid"]
    with running(site.start("apply")) as process:
        until_told(process, "it still runs, and is waited for")
        site.ask("DELETE", f"{site.collection('resourcequotas', 'v1')}/small")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert only_job(site)["metadata"]["uid"] == first
    assert site.run("validate", "--settle").code == 0


def test_a_rollback_runs_no_job(site: Site) -> None:
    give(site)
    site.deployed()
    site.deployment_id = "d-TEST00002"
    site.release("v2", digest="b")
    give(site, "v2")
    site.deployed()
    shown = site.run("diff", "--to", "1")
    assert "Job wordpress-upgrade" in shown.output
    assert "+ Job" not in shown.output
    back = site.run("rollback", "--yes")
    assert back.code == 0, back.output
    assert jobs(site) == {}, "the newer one's is pruned, the older one's is not run"


def test_diff_shows_a_job_that_would_run(site: Site) -> None:
    give(site, "joberror")
    assert "+ Job wordpress-upgrade-" in site.run("diff").output
    assert site.deploy().code == 7
    told = site.run("diff").output
    assert "~ Job wordpress-upgrade-" in told
    assert "it failed before: it is deleted, and run again" in told
