"""Watches that end, break, come too late or are refused; and their end."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit import api_objects as api
from tests.unit import wire
from tests.unit.rollout_states import ago
from tests.unit.scripted_api import DATE, RESOURCES, Observed, ScriptedApi, refused
from wpdeploy import waiting
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError
from wpdeploy.kube import Cluster
from wpdeploy.observed import Snapshot
from wpdeploy.rollout import assess
from wpdeploy.verdict import Outcome, Verdict
from wpdeploy.watch import Watch

ADDED = api.event("ADDED", api.pod("web-2"), "101")
LAST = api.event("ADDED", api.pod("last"), "190")

Json = dict[str, Any]


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with ScriptedApi() as started:
        yield started


def has_last(snapshot: Snapshot) -> bool:
    return any(pod.name == "last" for pod in snapshot.pods)


def test_a_watch_that_ends_goes_on_from_its_last_event(server: ScriptedApi) -> None:
    server.plays("pods", wire.stream(ADDED), server.stays(LAST))
    with closing(Observed(server)) as observed:
        snapshot = observed.until(has_last)
    assert [pod.name for pod in snapshot.pods] == ["last", "web-1", "web-2"]
    assert server.versions("pods") == ["100", "101"]
    assert len(server.asked("pods")) == 1
    assert (observed.clock.slept, observed.notices) == ([0.25], [])


def test_watches_that_something_ends_at_once_are_not_opened_without_a_pause(
    server: ScriptedApi,
) -> None:
    server.plays("pods", *[wire.stream()] * 3, server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert server.versions("pods") == ["100"] * 4
    assert (observed.clock.slept, observed.notices) == ([0.25] * 3, [])


def test_a_bookmark_says_only_where_to_go_on(server: ScriptedApi) -> None:
    server.plays("pods", wire.stream(api.bookmark("150")), server.stays(LAST))
    with closing(Observed(server)) as observed:
        snapshot = observed.until(has_last)
    assert [pod.name for pod in snapshot.pods] == ["last", "web-1"]
    assert server.versions("pods") == ["100", "150"]


def test_a_watch_that_breaks_goes_on_from_its_last_event(server: ScriptedApi) -> None:
    server.plays("pods", wire.stream(ADDED, whole=False), server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert server.versions("pods") == ["100", "101"]
    assert (observed.clock.slept, observed.notices) == ([0.25], [])


def test_a_line_that_is_cut_in_two_is_one_event(server: ScriptedApi) -> None:
    server.plays("pods", server.stays(LAST[:40], LAST[40:]))
    with closing(Observed(server)) as observed:
        observed.until(has_last)


def test_half_a_line_at_the_end_of_a_broken_watch_is_forgotten(server: ScriptedApi) -> None:
    server.plays("pods", wire.stream(ADDED, LAST[:40], whole=False), server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert server.versions("pods") == ["100", "101"]


def test_what_keeps_breaking_is_told_and_tried_less_and_less_often(server: ScriptedApi) -> None:
    hang_up = wire.raw(b"")
    server.plays("pods", *[hang_up] * 3, server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert observed.clock.slept == [0.25, 0.5, 1]
    address = f"API server {server.url}: cannot be reached: "
    assert [notice.partition(address)[0] for notice in observed.notices] == [
        "watch of pods interrupted: "
    ] * 2


def test_an_event_makes_a_watch_trusted_again(server: ScriptedApi) -> None:
    breaks = wire.stream(ADDED, whole=False)
    server.plays("pods", breaks, breaks, breaks, server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert (observed.clock.slept, observed.notices) == ([0.25] * 3, [])


def pages(*pages: list[Json], version: str = "180") -> wire.Act:
    """A list in pages, each of which says where the next one begins."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        query = dict(parse_qsl(urlsplit(handler.path).query))
        number = int(query.get("continue", 0))
        listed = api.listing(*pages[number], version=version)
        if number + 1 < len(pages):
            listed["metadata"]["continue"] = str(number + 1)
        wire.answer(listed, Date=DATE)(handler)

    return act


def test_a_long_list_comes_in_pages(server: ScriptedApi) -> None:
    server.lists["pods"] = pages([api.pod("web-1")], [api.pod("web-2")], [api.pod("web-3")])
    with closing(Observed(server)) as observed:
        names = [pod.name for pod in observed.observation.snapshot().pods]
        observed.observation.wait(0)
        server.opened.get(timeout=wire.PATIENCE)
    assert names == ["web-1", "web-2", "web-3"]
    assert [query.get("continue") for query in server.asked("pods")] == [None, "1", "2"]


def test_two_lists_on_their_way_at_once_do_not_mix(server: ScriptedApi) -> None:
    # The watch is listing anew, page by page, when the last word asks for the lists as well.
    server.lists["pods"] = pages([api.pod("web-1")], [api.pod("web-2")])
    observed = Observed(server)
    streams, stream = observed.observation._streams, observed.observation._pods
    first, second = streams._pages(stream)
    streams._take(stream, first)
    observed.observation.refresh()
    streams._take(stream, second)
    assert [pod.name for pod in observed.observation.snapshot().pods] == ["web-1", "web-2"]


