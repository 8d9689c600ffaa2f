"""One deployment at a time: who gets the lock of a site, and who gives it back however it ends."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.site import STEPS
from tests.cluster.conftest import once
from tests.cluster.proxy import Answer, Proxy
from tests.cluster.site import Json, Result, Site, running, until
from tests.cluster.test_records import names, records

pytestmark = once

OTHER = "d-TEST00002"


def path(site: Site) -> str:
    return site.collection("leases", "coordination.k8s.io/v1") + "/wpdeploy-wordpress"


def holder(site: Site) -> str:
    spec: Json = site.ask("GET", path(site))["spec"]
    return spec.get("holderIdentity") or ""


def ended(process: subprocess.Popen[str]) -> Result:
    output, _ = process.communicate(timeout=90)
    return Result(process.returncode, output)


def told(process: subprocess.Popen[str], words: str) -> None:
    """Read on until a line of the step has these words."""
    assert process.stdout
    assert any(words in line for line in process.stdout)


class Hold:
    """Holds up a step at its first rehearsal or its first change, which then is refused."""

    def __init__(self, at: str) -> None:
        self.reached, self.goes_on = threading.Event(), threading.Event()
        self._is_rehearsal = at == "rehearsal"

    def __call__(self, method: str, url: str) -> Answer | None:
        if method != "PATCH" or ("dryRun=All" in url) is not self._is_rehearsal:
            return None
        self.reached.set()
        self.goes_on.wait(90)
        return Answer(500, "too late")


@contextmanager
def held_up(site: Site, proxy: Proxy, step: str, at: str) -> Iterator[subprocess.Popen[str]]:
    """The step as a process that stands still there, after those that come before it."""
    assert site.deploy(["render", "apply"][: step == "apply"]).code == 0
    hold = Hold(at)
    proxy.rules.append(hold)
    with running(site.start(step)) as process:
        assert hold.reached.wait(90)
        try:
            yield process
        finally:
            hold.goes_on.set()
            proxy.rules.remove(hold)


def test_a_deployment_leaves_the_lock_to_the_next(site: Site) -> None:
    site.deployed()
    assert not holder(site)
    site.deployment_id = OTHER
    site.deployed()
    lease = site.ask("GET", path(site))
    assert not lease["spec"].get("holderIdentity")
    assert lease["spec"]["leaseTransitions"] == 1
    assert lease["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "wpdeploy"


def test_the_lock_is_held_from_render_to_the_end_of_validate(site: Site) -> None:
    for step in ("render", "apply"):
        assert site.run(step).code == 0
        assert holder(site) == site.deployment_id
    assert site.run("validate").code == 0
    assert holder(site) == site.deployment_id
    assert site.run("validate", "--settle").code == 0
    assert not holder(site)


def test_of_two_deployments_at_once_one_wins_and_the_other_changes_nothing(site: Site) -> None:
    site.deployed()
    ids = (site.deployment_id, OTHER)
    first, second = (site.start("render", DEPLOYMENT_ID=name) for name in ids)
    with running(first), running(second):
        until(lambda: first.poll() is not None or second.poll() is not None)
        loser, winner = (first, second) if first.poll() is None else (second, first)
        name = ids[winner is second]
        assert ended(winner).code == 0
        # Else it could find the Lease as `apply` has renewed it, and wait for that to expire.
        told(loser, "waits for Lease")
        before = site.fingerprint()
        assert site.run("apply", DEPLOYMENT_ID=name).code == 0
        result = ended(loser)
    assert result.code == 9
    assert f"Lease wpdeploy-wordpress: held by {name} (Test, apply, " in result.verdict
    assert "python -m wpdeploy unlock --group Test" in result.verdict
    assert (site.fingerprint(), holder(site)) == (before, name)
    assert site.run("validate", "--settle", DEPLOYMENT_ID=name).code == 0
    assert not holder(site)


def test_of_two_releases_at_once_one_is_deployed_and_nothing_is_there_of_the_other(
    site: Site, tmp_path: Path
) -> None:
    rival = Site(site.plane, site.player, site.aws, site.namespace, tmp_path / "rival")
    rival.set_up()
    one_pod = {"wordpress": {"replicas": 1}}
    site.configure(one_pod)
    site.deployed()
    [first] = records(site)
    for one, name, digest in ((site, "d-ONE", "b"), (rival, "d-TWO", "c")):
        one.deployment_id = name
        one.configure({"env": {"OF": name}, **one_pod})
        one.release("v2", digest=digest)
        assert one.run("cleanup").code == 0
    with running(site.start("render")) as one_renders, running(rival.start("render")) as other:
        until(lambda: one_renders.poll() is not None or other.poll() is not None)
        winner, loser, waits = (
            (site, rival, other) if other.poll() is None else (rival, site, one_renders)
        )
        told(waits, "waits for Lease")
        assert winner.run("apply").code == 0
        assert ended(waits).code == 9
    assert winner.run("validate", "--settle").code == 0
    newest, before = records(site)
    assert (newest.deployment_id, newest.result) == (winner.deployment_id, "succeeded")
    assert before == first
    assert names(site, "secrets") == names(site, "configmaps") == {newest.config, first.config}
    [pod] = site.pod_names()
    environment = site.player.environment(site.namespace, pod, "wordpress")
    assert environment["OF"] == winner.deployment_id
    assert not list(loser.directory.glob(f"root/**/{loser.deployment_id}/*"))
    assert not holder(site)


def test_a_step_whose_lock_is_somebody_elses_changes_nothing(site: Site) -> None:
    assert site.run("render").code == 0
    take = {"spec": {"holderIdentity": OTHER}}
    site.ask("PATCH", path(site), take, "application/merge-patch+json")
    before = site.fingerprint()
    for step in (("apply",), ("validate", "--settle")):
        result = site.run(*step, "--output", "json")
        document = json.loads(result.output)
        assert (result.code, document["result"], document["holder"]) == (9, "locked", OTHER)
    assert (site.fingerprint(), holder(site)) == (before, OTHER)


@pytest.mark.parametrize("at", ["rehearsal", "change"])
@pytest.mark.parametrize("step", ["render", "apply"])
def test_sigterm_frees_the_lock_and_leaves_nothing_half_written(
    site: Site, proxy: Proxy, step: str, at: str
) -> None:
    with held_up(site, proxy, step, at) as process:
        assert holder(site) == site.deployment_id
        process.send_signal(signal.SIGTERM)
        result = ended(process)
    assert result.code == 143, result.output
    assert "not freed" not in result.output
    assert not holder(site)
    files = [file for file in (site.directory / "root").rglob("*") if file.is_file()]
    assert {file.name for file in files} <= {"deployment.json"}
    assert all(json.loads(file.read_text()) for file in files)
    site.deployed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_validate_that_settles_frees_the_lock(
    site: Site, number: signal.Signals
) -> None:
    site.release("notready")
    assert site.deploy(["render", "apply"]).code == 0
    with running(site.start("validate", "--settle")) as process:
        assert process.stdout
        assert "ready 0/3" in process.stdout.readline()
        process.send_signal(number)
        assert ended(process).code == 128 + number
    assert not holder(site)


def test_a_killed_step_locks_the_next_deployment_out_until_its_lease_expires(
    site: Site, proxy: Proxy
) -> None:
    with held_up(site, proxy, "apply", "change") as process:
        process.kill()
        process.wait()
    assert holder(site) == site.deployment_id
    soon = {"spec": {"leaseDurationSeconds": 4}}
    site.ask("PATCH", path(site), soon, "application/merge-patch+json")
    killed, site.deployment_id = site.deployment_id, OTHER
    started = time.monotonic()
    result = site.run("render")
    assert 4 < time.monotonic() - started < 60
    assert result.code == 0, result.output
    assert f"not renewed for 4 s, taken over: Lease wpdeploy-wordpress: held by {killed}" in (
        result.output
    )
    assert site.deploy(STEPS[2:]).code == 0


def test_a_render_that_fails_frees_the_lock(site: Site) -> None:
    site.aws.delete_parameter(f"{site.path}/mysql_password")
    assert site.run("render").code == 4
    assert not holder(site)


def test_a_rollout_that_fails_frees_the_lock(site: Site) -> None:
    site.release("badpull")
    assert site.deploy().code == 7
    assert not holder(site)


def test_a_lock_is_freed_by_hand(site: Site) -> None:
    nobody = site.run("unlock")
    assert (nobody.code, "nobody holds it" in nobody.verdict) == (0, True)
    assert site.run("render").code == 0
    refused = site.run("unlock")
    assert (refused.code, "pass --yes" in refused.verdict) == (2, True)
    freed = site.run("unlock", "--yes", DEPLOYMENT_ID="")
    assert freed.code == 0
    assert f"freed: Lease wpdeploy-wordpress: held by {site.deployment_id}" in freed.verdict
    site.deployment_id = OTHER
    assert site.run("render").code == 0


def test_two_people_by_hand_exclude_each_other(site: Site) -> None:
    alice, bob = {"DEPLOYMENT_ID": "", "USER": "alice"}, {"DEPLOYMENT_ID": "", "USER": "bob"}
    assert site.run("render", **alice).code == 0
    result = site.run("apply", **bob)
    assert (result.code, "held by alice@" in result.verdict) == (9, True)
    assert site.run("apply", **alice).code == 0
    assert site.run("validate", "--settle", **alice).code == 0
    assert not holder(site)


def test_a_lease_that_somebody_else_made_locks_nobody_out(site: Site) -> None:
    metadata = {"name": "wpdeploy-wordpress", "namespace": site.namespace}
    site.ask("POST", path(site).rpartition("/")[0], {"metadata": metadata, "spec": {}})
    site.deployed()
    assert not holder(site)
