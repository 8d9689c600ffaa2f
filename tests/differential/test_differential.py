"""The same requests to the simulated API server and to the real one, 1.20: the same answers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.differential.api import Api, Reply, Step, comparable, differences, unsettled
from tests.differential.conftest import Pair
from tests.differential.rollouts import ROLLOUTS, WATCHED, left, play
from tests.differential.scripts import SCRIPTS

pytestmark = pytest.mark.cluster

# Rollouts that come by more than one way to their end: only the end is compared.
RACING = {
    "surge and unavailable",  # which pod is ready first
    "a Job that restarts",  # whether the pod counts as active when the Job is given up
}

Tally = Callable[[int, int], None]

# Requests that are answered differently on purpose: script, number of the step, why.
ON_PURPOSE: dict[tuple[str, int], str] = {
    ("what is not served", 11): "what a JSON parser says of nonsense is its own affair",
    ("life of a Deployment", 6): (
        "1.20 overwrites the path of a conflict by the next one's (two Go slices share memory): "
        "it names `env` where `image` is meant; the simulation names `image`"
    ),
    ("the server", 2): "the address by which clients reach the server is left out",
    ("the server", 3): "the list of all paths that come with the answer 404 is left out",
}


def outcome(api: Api, reply: Reply) -> Any:
    body = unsettled(reply.body) if reply.status < 300 else reply.body
    return comparable([reply.status, body], api.namespace)


def run(api: Api, steps: list[Step]) -> list[Any]:
    seen: list[Reply] = []
    for step in steps:
        seen.append(api.send(step, seen))
    return [outcome(api, reply) for reply in seen]


@pytest.mark.parametrize("name", SCRIPTS)
def test_requests_are_answered_alike(name: str, pair: Pair, tally: Tally) -> None:
    real, simulated = pair
    steps = SCRIPTS[name]
    found: dict[int, list[str]] = {}
    answers = zip(run(real, steps), run(simulated, steps), strict=True)
    for number, (wanted, given) in enumerate(answers):
        if differing := differences(wanted, given):
            found[number] = differing
    excused = {number for script, number in ON_PURPOSE if script == name}
    tally(len(steps), len(excused))
    told = {steps[number].title: found[number] for number in found if number not in excused}
    assert not told
    assert excused == set(found), "these are no longer different: strike them from the table"


@pytest.mark.parametrize("name", ROLLOUTS)
def test_rollouts_end_alike(name: str, pair: Pair) -> None:
    actions = ROLLOUTS[name]
    with ThreadPoolExecutor(2) as pool:
        wanted, given = pool.map(lambda api: [play(api, actions), left(api)], pair)
    if name in RACING:
        wanted, given = without_steps(wanted), without_steps(given)
    assert differences(wanted, given) == []


def without_steps(value: Any) -> Any:
    """A value without what counts the steps on the way."""
    if isinstance(value, list):
        return [without_steps(item) for item in value]
    if isinstance(value, dict):
        counts = {"generation", "observedGeneration", "events", "failed", "f:failed"}
        return {key: without_steps(item) for key, item in value.items() if key not in counts}
    return value


@pytest.mark.parametrize("selector", ["", "w=1"])
def test_watches_tell_the_same_story(selector: str, pair: Pair, tally: Tally) -> None:
    stories = [story(api, selector) for api in pair]
    tally(len(WATCHED), 0)
    assert differences(stories[0], stories[1]) == []
    assert len(stories[0]) > 3


def story(api: Api, selector: str) -> list[Any]:
    """The events from before the first step on, without what other objects do."""
    path = "/api/v1/namespaces/NS/configmaps"
    version = api.get(path)["metadata"]["resourceVersion"]
    for step in WATCHED:
        api.send(step)
    query = {"resourceVersion": version, "timeoutSeconds": "1", "labelSelector": selector}
    return [comparable(event, api.namespace) for event in api.watched(path, query)]


def test_a_watch_begins_with_what_there_is(pair: Pair) -> None:
    path = "/api/v1/namespaces/NS/configmaps"
    stories = []
    for api in pair:
        for step in WATCHED:
            api.send(step)
        events = api.watched(path, {"timeoutSeconds": "1"})
        told = [comparable(event, api.namespace) for event in events]
        # The real server has them in no order.
        stories.append(sorted(told, key=lambda each: str(each["object"]["metadata"]["name"])))
    assert differences(stories[0], stories[1]) == []


def test_a_namespace_goes_with_all_that_is_in_it(pair: Pair) -> None:
    actions = ROLLOUTS["deleted"][:4]
    gone = [play(api, actions) and gone_after_deletion(api) for api in pair]
    assert gone == [True, True]


def gone_after_deletion(api: Api) -> bool:
    path = "/api/v1/namespaces/NS"
    answer = api.send(Step("DELETE", path))
    assert answer.body["status"]["phase"] == "Terminating"
    refused = api.send(Step("POST", f"{path}/configmaps", {"metadata": {"name": "late"}}))
    assert (refused.status, refused.body["details"]["causes"][0]["reason"]) == (
        403,
        "NamespaceTerminating",
    )
    api.eventually(lambda: api.send(Step("GET", path)).status == 404)
    return True