GONE = {
    "as an answer": refused(410, "too old resource version"),
    "as an event": wire.stream(api.error_event(410, "too old resource version")),
}


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_version_that_is_gone_is_listed_anew(server: ScriptedApi, gone: wire.Act) -> None:
    server.plays("pods", gone, server.stays(LAST))
    with closing(Observed(server)) as observed:
        server.answers("pods", api.pod("web-9"), version="180")
        snapshot = observed.until(has_last)
    assert [pod.name for pod in snapshot.pods] == ["last", "web-9"]
    assert server.versions("pods") == ["100", "180"]


def test_a_new_list_does_not_forget_when_a_pod_changed(server: ScriptedApi) -> None:
    server.answers("pods", api.pod("web-1", ready=False))
    server.plays("pods", GONE["as an answer"], server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.clock.now += 100
        snapshot = observed.until(has_last)
    assert [pod.changed for pod in snapshot.pods if pod.name == "web-1"] == [ago(0)]


@pytest.mark.parametrize(("code", "message"), [(503, "is starting"), (403, "RBAC: not yet")])
def test_a_refusal_that_passes_is_survived(server: ScriptedApi, code: int, message: str) -> None:
    server.plays("pods", *[refused(code, message)] * 3, server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert observed.clock.slept == [0.25, 0.5, 1]


def test_an_overloaded_api_server_is_asked_until_the_deadline(server: ScriptedApi) -> None:
    server.plays("pods", *[refused(503, "overloaded")] * 20, server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)
    assert observed.clock.slept[-2:] == [8, 8]


def never(_: Snapshot) -> bool:
    return False


def test_a_refusal_that_stays_is_raised(server: ScriptedApi) -> None:
    server.plays("pods", *[refused(403, "pods is forbidden")] * 8)
    with closing(Observed(server)) as observed, pytest.raises(ApiError) as caught:
        observed.until(never)
    assert (caught.value.code, observed.clock.slept) == (403, [0.25, 0.5, 1, 2, 4, 8, 8])


class Untrusted(Cluster):
    """Its certificate is replaced while we watch."""

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        raise ClusterError(path, f"TLS failed, asked from {query['resourceVersion']}")


def test_an_error_that_no_new_attempt_cures_is_raised(server: ScriptedApi) -> None:
    with (
        closing(Observed(server, kind=Untrusted)) as observed,
        pytest.raises(ClusterError, match="TLS failed, asked from 100"),
    ):
        observed.until(never)


def test_an_error_that_nobody_expected_is_raised(server: ScriptedApi) -> None:
    answers = iter(["Bearer x"] * 4)

    def plugin(_refused: str | None) -> str:
        return next(answers, "") or broken()

    def broken() -> str:
        raise RuntimeError("the exec plugin is gone")

    with (
        closing(Observed(server, authorization=plugin)) as observed,
        pytest.raises(RuntimeError, match="the exec plugin is gone"),
    ):
        observed.until(never)


def test_what_is_no_event_does_not_end_the_watching(server: ScriptedApi) -> None:
    server.plays("pods", wire.stream(b"<html>a proxy's error page</html>\n"), server.stays(LAST))
    with closing(Observed(server)) as observed:
        observed.until(has_last)


def test_close_ends_all_watches(server: ScriptedApi) -> None:
    observed = Observed(server)
    observed.observation.wait(0)
    assert {server.opened.get(timeout=wire.PATIENCE) for _ in RESOURCES} == set(RESOURCES)
    observed.close()
    assert {server.left.get(timeout=wire.PATIENCE) for _ in RESOURCES} == set(RESOURCES)


def test_close_leaves_alone_what_has_ended_already(server: ScriptedApi) -> None:
    server.plays("pods", wire.stream(ADDED, whole=False), *[refused(403, "forbidden")] * 8)
    observed = Observed(server)
    with pytest.raises(ApiError):
        observed.until(never)
    observed.close()


def test_what_was_never_watched_is_closed_as_well(server: ScriptedApi) -> None:
    Observed(server).close()
    assert server.versions("pods") == []


def test_silence_is_not_taken_for_stability(server: ScriptedApi) -> None:
    # The window ends in a moment; from now on the watches say nothing, as connections do that a
    # firewall has dropped, and the pod crashes.
    nearly = api.condition("Ready", "True", lastTransitionTime=ago(9.99).isoformat())
    server.answers("pods", api.pod("web-1", conditions=[nearly]))
    with closing(Observed(server)) as observed:

        def crash(_snapshot: Snapshot, _verdict: Verdict) -> None:
            server.answers("pods", api.pod("web-1", api.container(restartCount=1), ready=False))
            observed.clock.now += 29.9

        verdict = waiting.wait(observed.observation, assess, observed.clock, 30, crash)
    assert verdict.outcome is Outcome.TIMED_OUT
