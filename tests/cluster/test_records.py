"""What the cluster remembers of deployments, and what goes when a release no longer has it."""

import base64
import gzip
import json
import random
import signal
from dataclasses import replace
from urllib.parse import quote

import pytest

from sandbox.site import STEPS
from tests.cluster.conftest import once
from tests.cluster.proxy import Answer, Proxy
from tests.cluster.site import Json, Site, running, until
from wpdeploy.record import LARGEST, Record, decode, encode, stored_bytes

SENTINEL = "s3nt1nel/&+-value"
FOREIGN = {"metadata": {"name": "somebody-elses"}, "data": {"key": "value"}}

pytestmark = once


def config_maps(site: Site) -> list[Json]:
    found: list[Json] = site.ask("GET", site.collection("configmaps", "v1"))["items"]
    return found


def records(site: Site) -> list[Record]:
    """The records, the newest first."""
    found = [item for item in config_maps(site) if "-record-" in item["metadata"]["name"]]
    return sorted(map(decode, found), key=lambda record: -record.number)


def results(site: Site) -> list[tuple[int, str]]:
    return [(record.number, record.result.value) for record in records(site)]


def names(site: Site, plural: str) -> set[str]:
    """The names of what wpdeploy made, without the records."""
    selector = "labelSelector=" + quote("app.kubernetes.io/managed-by=wpdeploy,!wpdeploy/record")
    items = site.ask("GET", f"{site.collection(plural, 'v1')}?{selector}")["items"]
    return {item["metadata"]["name"] for item in items}


def referred(site: Site) -> set[str]:
    """The names that the pod templates of all ReplicaSets refer to."""
    found: set[str] = set()
    for item in site.ask("GET", site.collection("replicasets"))["items"]:
        for variable in item["spec"]["template"]["spec"]["containers"][0]["env"]:
            found |= {source["name"] for source in variable["valueFrom"].values()}
    return found


def deploy(site: Site, number: int, steps: tuple[str, ...] = STEPS[1:]) -> int:
    site.deployment_id = f"d-{number}"
    return site.deploy(steps).code


@pytest.fixture
def small(site: Site) -> Site:
    """A site of one pod, which is deployed sooner."""
    site.changes = {**site.changes, "wordpress": {**site.changes["wordpress"], "replicas": 1}}
    site.changes["rollout"] = {"deadline": 60, "progress_deadline": 10, "stability_window": 0}
    site.configure()
    return site


def test_a_deployment_is_recorded_from_its_first_change_to_its_end(site: Site) -> None:
    assert deploy(site, 1, ("render",)) == 0
    assert records(site) == []
    assert deploy(site, 1, ("apply",)) == 0
    [record] = records(site)
    generation = site.deployment()["metadata"]["generation"]
    assert record.applied
    assert (record.number, record.deployment_id, record.group) == (1, "d-1", "Test")
    assert (record.result, record.applied.generation) == ("applying", generation)
    assert deploy(site, 1, ("validate",)) == 0
    assert records(site) == [record]
    assert deploy(site, 1, ("validate --settle",)) == 0
    [settled] = records(site)
    assert (settled.result, settled.reason, settled.applied) == ("succeeded", "", record.applied)
    assert settled.ended
    assert settled.ended >= settled.started


def test_a_record_has_all_that_a_rollback_restores_and_no_value(site: Site) -> None:
    site.put("mysql_password", SENTINEL)
    site.deployed()
    [stored] = [item for item in config_maps(site) if "-record-" in item["metadata"]["name"]]
    record = decode(stored)
    assert {site.values[name][1] for name in record.parameters} == {True, False}
    assert record.parameters["mysql_password"].version == 2
    assert {item["kind"] for item in record.manifests} >= {"Deployment", "Service", "Ingress"}
    assert names(site, "secrets") == {record.config}
    packed = stored.get("binaryData", {}).get("record.json.gz", "")
    text = json.dumps(stored).encode() + gzip.decompress(base64.b64decode(packed) or EMPTY)
    secrets = [value for value, is_secret in site.values.values() if is_secret]
    for value in (SENTINEL, *secrets):
        forms = (value, base64.b64encode(value.encode()).decode(), quote(value, safe=""))
        assert not [form for form in forms if form.encode() in text]


EMPTY = gzip.compress(b"")


def test_a_hook_that_is_run_twice_leaves_one_record(small: Site) -> None:
    for step in ("apply", "apply", "validate --settle", "validate --settle"):
        assert deploy(small, 1, ("render", step) if step == "apply" else (step,)) == 0
    assert results(small) == [(1, "succeeded")]
    assert deploy(small, 1) == 0
    assert results(small) == [(1, "succeeded")]
    assert deploy(small, 2) == 0
    assert results(small) == [(2, "succeeded"), (1, "succeeded")]


def test_a_failure_is_recorded_with_its_reason_and_prunes_nothing(small: Site) -> None:
    assert deploy(small, 1) == 0
    before = small.fingerprint().keys()
    small.configure({"ingress": {"enabled": False}})
    small.release("badpull", digest="b")
    assert deploy(small, 2) == 7
    assert results(small) == [(2, "failed"), (1, "succeeded")]
    assert "ErrImagePull" in records(small)[0].reason
    assert before <= small.fingerprint().keys()
    small.release("v3", digest="c")
    assert deploy(small, 3) == 0
    assert not [key for key in small.fingerprint() if key.startswith("ingresses/")]


