"""The same requests to the simulated API server and to the real one, 1.20: the same answers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.differential.api import Api, Reply, Step, comparable, differences, unsettled
from tests.differential.conftest import Pair
from tests.differential.left import left, play
from tests.differential.pod_scripts import PROXIED
from tests.differential.rollouts import ROLLOUTS, WATCHED
from tests.differential.scripts import SCRIPTS
from tests.differential.waits import Action, perform

pytestmark = pytest.mark.cluster

# Rollouts that come by more than one way to their end: only the end is compared.
RACING = {
    "surge and unavailable",  # which pod is ready first
    "scaled while paused",  # the same
    "quota that is freed",  # how often a pod was refused meanwhile
    "a Job that restarts",  # whether the pod counts as active when the Job is given up
    "a Job without an image",  # the same
}

Tally = Callable[[int, int], None]

# What no script asks, because the simulation differs on purpose: a claim that names a class is
# bound (a stand-in provisions for every class; the real one has no provisioner); a watch's last
# bookmark comes 2 s before its end, as from later versions; a log is not followed but ends; budgets
# do not hold up evictions; a pod's proxy by the name of a port is refused (the real one hangs up);
# who grants rights need not have them; commit and compiler in /version are left out.

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
    return comparable([reply.status, body, dict(reply.headers)], api.namespace)


def run(api: Api, actions: Sequence[Action]) -> list[Any]:
    """The outcomes of the requests."""
    seen: list[Reply] = []
    for action in actions:
        if isinstance(action, Step):
            seen.append(api.send(action, seen))
        else:
            perform(api, action)
    return [outcome(api, reply) for reply in seen]


@pytest.mark.parametrize("name", SCRIPTS)
def test_requests_are_answered_alike(
    name: str, pair: Pair, pods_port: int | None, tally: Tally
) -> None:
    if name in PROXIED and pods_port is None:
        pytest.skip("no network namespace, which takes root")
    actions = SCRIPTS[name]
    steps = [action for action in actions if isinstance(action, Step)]
    with ThreadPoolExecutor(2) as pool:
        wanted, given = pool.map(lambda api: run(api, actions), pair)
    compared = (differences(*each) for each in zip(wanted, given, strict=True))
    found = {number: differing for number, differing in enumerate(compared) if differing}
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
