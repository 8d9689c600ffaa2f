"""Evidence is gathered at the API server: bounded, without a value, whatever is not to be had."""

import json
import stat
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit import api_objects as api
from tests.unit import rollout_states as states
from tests.unit import wire
from tests.unit.bundle import Bundle, TickingClock
from tests.unit.rollout_states import APPLIED, NOW, ago
from tests.unit.wire import forget_surroundings
from wpdeploy.clues import CURRENT, PREVIOUS, Told, Used
from wpdeploy.ending import Terminated
from wpdeploy.errors import Exit
from wpdeploy.evidence import Evidence, Log, Part
from wpdeploy.observed import Event, ReplicaSet, Snapshot
from wpdeploy.report import Report
from wpdeploy.steps import gathering
from wpdeploy.steps.connection import connect
from wpdeploy.verdict import Culprit, Verdict, failed

Json = dict[str, Any]
VALUE = 'kaW3-r&t"9/Zx+7vLpM0é'
FATAL = "PHP Fatal error:  Uncaught Error in /var/www/html/wp-settings.php:112"
CORE, APPS = "/api/v1/namespaces/blog", "/apis/apps/v1/namespaces/blog"
POD, LOG = f"{CORE}/pods", f"{CORE}/pods/web-1/log"
_REQUESTS = 60


def forms(value: str) -> list[str]:
    """The ways in which somebody may write a value."""
    as_json = json.dumps(value)[1:-1]
    return [value, as_json, b64encode(value.encode()).decode(), quote(value), quote(value, safe="")]


def refusal(code: int, message: str) -> wire.Act:
    return wire.answer(api.status(code, message), code)


class FailedApi(wire.Server):
    """The API server of a rollout that failed: what it answers, by path.

    A log is at LOG, that of the previous run at LOG?previous, the Events of an object at its UID.
    """

    def __init__(self) -> None:
        self.acts: dict[str, wire.Act] = {
            f"{APPS}/deployments/site": wire.answer(deployment()),
            POD: wire.answer(api.listing(pod())),
            f"{CORE}/secrets/site-1a2b": wire.answer(secret()),
            LOG: wire.text("AH00094: Command line\n"),
            f"{LOG}?previous": wire.text(f"AH00094: Command line\n{FATAL}\n"),
        }
        super().__init__(*[self._act] * _REQUESTS)

    @property
    def asked(self) -> list[str]:
        """The paths of the requests."""
        return [request.path for request in self.received]

    def _act(self, handler: BaseHTTPRequestHandler) -> None:
        request = self.received[-1]
        path = request.path
        if "previous" in request.query:
            path += "?previous"
        if path.endswith("/events"):
            path = request.query["fieldSelector"].removeprefix("involvedObject.uid=")
        nothing = wire.answer(api.listing())
        self.acts.get(path, nothing)(handler)


def deployment(name: str = "site-1a2b") -> Json:
    return {"spec": {"template": {"spec": spec(name)}}}


def spec(name: str = "site-1a2b") -> Json:
    source = {"secretRef": {"name": name}}
    return {"nodeName": "node-1", "containers": [{"name": "wordpress", "envFrom": [source]}]}


def pod(**changes: Any) -> Json:
    """The pod at fault, as the API server has it."""
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": api.stamp(ago(30))}
    crashed = api.waiting("CrashLoopBackOff", "back-off 10s", lastState={"terminated": ended})
    return {**api.pod("web-1", crashed, ready=False), "spec": spec(), **changes}


def secret(value: str = VALUE, **metadata: Any) -> Json:
    data = {"WORDPRESS_DB_PASSWORD": b64encode(value.encode()).decode()}
    made = {"name": "site-1a2b", "creationTimestamp": api.stamp(ago(100)), **metadata}
    return {"kind": "Secret", "type": "Opaque", "metadata": made, "data": data}


def event(reason: str, message: str, **changes: Any) -> Json:
    about = {"kind": "Pod", "name": "web-1", "uid": "uid-of-web-1"}
    told = {"type": "Warning", "reason": reason, "message": message, "count": 2}
    return {"involvedObject": about, "lastTimestamp": api.stamp(NOW), **told, **changes}


