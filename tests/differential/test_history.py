"""What both API servers answer about a past that they have forgotten."""

from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from tests.cluster.control_plane import ControlPlane
from tests.differential.api import Api, Reply, Step, comparable, differences
from tests.differential.bodies import CONFIGMAPS, CORE, config
from tests.differential.conftest import Pair, Simulated

pytestmark = pytest.mark.cluster

Tally = Callable[[int, int], None]
Ask = Callable[[Api, Reply], Reply]


@pytest.fixture
def forget(plane: ControlPlane, server: Simulated, pair: Pair) -> Callable[[], None]:
    """Compact both histories: nothing from before now can be had any more."""

    def compacted() -> None:
        revision = pair[0].get(CONFIGMAPS)["metadata"]["resourceVersion"]
        url = f"{plane._setup.etcd_url}/v3/kv/compaction"
        answer = urllib3.request("POST", url, json={"revision": revision, "physical": True})
        assert answer.status == 200
        server.api_server.forget_history()

    return compacted


def listed(api: Api, **query: str) -> Reply:
    names = {"continue_": "continue", "at": "resourceVersion", "match": "resourceVersionMatch"}
    found = {names.get(key, key): value for key, value in query.items()}
    return api.send(Step("GET", CONFIGMAPS, query={"labelSelector": "x", **found}))


def following(api: Api, before: Reply) -> Reply:
    return listed(api, limit="2", continue_=before.body["metadata"]["continue"])


def exactly(api: Api, before: Reply) -> Reply:
    version = before.body["metadata"]["resourceVersion"]
    return listed(api, at=version, match="Exact")


def at_least(api: Api, before: Reply) -> Reply:
    version = before.body["metadata"]["resourceVersion"]
    return listed(api, at=version, match="NotOlderThan")


def both(pair: Pair, ask: Ask, before: list[Reply], tally: Tally) -> list[Reply]:
    """The answers, which must be the same."""
    replies = [ask(api, each) for api, each in zip(pair, before, strict=True)]
    real, simulated = (shown(api, reply) for api, reply in zip(pair, replies, strict=True))
    tally(1, 0)
    assert differences(real, simulated) == []
    return replies


def shown(api: Api, reply: Reply) -> Any:
    body = reply.body
    if reply.status == 200:
        # What comes from the cache comes in no order.
        body = sorted(item["metadata"]["name"] for item in body["items"])
    return comparable([reply.status, body], api.namespace)


def test_lists_go_on_from_a_version_until_it_is_forgotten(
    pair: Pair, forget: Callable[[], None], tally: Tally
) -> None:
    for api in pair:
        for name in ("c0", "c1", "c2", "c3"):
            metadata = {"name": name, "labels": {"x": "1"}}
            api.send(Step("POST", CONFIGMAPS, config(metadata=metadata)))
    first = [listed(api, limit="2") for api in pair]
    for api in pair:
        api.send(Step("DELETE", f"{CONFIGMAPS}/c2"))
        metadata = {"name": "c9", "labels": {"x": "1"}}
        api.send(Step("POST", CONFIGMAPS, config(metadata=metadata)))
    for ask in (following, exactly, at_least):
        both(pair, ask, first, tally)
    forget()
    both(pair, exactly, first, tally)
    refusals = both(pair, following, first, tally)
    assert [reply.status for reply in refusals] == [410, 410]
    # The refusal itself says how to go on, if it need not be consistent.
    rest = both(pair, following, refusals, tally)
    assert [item["metadata"]["name"] for item in rest[0].body["items"]] == ["c3", "c9"]


def test_a_watch_from_a_forgotten_version_ends_with_an_error(
    pair: Pair, forget: Callable[[], None], tally: Tally
) -> None:
    forget()
    # Of other kinds the real server keeps the latest changes in a cache, whatever etcd forgets.
    events = [
        api.watched(f"{CORE}/events", {"resourceVersion": "1", "timeoutSeconds": "1"})
        for api in pair
    ]
    tally(1, 0)
    assert differences(events[0], events[1]) == []
    assert events[0][0]["object"]["code"] == 410