def test_what_is_not_ours_survives_every_pruning(small: Site) -> None:
    assert deploy(small, 1) == 0
    path = small.collection("ingresses", "networking.k8s.io/v1")
    ours = small.ask("GET", f"{path}/wordpress")
    copy = {"metadata": {"name": "copied", "labels": ours["metadata"]["labels"]}}
    small.ask("POST", path, {**copy, "spec": ours["spec"]})
    bare = {"metadata": {"name": "bare"}, "spec": ours["spec"]}
    small.ask("POST", path, bare)
    small.ask("POST", small.collection("configmaps", "v1"), FOREIGN)
    small.ask("POST", small.collection("secrets", "v1"), {"metadata": FOREIGN["metadata"]})
    small.configure({"ingress": {"enabled": False}})
    small.put("mysql_password", "another one")
    assert deploy(small, 2) == 0
    found = small.fingerprint()
    assert {key for key in found if key.startswith("ingresses/")} == {
        "ingresses/copied",
        "ingresses/bare",
    }
    assert {"configmaps/somebody-elses", "secrets/somebody-elses"} <= found.keys()


def test_twelve_deployments_leave_what_is_needed_and_no_more(small: Site) -> None:
    assert deploy(small, 1) == 0
    good = records(small)[0].config
    for number in range(2, 13):
        # Each has a Secret and a ConfigMap of its own; none of these is seen to succeed.
        small.put("mysql_password", f"password {number}")
        assert deploy(small, number, ("render", "apply", "unlock --yes")[: 2 + (number < 12)]) == 0
    assert results(small)[:3] == [(12, "applying"), (11, "failed"), (10, "failed")]
    assert [number for number, _ in results(small)] == [*range(12, 3, -1), 1]
    assert good in names(small, "secrets")
    assert small.run("validate", "--settle").code == 0
    kept = {record.config for record in records(small)} | referred(small)
    assert names(small, "secrets") == names(small, "configmaps") == kept
    assert good in kept
    # One more that succeeds: the last good one before it is no longer needed as such.
    assert deploy(small, 13) == 0
    assert [number for number, _ in results(small)] == list(range(13, 3, -1))
    kept = {record.config for record in records(small)} | referred(small)
    assert names(small, "secrets") == names(small, "configmaps") == kept


def test_the_largest_record_is_taken_by_the_api_server(small: Site) -> None:
    assert deploy(small, 1, ("render", "apply")) == 0
    [record] = records(small)
    noise = {**record.manifests[0], "noise": random.Random(17).randbytes(860_000).hex()}
    manifest = encode(replace(record, manifests=(noise,)), small.namespace, "wordpress")
    assert 970_000 < stored_bytes(manifest) < LARGEST
    path = f"{small.collection('configmaps', 'v1')}/wordpress-record-1"
    small.ask(
        "PATCH", f"{path}?fieldManager=x&force=true", manifest, "application/apply-patch+yaml"
    )
    shown = json.loads(small.run("history", "--output", "json").output)["records"]
    assert [item["number"] for item in shown] == [1]


def test_a_killed_apply_was_interrupted_and_the_next_one_says_so(small: Site, proxy: Proxy) -> None:
    assert deploy(small, 1, ("render",)) == 0

    def kill(method: str, url: str) -> Answer | None:
        if method == "PATCH" and "/deployments/" in url and "dryRun" not in url:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return None

    proxy.rules.append(kill)
    with running(small.start("apply")) as process:
        until(lambda: process.poll() is not None)
    proxy.rules.remove(kill)
    history = json.loads(small.run("history", "--output", "json").output)["records"]
    assert [item["result"] for item in history] == ["applying"], "its lock has not expired yet"
    assert small.run("unlock", "--yes").code == 0
    history = json.loads(small.run("history", "--output", "json").output)["records"]
    assert [item["result"] for item in history] == ["interrupted"]
    assert deploy(small, 2) == 0
    assert results(small) == [(2, "succeeded"), (1, "failed")]
    assert records(small)[1].reason.startswith("interrupted")


def test_history_lists_them_for_people_and_for_programs(small: Site) -> None:
    nothing = small.run("history")
    assert (nothing.code, "no record of wordpress" in nothing.verdict) == (0, True)
    assert deploy(small, 1) == 0
    small.release("badpull", digest="b")
    assert deploy(small, 2) == 7
    shown = small.run("history", DEPLOYMENT_ID="")
    assert shown.code == 0
    rows = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert rows[0] == "age release commit result took who"
    assert rows[1].startswith("#2 ")
    assert " badpull c0ffee failed " in rows[1]
    assert rows[2] == "main: Larger logo"
    assert "the registry has no such image" in rows[3]
    assert " v1 c0ffee succeeded " in rows[4]
    assert shown.block == [
        "wpdeploy history: succeeded: 2 deployments of wordpress in " + (small.namespace)
    ]
    assert json.loads(small.run("history", "--output", "json").output)["records"][1]["number"] == 1


def test_validate_by_hand_says_whose_deployment_it_judges(small: Site) -> None:
    assert deploy(small, 1) == 0
    judged = small.run("validate", DEPLOYMENT_ID="")
    assert "judging deployment #1 (d-1) of Test" in judged.output
    path = small.collection("deployments") + "/wordpress"
    small.ask("PATCH", path, {"spec": {"replicas": 2}}, "application/merge-patch+json")
    judged = small.run("validate", DEPLOYMENT_ID="")
    assert judged.code == 0
    assert "changed after deployment #1 (d-1) of Test" in judged.output
    assert results(small) == [(1, "succeeded")]