CULPRIT = Culprit("web-1", "uid-of-web-1", "wordpress")
VERDICT = failed("container wordpress crashes: exit code 1, Error", (), CULPRIT)
CRASHED = states.unready("web-1", *states.waiting("CrashLoopBackOff"), trouble="start")


def snapshot(*pods: Any, **changes: Any) -> Snapshot:
    found = states.snapshot(*(pods or (CRASHED,)), **changes)
    assert found.since == APPLIED or "since" in changes
    return found


@pytest.fixture
def server() -> Iterator[FailedApi]:
    with FailedApi() as started:
        yield started


class Gatherer:
    """Gathers by a bundle's target; `bundle.told` is what the console shows."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def __call__(
        self,
        verdict: Verdict = VERDICT,
        found: Snapshot | None = None,
        *,
        writes: bool = False,
    ) -> Evidence:
        gathered: list[Evidence] = []

        def step(invocation: Any) -> Report:
            cluster = connect(invocation, self.bundle.target)
            gathered.append(
                gathering.gather(
                    invocation,
                    cluster,
                    self.bundle.target,
                    verdict,
                    found or snapshot(),
                    writes=writes,
                )
            )
            return Report(Exit.SUCCESS, "")

        self.bundle.run(step)
        return gathered[0]


@pytest.fixture
def gather(server: FailedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gatherer:
    forget_surroundings(monkeypatch)
    return Gatherer(Bundle(tmp_path, server.url))


def files(gather: Gatherer) -> Mapping[str, str]:
    directory = gather.bundle.context.state_directory
    found = sorted(directory.iterdir()) if directory.exists() else []
    return {path.name: path.read_text(encoding="utf-8") for path in found}


def test_both_logs_of_the_container_at_fault_are_gathered(
    server: FailedApi, gather: Gatherer
) -> None:
    found = gather()
    assert found.logs == (
        Log("wordpress", PREVIOUS, ("AH00094: Command line", FATAL)),
        Log("wordpress", CURRENT, ("AH00094: Command line",)),
    )
    assert [run.exit for run in found.runs.items] == ["exit code 1, Error", ""]
    queries = [request.query for request in server.received if request.path == LOG]
    asked = {"container": "wordpress", "tailLines": "200"}
    assert sorted(queries, key=len) == [asked, {**asked, "previous": "true"}]


def test_by_hand_the_text_is_shown_and_nothing_is_written(gather: Gatherer) -> None:
    found = gather()
    assert files(gather) == {}
    shown = gather.bundle._stream.getvalue()
    assert "\nLog of wordpress in web-1, previous run\n  | AH00094: Command line\n" in shown
    assert ("log", FATAL) in found.rows
    assert "evidence" not in dict(found.rows)


def test_in_a_hook_it_is_written_for_its_owner_alone(gather: Gatherer) -> None:
    found = gather(writes=True)
    directory = gather.bundle.context.state_directory
    assert gather.bundle.told == []
    assert dict(found.rows)["evidence"] == str(directory / "evidence.txt")
    assert json.loads(files(gather)["evidence.json"]) == found.document
    assert f"  | {FATAL}\n" in files(gather)["evidence.txt"]
    paths = [directory, *directory.iterdir()]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert modes == {"d-1": 0o700, "evidence.txt": 0o600, "evidence.json": 0o600}


def test_what_cannot_be_written_is_told_and_changes_nothing_else(gather: Gatherer) -> None:
    gather.bundle.context.group_directory.parent.parent.mkdir(parents=True)
    gather.bundle.context.group_directory.parent.write_text("no directory")
    found = gather(writes=True)
    assert dict(found.rows)["evidence"].endswith("cannot be written: Not a directory")
    assert ("log", FATAL) in found.rows


def test_the_events_of_all_that_is_concerned_are_gathered_since_the_apply(
    server: FailedApi, gather: Gatherer
) -> None:
    others = [states.unready(f"web-{number}") for number in range(2, 7)]
    about = {"kind": "ReplicaSet", "name": "new"}
    older = event("Old", "before", lastTimestamp=api.stamp(ago(200)))
    server.acts["uid-of-web-1"] = wire.answer(api.listing(event("BackOff", "again"), older))
    created = event("FailedCreate", "no", involvedObject=about, lastTimestamp=api.stamp(ago(50)))
    server.acts["new"] = wire.answer(api.listing(created))
    found = gather(found=snapshot(CRASHED, *others))
    assert found.events == Part(
        (
            Told(ago(50), "Warning", "ReplicaSet new", "FailedCreate", "no", 2),
            Told(NOW, "Warning", "Pod web-1", "BackOff", "again", 2),
        )
    )
    uids = {
        request.query["fieldSelector"].partition("=")[2]
        for request in server.received
        if request.path == f"{CORE}/events"
    }
    expected = {f"uid-of-web-{number}" for number in range(1, 5)}
    assert uids == {"deployment", "new", *expected}


def test_of_many_events_the_newest_are_shown(server: FailedApi, gather: Gatherer) -> None:
    many = [event(f"R{n}", "", lastTimestamp=api.stamp(ago(100 - n))) for n in range(40)]
    server.acts["uid-of-web-1"] = wire.answer(
        {"metadata": {"continue": "more"}, "items": many[::-1]}
    )
    found = gather().events
    assert [item.reason for item in found.items] == [f"R{n}" for n in range(10, 40)]
    assert found.missing == "10 older ones; there are too many"


QUOTA = {
    "metadata": {"name": "all"},
    "status": {"hard": {"pods": "3"}, "used": {"pods": "3"}},
}
REFUSED = "exceeded quota: all, requested: pods=1, used: pods=3, limited: pods=3"


def test_a_quotas_numbers_are_gathered_where_one_is_the_matter(
    server: FailedApi, gather: Gatherer
) -> None:
    server.acts[f"{CORE}/resourcequotas"] = wire.answer(api.listing(QUOTA))
    full = ReplicaSet("new", "deployment", 4, failure=REFUSED)
    found = gather(failed(f"ReplicaSet new: {REFUSED}"), snapshot(replica_sets=(full,)))
    assert found.quotas == Part((Used("all", "pods", "3", "3"),))
    assert ("quota", "all: 3 of 3 pods in use") in found.rows
    gather()
    assert server.asked.count(f"{CORE}/resourcequotas") == 1


def test_the_schedulers_own_message_is_gathered(server: FailedApi, gather: Gatherer) -> None:
    unplaced = api.condition("PodScheduled", "False", message="0/3 nodes are available")
    waits = pod(spec={"containers": []}, status={"conditions": [unplaced]})
    server.acts[POD] = wire.answer(api.listing(waits))
    found = gather(failed("no node has room", (), Culprit("web-1", "uid-of-web-1")))
    assert found.scheduler == "0/3 nodes are available"
    assert found.logs == ()


def test_without_a_container_at_fault_the_logs_of_those_that_have_begun_are_gathered(
    server: FailedApi, gather: Gatherer
) -> None:
    # As a smoke check knows its pod: by the name alone.
    names = ["one", "two", "three", "four"]
    containers = [api.container(name) for name in names]
    waits = api.waiting("PodInitializing", name="zero")
    server.acts[POD] = wire.answer(
        api.listing({**api.pod("web-1", waits, *containers), "spec": {}})
    )
    found = gather(failed("pod web-1: answers 500", (), Culprit("web-1", "")))
    assert {log.container for log in found.logs} == {"one", "two", "three"}
    assert "uid-of-web-1" in str([request.query for request in server.received])


def test_the_pods_are_told_with_their_nodes(gather: Gatherer) -> None:
    found = gather(found=snapshot(CRASHED, states.pod("web-2"))).pods
    assert [(row.name, row.node, row.state) for row in found.items] == [
        ("web-1", "node-1", "CrashLoopBackOff"),
        ("web-2", "", "ready"),
    ]
    many = [states.pod(f"web-{number:02}") for number in range(25)]
    assert gather(found=snapshot(*many)).pods.missing == "5 more"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        pytest.param(
            refusal(400, 'previous terminated container "wordpress" in pod "web-1" not found'),
            "there was none",
            id="it has run once",
        ),
        pytest.param(
            refusal(403, 'pods "web-1" is forbidden: no log for you'),
            'pods "web-1" is forbidden: no log for you (403)',
            id="forbidden",
        ),
        pytest.param(
            refusal(404, 'pods "web-1" not found'), 'pods "web-1" not found (404)', id="gone"
        ),
        pytest.param(wire.text("bad gateway", 502), "bad gateway (502)", id="somebody between"),
        pytest.param(wire.text("", 500), "without a reason (500)", id="nobody knows"),
    ],
)
def test_a_log_that_cannot_be_had_says_why_in_its_place(
    server: FailedApi, gather: Gatherer, act: wire.Act, told: str
) -> None:
    server.acts[f"{LOG}?previous"] = act
    logs = gather().logs
    assert logs[0] == Log("wordpress", PREVIOUS, (), told)
    assert logs[1].lines == ("AH00094: Command line",)


def test_each_part_that_cannot_be_had_says_why_in_its_place(
    server: FailedApi, gather: Gatherer
) -> None:
    forbidden = refusal(403, "is forbidden")
    server.acts["uid-of-web-1"] = forbidden
    server.acts["new"] = wire.raw(b"")
    server.acts["deployment"] = wire.text("<html>")
    server.acts[f"{CORE}/resourcequotas"] = forbidden
    found = gather(failed(REFUSED, (), CULPRIT))
    assert found.quotas.missing == "is forbidden (403)"
    assert "is forbidden (403)" in found.events.missing
    assert "cannot be reached" in found.events.missing
    assert "the answer is no JSON" in found.events.missing
    assert found.logs[0].lines


def test_a_pod_that_is_gone_is_told_so(server: FailedApi, gather: Gatherer) -> None:
    server.acts[POD] = wire.answer(api.listing())
    server.acts[LOG] = server.acts[f"{LOG}?previous"] = refusal(404, 'pods "web-1" not found')
    found = gather()
    assert found.runs.missing == "the pod is gone"
    assert {log.missing for log in found.logs} == {'pods "web-1" not found (404)'}


def test_an_api_server_that_is_silent_holds_nobody_up(server: FailedApi, gather: Gatherer) -> None:
    over = threading.Event()
    gather.bundle.clock = TickingClock(7)
    server.acts[f"{LOG}?previous"] = wire.stream(b"one line", until=over)
    found = gather()
    over.set()
    assert found.logs[0].lines == ()
    assert found.logs[0].missing
    assert found.sentence == VERDICT.sentence


def test_a_bug_in_it_does_not_change_the_verdict(server: FailedApi, gather: Gatherer) -> None:
    server.acts[POD] = wire.answer(api.listing({"metadata": {}}))
    found = gather(writes=True)
    assert found.sentence == VERDICT.sentence
    assert found.stopped.startswith("none: a bug in wpdeploy, KeyError at gathering.py:")
    assert "KeyError" in files(gather)["evidence.txt"]


def test_sigterm_ends_it_as_it_ends_everything(server: FailedApi, gather: Gatherer) -> None:
    class Terminating(TickingClock):
        def monotonic(self) -> float:
            if server.received and threading.current_thread() is threading.main_thread():
                raise Terminated
            return super().monotonic()

    gather.bundle.clock = Terminating(0)
    with pytest.raises(Terminated):
        gather()


def sow(server: FailedApi, value: str) -> None:
    """Have everybody who can say the value in every form."""
    words = " ".join(f"<{form}>" for form in forms(value))
    cut = f'mysqli->__construct("{value[:15]}...")'
    text = f"{words}\n{cut}\n{value[:9]}\n{value[9:]}\n"
    ended = {"exitCode": 1, "message": text, "finishedAt": api.stamp(ago(30))}
    last: Json = {"lastState": {"terminated": ended}, "state": {"terminated": ended}}
    server.acts[POD] = wire.answer(
        api.listing(pod(status={"containerStatuses": [api.container(**last)]}))
    )
    server.acts[LOG] = server.acts[f"{LOG}?previous"] = wire.text(text)
    events = [event("Unhealthy", text), event("Failed", text)]
    server.acts["uid-of-web-1"] = wire.answer(api.listing(*events))
    server.acts["new"] = refusal(403, text)


def said(value: str) -> tuple[Verdict, Snapshot]:
    """A verdict and a snapshot that quote it."""
    words = " ".join(forms(value))
    unhealthy = Event(CULPRIT.uid, "Unhealthy", words, NOW)
    found = snapshot(
        states.unready("web-1", states.container()), events={CULPRIT.uid: (unhealthy,)}
    )
    return failed(f"not ready: {words}", (("message", words),), CULPRIT), found


def everything(found: Evidence, gather: Gatherer) -> str:
    """All that anybody may come to see."""
    texts = [*files(gather).values(), *gather.bundle.told]
    return "\n".join([*texts, json.dumps(found.document), repr(found.rows), repr(found)])


@pytest.mark.parametrize("writes", [True, False], ids=["in a hook", "by hand"])
def test_no_value_is_left_in_any_form_anywhere(
    server: FailedApi, gather: Gatherer, *, writes: bool
) -> None:
    sow(server, VALUE)
    found = gather(*said(VALUE), writes=writes)
    seen = everything(found, gather)
    assert not [form for form in forms(VALUE) if form in seen or json.dumps(form)[1:-1] in seen]
    assert not [at for at in range(len(VALUE) - 4) if VALUE[at : at + 5] in seen]
    assert found.logs[0].lines == (
        " ".join(["<[redacted]>"] * 5),
        'mysqli->__construct("[redacted]...")',
        "[redacted]",
        "[redacted]",
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(
            refusal(403, f"no {VALUE}"), "Secret site-1a2b cannot be read (403)", id="forbidden"
        ),
        pytest.param(
            refusal(404, "not found"), "Secret site-1a2b cannot be read (404)", id="deleted"
        ),
        pytest.param(wire.text(VALUE), "Secret site-1a2b cannot be read (200)", id="garbled"),
        pytest.param(wire.raw(b""), "Secret site-1a2b cannot be read (no answer)", id="silent"),
        pytest.param(
            wire.answer(secret("another", managedFields=[{"time": api.stamp(ago(80))}])),
            "Secret site-1a2b has changed since the pod was made",
            id="changed",
        ),
    ],
)
def test_where_a_value_is_not_known_what_containers_said_is_withheld(
    server: FailedApi, gather: Gatherer, answer: wire.Act, why: str
) -> None:
    sow(server, VALUE)
    server.acts["uid-of-web-1"] = wire.answer(
        api.listing(event("Unhealthy", VALUE), event("FailedMount", "no such Secret"))
    )
    server.acts["new"] = refusal(403, "is forbidden")
    server.acts[f"{CORE}/secrets/site-1a2b"] = answer
    found = gather(*said(VALUE), writes=True)
    assert found.logs == (
        Log("wordpress", PREVIOUS, (), f"withheld: {why}"),
        Log("wordpress", CURRENT, (), f"withheld: {why}"),
    )
    assert [item.message for item in found.events.items] == [f"withheld: {why}", "no such Secret"]
    assert VALUE not in everything(found, gather)


def test_where_no_template_tells_which_secrets_there_are_logs_are_withheld(
    server: FailedApi, gather: Gatherer
) -> None:
    server.acts[POD] = refusal(403, "is forbidden")
    assert gather().logs[0].missing == (
        "withheld: which Secrets its containers know cannot be read"
    )


def test_of_a_log_that_is_too_long_fewer_lines_are_asked_for(
    server: FailedApi, gather: Gatherer
) -> None:
    def act(handler: BaseHTTPRequestHandler) -> None:
        few = server.received[-1].query["tailLines"] == "10"
        wire.text("last words\n" if few else "x" * (1 << 20))(handler)

    server.acts[f"{LOG}?previous"] = act
    assert gather().logs[0].lines == ("last words",)


def test_a_log_that_is_cut_off_ends_before_its_last_line(
    server: FailedApi, gather: Gatherer
) -> None:
    body = b"first\n" + b"x" * (1 << 20)
    server.acts[f"{LOG}?previous"] = wire.text(body[: (1 << 20) - 5] + VALUE[:5].encode() + b"more")
    found = gather().logs[0]
    assert found.lines == ("first",)
    assert found.missing == "the newest lines: the last ones are too long"


def test_a_log_that_is_no_text_is_told_as_far_as_it_is_one(
    server: FailedApi, gather: Gatherer
) -> None:
    server.acts[LOG] = wire.text(b"caf\xe9 \x00\x1b[31mred\x1b[0m\n")
    assert gather().logs[1].lines == ("caf\\xe9  red",)
