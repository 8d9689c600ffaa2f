"""Deployments, ReplicaSets, endpoints and times, read from the API server's JSON."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import api_objects as api
from tests.unit.rollout_states import IMAGE, ago
from wpdeploy import observed, parts
from wpdeploy.observed import Event, ReplicaSet, Workload


def test_a_deployment() -> None:
    raw = api.deployment(
        conditions=[
            api.condition("Available", "True", reason="MinimumReplicasAvailable"),
            api.condition(
                "Progressing",
                "True",
                reason="NewReplicaSetAvailable",
                message="has progressed",
                lastUpdateTime="2026-11-05T02:59:00Z",
                lastTransitionTime="2026-01-01T00:00:00Z",
            ),
        ]
    )
    assert observed.workload(raw) == Workload(
        uid="deployment",
        selector="app=wordpress,app.kubernetes.io/instance=Test",
        generation=7,
        observed_generation=7,
        revision=4,
        desired=1,
        replicas=1,
        updated=1,
        ready=1,
        available=1,
        progress_reason="NewReplicaSetAvailable",
        progress_message="has progressed",
        progress_updated=ago(60),
        replica_failure="",
    )


@pytest.mark.parametrize("status", [{}, None], ids=["empty", "null"])
def test_a_deployment_that_no_controller_has_seen(status: object) -> None:
    raw = api.deployment() | {"status": status}
    del raw["metadata"]["annotations"]
    found = observed.workload(raw)
    counters = (found.replicas, found.updated, found.ready, found.available)
    assert (found.observed_generation, found.revision, counters) == (0, 0, (0, 0, 0, 0))
    assert (found.progress_reason, found.progress_updated, found.replica_failure) == ("", None, "")


@pytest.mark.parametrize(("status", "told"), [("True", "exceeded quota: pods"), ("False", "")])
def test_a_replica_failure_is_told_while_it_lasts(status: str, told: str) -> None:
    failure = api.condition("ReplicaFailure", status, message="exceeded quota: pods")
    assert observed.workload(api.deployment(conditions=[failure])).replica_failure == told


@pytest.mark.parametrize("selector", [{}, {"matchLabels": None}], ids=["none", "null"])
def test_a_selector_without_labels_selects_all(selector: dict[str, Any]) -> None:
    raw = api.deployment()
    raw["spec"]["selector"] = selector
    assert observed.workload(raw).selector == ""


def test_a_replica_set_and_its_controller() -> None:
    found = observed.replica_set(api.replica_set("new", "4"))
    assert found == ReplicaSet("new", "deployment", 4, "web-new")


@pytest.mark.parametrize(("status", "told"), [("True", "exceeded quota: q"), ("False", "")])
def test_a_replica_set_tells_since_when_it_is_refused_pods(status: str, told: str) -> None:
    since = api.stamp(ago(30))
    refused = api.condition(
        "ReplicaFailure", status, message="exceeded quota: q", lastTransitionTime=since
    )
    found = observed.replica_set(api.replica_set("new", "4", refused))
    assert (found.failure, found.failing) == (told, ago(30))


def test_a_deployment_that_is_paused() -> None:
    raw = api.deployment()
    assert not observed.workload(raw).paused
    raw["spec"]["paused"] = True
    assert observed.workload(raw).paused


def test_the_strategy_of_a_deployment() -> None:
    raw = api.deployment()
    assert observed.workload(raw).strategy == "RollingUpdate"
    raw["spec"]["strategy"] = {"type": "Recreate"}
    assert observed.workload(raw).strategy == observed.RECREATE


def test_the_images_of_a_deployment_are_known_by_container() -> None:
    raw = api.deployment()
    assert observed.images(raw) == {}
    containers = [{"name": "wordpress", "image": IMAGE}, {"name": "proxy", "image": "envoy"}]
    raw["spec"]["template"] = {"spec": {"containers": containers}}
    assert observed.workload(raw).images == {"wordpress": IMAGE, "proxy": "envoy"}


EVENT = {"involvedObject": {"uid": "a"}, "reason": "BackOff", "message": "again"}
TIMES = {
    "the old kind": {"lastTimestamp": api.stamp(ago(5)), "eventTime": None},
    "the new kind": {"lastTimestamp": None, "eventTime": api.stamp(ago(5))},
    "a series": {
        "series": {"count": 2, "lastObservedTime": api.stamp(ago(5))},
        "eventTime": api.stamp(ago(90)),
    },
    "nothing but its creation": {"metadata": {"creationTimestamp": api.stamp(ago(5))}},
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_when_an_event_was_last_told(times: dict[str, Any]) -> None:
    assert observed.event(EVENT | times) == Event("a", "BackOff", "again", ago(5))


def test_an_event_may_say_next_to_nothing() -> None:
    assert observed.event({"involvedObject": {}}) == Event("", "", "", None)


@pytest.mark.parametrize("text", ["", "four", "-4", "\u00b2"])
def test_a_revision_that_is_none_is_older_than_all(text: str) -> None:
    assert observed.replica_set(api.replica_set("new", text)).revision == 0


@pytest.mark.parametrize("metadata", [{}, {"annotations": None, "ownerReferences": None}])
def test_a_replica_set_of_nobody(metadata: dict[str, Any]) -> None:
    assert observed.replica_set({"metadata": {"uid": "x"} | metadata}) == ReplicaSet("x", "", 0)


SERVING = {
    "a slice": (api.endpoint_slice(api.endpoint("a", ready=True)), {"a"}),
    "a slice whose endpoint is not ready": (
        api.endpoint_slice(api.endpoint("a", ready=False), api.endpoint("b", ready=True)),
        {"b"},
    ),
    "a slice that does not say: ready by convention": (
        api.endpoint_slice({"targetRef": {"uid": "a"}}),
        {"a"},
    ),
    "a slice of no pods": (api.endpoint_slice({"addresses": ["10.0.0.1"]}), {""}),
    "a slice without endpoints": ({"metadata": {}, "endpoints": None}, set()),
    "Endpoints": (
        {
            "subsets": [
                {"addresses": [{"targetRef": {"uid": "a"}}, {"ip": "10.0.0.2"}]},
                {"addresses": [{"targetRef": {"uid": "b"}}]},
            ]
        },
        {"a", "b", ""},
    ),
    "Endpoints that are not ready": (
        {"subsets": [{"addresses": None, "notReadyAddresses": [{"targetRef": {"uid": "a"}}]}]},
        set(),
    ),
    "Endpoints of a Service without pods": ({"metadata": {}}, set()),
}


@pytest.mark.parametrize(("raw", "uids"), SERVING.values(), ids=SERVING)
def test_who_serves(raw: dict[str, Any], uids: set[str]) -> None:
    assert observed.serving(raw) == uids


@pytest.mark.parametrize("text", [None, ""])
def test_no_time_is_none(text: str | None) -> None:
    assert parts.time(text) is None


@settings(max_examples=50)
@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_read_as_kubernetes_writes_it(moment: datetime) -> None:
    micro = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    whole = moment.replace(microsecond=0)
    assert parts.time(micro) == moment
    assert parts.time(whole.isoformat().replace("+00:00", "Z")) == whole
