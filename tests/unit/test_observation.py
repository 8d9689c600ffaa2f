"""What is known of a rollout from the lists, and from the events of the watches."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from tests.unit import api_objects as api
from tests.unit.rollout_states import APPLIED, BACK_OFF, IMAGE, NOW, ago
from tests.unit.scripted_api import RESOURCES, Observed, ScriptedApi, refused
from wpdeploy.errors import ClusterError
from wpdeploy.grace import Grace
from wpdeploy.observed import Event, ReplicaSet, Snapshot
from wpdeploy.record import AppliedAt


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


def pods(snapshot: Snapshot) -> list[str]:
    return [pod.name for pod in snapshot.pods]


def test_the_lists_are_a_snapshot(server: ScriptedApi) -> None:
    server.answers("pods", api.pod("web-2"), api.pod("web-1"))
    snapshot = Observed(server).observation.snapshot()
    assert snapshot.workload is not None
    assert snapshot.workload.uid == "deployment"
    assert pods(snapshot) == ["web-1", "web-2"]
    assert snapshot.replica_sets == (
        ReplicaSet("old", "deployment", 3, "web-old"),
        ReplicaSet("new", "deployment", 4, "web-new"),
    )
    assert snapshot.serving == {"uid-of-web-1"}
    assert (snapshot.since, snapshot.generation, snapshot.images) == (None, 0, {})
    assert (snapshot.window, snapshot.grace) == (timedelta(seconds=10), Grace())


def test_what_the_apply_made_and_when_is_part_of_it(server: ScriptedApi) -> None:
    applied = AppliedAt(APPLIED, 8, {"wordpress": IMAGE})
    snapshot = Observed(server, applied).observation.snapshot()
    assert (snapshot.since, snapshot.generation) == (APPLIED, 8)
    assert snapshot.images == {"wordpress": IMAGE}


def test_its_now_is_the_api_servers(server: ScriptedApi) -> None:
    observed = Observed(server)
    observed.clock.now += 2.5
    assert observed.observation.snapshot().now == ago(-2.5)


def test_only_what_belongs_to_the_deployment_is_asked_for(server: ScriptedApi) -> None:
    Observed(server)
    selector = "app=wordpress,app.kubernetes.io/instance=Test"
    asked = {plural: server.asked(plural) for plural in RESOURCES}
    assert asked == {
        "deployments": [{"fieldSelector": "metadata.name=wordpress", "limit": "200"}],
        "replicasets": [{"labelSelector": selector, "limit": "200"}],
        "pods": [{"labelSelector": selector, "limit": "200"}],
        "endpointslices": [
            {"labelSelector": "kubernetes.io/service-name=wordpress", "limit": "200"}
        ],
        "events": [],
    }


def test_several_slices_serve_together(server: ScriptedApi) -> None:
    first = api.endpoint_slice(api.endpoint("a"))
    second = api.endpoint_slice(api.endpoint("b")) | {"metadata": {"uid": "slice-2"}}
    server.answers("endpointslices", first, second)
    assert Observed(server).observation.snapshot().serving == {"a", "b"}


def test_an_api_server_without_endpoint_slices_is_asked_for_endpoints(server: ScriptedApi) -> None:
    del server.lists["endpointslices"]
    addresses = [{"addresses": [{"targetRef": {"uid": "uid-of-web-1"}}]}]
    server.answers("endpoints", {"metadata": {"uid": "e"}, "subsets": addresses})
    assert Observed(server).observation.snapshot().serving == {"uid-of-web-1"}
    assert server.asked("endpoints") == [
        {"fieldSelector": "metadata.name=wordpress", "limit": "200"}
    ]


def test_endpoints_are_watched_where_there_are_no_slices(server: ScriptedApi) -> None:
    del server.lists["endpointslices"]
    server.answers("endpoints")
    addresses = [{"addresses": [{"targetRef": {"uid": "uid-of-web-1"}}]}]
    added = {"metadata": {"uid": "e"}, "subsets": addresses}
    server.plays("endpoints", server.stays(api.event("ADDED", added, "101")))
    with closing(Observed(server)) as observed:
        observed.until(lambda snapshot: snapshot.serving == {"uid-of-web-1"})


def test_a_deployment_that_does_not_exist_is_an_error(server: ScriptedApi) -> None:
    server.answers("deployments")
    with pytest.raises(ClusterError) as caught:
        Observed(server)
    assert str(caught.value) == (
        "Deployment wordpress: does not exist in the namespace shop (deploy it first)"
    )


def test_something_that_is_no_api_server_is_an_error(server: ScriptedApi) -> None:
    server.lists.clear()
    with pytest.raises(ClusterError, match="/namespaces/shop/deployments"):
        Observed(server)


def test_a_list_that_is_forbidden_is_an_error(server: ScriptedApi) -> None:
    server.lists["pods"] = refused(403, "pods is forbidden")
    with pytest.raises(ClusterError, match="pods is forbidden"):
        Observed(server)


def test_nothing_is_watched_before_the_first_wait(server: ScriptedApi) -> None:
    Observed(server)
    assert [server.versions(plural) for plural in RESOURCES] == [[]] * 5


def test_the_watches_go_on_from_the_lists(server: ScriptedApi) -> None:
    server.plays("pods", server.stays(api.event("ADDED", api.pod("web-2"), "101")))
    with closing(Observed(server)) as observed:
        observed.until(lambda snapshot: len(snapshot.pods) == 2)
    assert server.asked("pods", watch=True) == [
        {
            "labelSelector": "app=wordpress,app.kubernetes.io/instance=Test",
            "resourceVersion": "100",
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": "60",
        }
    ]


def test_events_add_modify_and_delete(server: ScriptedApi) -> None:
    server.plays(
        "pods",
        server.stays(
            api.event("ADDED", api.pod("web-2", ready=False), "101"),
            api.event("MODIFIED", api.pod("web-2"), "102"),
            api.event("DELETED", api.pod("web-1"), "103"),
        ),
    )
    with closing(Observed(server)) as observed:
        snapshot = observed.until(lambda snapshot: pods(snapshot) == ["web-2"])
    assert snapshot.pods[0].ready


def test_each_resource_is_watched(server: ScriptedApi) -> None:
    slice_ = api.endpoint_slice(api.endpoint("uid-of-web-2"))
    events = {
        "deployments": api.event("MODIFIED", api.deployment(generation=9), "101"),
        "replicasets": api.event("DELETED", api.replica_set("old", "3"), "101"),
        "pods": api.event("DELETED", api.pod("web-1"), "101"),
        "endpointslices": api.event("MODIFIED", slice_, "101"),
    }
    for plural, event in events.items():
        server.plays(plural, server.stays(event))
    with closing(Observed(server)) as observed:
        observed.until(
            lambda snapshot: (
                snapshot.workload is not None
                and snapshot.workload.generation == 9
                and snapshot.replica_sets == (ReplicaSet("new", "deployment", 4, "web-new"),)
                and snapshot.pods == ()
                and snapshot.serving == {"uid-of-web-2"}
            )
        )


def test_events_are_listed_when_there_is_something_to_wait_for(server: ScriptedApi) -> None:
    server.answers("events", api.told("wordpress-1", "BackOff"), api.told("other-1", "BackOff"))
    with closing(Observed(server)) as observed:
        assert not observed.observation.snapshot().knows_events
        snapshot = observed.until(lambda snapshot: snapshot.knows_events)
    told = Event("uid-of-wordpress-1", "BackOff", "", ago(5))
    assert snapshot.events == {"uid-of-wordpress-1": (told,)}
    assert server.asked("events") == [
        {
            "fieldSelector": "involvedObject.kind=Pod,reason!=Pulled,reason!=Created,"
            "reason!=Started,reason!=Killing,reason!=Scheduled",
            "limit": "200",
        }
    ]


def test_events_are_watched_from_their_list_on(server: ScriptedApi) -> None:
    pulls = api.event("ADDED", api.told("wordpress-1", "Pulling"), "101")
    server.plays("events", server.stays(pulls))
    with closing(Observed(server)) as observed:
        snapshot = observed.until(lambda snapshot: bool(snapshot.events))
    (told,) = snapshot.events["uid-of-wordpress-1"]
    assert (told.reason, server.versions("events")) == ("Pulling", ["100"])


def test_whoever_may_not_see_events_goes_on_without_them(server: ScriptedApi) -> None:
    server.lists["events"] = refused(403, "events is forbidden")
    with closing(Observed(server)) as observed:
        while not any("going on" in notice for notice in observed.notices):
            observed.observation.wait(0.01)
        assert not observed.observation.snapshot().knows_events
    assert observed.notices[-1].startswith("going on without events: ")
    assert len(server.asked("events")) == 8


def test_when_a_pod_was_gone_is_known_by_who_saw_it(server: ScriptedApi) -> None:
    server.plays("pods", server.stays(api.event("DELETED", api.pod("web-1"), "101")))
    with closing(Observed(server)) as observed:
        assert observed.observation.snapshot().freed is None
        observed.clock.now += 5
        snapshot = observed.until(lambda snapshot: snapshot.pods == ())
        assert snapshot.freed == ago(-5)
        observed.clock.now += 5
        assert observed.observation.snapshot().freed == ago(-5)


def test_a_deployment_that_is_deleted_is_no_longer_known(server: ScriptedApi) -> None:
    server.plays("deployments", server.stays(api.event("DELETED", api.deployment(), "101")))
    with closing(Observed(server)) as observed:
        observed.until(lambda snapshot: snapshot.workload is None)


def test_an_event_is_dated_by_the_api_server(server: ScriptedApi) -> None:
    server.plays("pods", server.stays(api.event("MODIFIED", api.pod(ready=False), "101")))
    with closing(Observed(server)) as observed:
        observed.clock.now += 5
        snapshot = observed.until(lambda snapshot: not snapshot.pods[0].ready)
    assert snapshot.pods[0].changed == ago(-5)
    assert snapshot.now == NOW + timedelta(seconds=5)


def test_without_news_wait_returns_when_its_time_is_over(server: ScriptedApi) -> None:
    with closing(Observed(server)) as observed:
        before = observed.until(lambda snapshot: snapshot.knows_events)
        observed.observation.wait(0)
        assert observed.observation.snapshot() == before


MUTE = api.pod("wordpress-1", api.waiting("ImagePullBackOff", BACK_OFF), ready=False)


def test_who_comes_into_a_back_off_asks_what_came_of_the_attempt(server: ScriptedApi) -> None:
    server.answers("pods", MUTE)
    told = api.told("wordpress-1", "Failed", f'Failed to pull image "{IMAGE}": not found')
    server.answers("events", api.told("wordpress-1", "BackOff", "Back-off"), told)
    observed = Observed(server)
    (pod,) = observed.observation.snapshot().pods
    assert pod.containers[0].message == "not found"
    assert observed.observation.snapshot().knows_events
    assert len(server.asked("events")) == 1


def test_a_back_off_without_the_right_to_see_events(server: ScriptedApi) -> None:
    server.answers("pods", MUTE)
    server.lists["events"] = refused(403, "events is forbidden")
    observed = Observed(server)
    (pod,) = observed.observation.snapshot().pods
    assert pod.containers[0].message == BACK_OFF
    assert not observed.observation.snapshot().knows_events
    (notice,) = observed.notices
    assert notice.startswith("going on without events: ")
