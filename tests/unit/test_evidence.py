"""Evidence: fit to be shown, as a text, as rows for the last block, and for programs."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit import rollout_states as states
from tests.unit.rollout_states import IMAGE, NOW, ago, snapshot
from tests.unit.wire import FakeClock
from wpdeploy import evidence, evidence_text
from wpdeploy.clues import CURRENT, PREVIOUS, PodRow, Run, Told, Used
from wpdeploy.errors import Exit
from wpdeploy.evidence import Evidence, Log, Part
from wpdeploy.observed import Event, Snapshot
from wpdeploy.quoting import Redactor
from wpdeploy.report import Console, Report
from wpdeploy.verdict import Culprit, failed

FATAL = "PHP Fatal error:  Uncaught Error: wp_cache_init() in /var/www/html/wp-settings.php:112"
SENTENCE = (
    "pod web-1: container wordpress crashes: exit code 1, Error (CrashLoopBackOff, 2 restarts)"
)
DETAILS = (
    ("pod", "web-1"),
    ("container", "wordpress, restarts: 2"),
    ("reason", "CrashLoopBackOff (exit code 1, Error)"),
    ("image", IMAGE),
    ("message", "back-off 20s restarting failed container=wordpress"),
    ("to do", "the container's log says why it ends"),
)
ENDED = Run("wordpress", "container", PREVIOUS, "ended", "Error", "gone", 1, None, ago(40), ago(30))
EVENTS = (
    Told(ago(60), "Normal", "ReplicaSet new", "SuccessfulCreate", "Created pod: web-1", 1),
    Told(ago(10), "Warning", "Pod web-1", "BackOff", "Back-off restarting failed container", 3),
)
POD = PodRow("web-1", "troubled", 2, "node-1", 90, "CrashLoopBackOff")
FOUND = Evidence(
    about="wordpress in the namespace shop",
    verdict=failed(SENTENCE, DETAILS, Culprit("web-1", "uid-of-web-1")),
    snapshot=snapshot(),
    runs=Part((ENDED, Run("wordpress", "container", CURRENT, "waiting", "CrashLoopBackOff"))),
    logs=(
        Log("wordpress", PREVIOUS, ("AH00094: Command line", FATAL)),
        Log("wordpress", CURRENT, missing="the container is waiting to start (400)"),
    ),
    events=Part(EVENTS, "4 older ones"),
    pods=Part((POD,)),
    files=("/state/evidence.txt", "/state/evidence.json"),
)
TEXT = f"""\
wordpress in the namespace shop, 2026-11-05T03:00:00Z

{SENTENCE}
  pod        web-1
  container  wordpress, restarts: 2
  reason     CrashLoopBackOff (exit code 1, Error)
  image      {IMAGE}
  message    back-off 20s restarting failed container=wordpress
  to do      the container's log says why it ends

Containers of web-1
  container wordpress, previous run: exit code 1, Error; 2026-11-05T02:59:20Z - 2026-11-05T02:59:30Z
    gone
  container wordpress, current run: waiting CrashLoopBackOff

Log of wordpress in web-1, previous run
  | AH00094: Command line
  | {FATAL}

Log of wordpress in web-1, current run
  not available: the container is waiting to start (400)

Events, the newest last
  2026-11-05T02:59:00Z  Normal   ReplicaSet new: SuccessfulCreate: Created pod: web-1
  2026-11-05T02:59:50Z  Warning  Pod web-1: BackOff x3: Back-off restarting failed container
  and not: 4 older ones

Pods
  name                                    restarts node                age  state
  web-1                          troubled        2 node-1             90 s  CrashLoopBackOff
"""


def test_the_text_has_all_of_it() -> None:
    assert "\n".join([*evidence_text.lines(FOUND), ""]) == TEXT


NONE = Evidence("wordpress in the namespace shop", failed("the Deployment is paused"), snapshot())


def test_what_there_is_not_is_told_in_its_place() -> None:
    refused = Part[Any](missing="forbidden (403)")
    found = replace(
        NONE,
        verdict=replace(FOUND.verdict, sentence=NONE.sentence, details=()),
        scheduler="0/3 nodes are available",
        runs=refused,
        logs=(Log("wordpress", CURRENT),),
        events=refused,
        quotas=Part((Used("all", "pods", "3", "3"),)),
        stopped="cannot be written",
    )
    assert (
        "\n".join(evidence_text.lines(found))
        == """\
wordpress in the namespace shop, 2026-11-05T03:00:00Z

the Deployment is paused
  evidence: cannot be written

Scheduler, of web-1
  0/3 nodes are available

Containers of web-1
  not available: forbidden (403)

Log of wordpress in web-1, current run
  it has written nothing

Events, the newest last
  not available: forbidden (403)

Quotas
  all: pods: 3 of 3 in use

Pods
  none"""
    )


def test_the_rows_are_the_last_words_and_what_the_sentence_does_not_say() -> None:
    assert FOUND.rows == (
        ("container", "wordpress, restarts: 2"),
        ("reason", "CrashLoopBackOff (exit code 1, Error)"),
        ("image", IMAGE),
        ("event", "BackOff: Back-off restarting failed container"),
        ("log", "AH00094: Command line"),
        ("log", FATAL),
        ("to do", "the container's log says why it ends"),
        ("evidence", "/state/evidence.txt"),
    )


def rows(sentence: str = "late", **changes: Any) -> list[tuple[str, str]]:
    """The rows of an evidence with nothing but this."""
    return list(replace(NONE, verdict=failed(sentence), **changes).rows)


def log(*lines: str, which: str = CURRENT) -> Log:
    return Log("wordpress", which, lines)


@pytest.mark.parametrize(
    ("logs", "shown"),
    [
        pytest.param([log("1", "2", "3", "4")], ["2", "3", "4"], id="the last lines"),
        pytest.param(
            [log("Fatal error: 1", "#0", "#1", "  thrown", "")],
            ["Fatal error: 1", "thrown"],
            id="the last line that tells of an error, before those after it",
        ),
        pytest.param([log("new"), log("old", which=PREVIOUS)], ["old"], id="of the run that ended"),
        pytest.param([log("new"), log(which=PREVIOUS)], ["new"], id="or of the current one"),
        pytest.param(
            [Log("wordpress", CURRENT, (), "withheld: no")],
            ["withheld: no"],
            id="why none is shown",
        ),
        pytest.param([Log("wordpress", CURRENT, (), "forbidden")], [], id="none"),
    ],
)
def test_of_a_log_the_lines_that_tell_most_are_in_the_last_block(
    logs: list[Log], shown: list[str]
) -> None:
    assert rows(logs=tuple(logs)) == [("log", line) for line in shown]


def test_a_full_quota_is_told_with_its_numbers() -> None:
    used = Part((Used("all", "pods", "3", "3"), Used("all", "cpu", "1", "2")))
    others = Part((*used.items, Used("other", "pods", "5", "5")))
    sentence = "no pod can be created: exceeded quota: all, requested: pods=1"
    assert rows(sentence, quotas=others) == [("quota", "all: 3 of 3 pods in use")]


def test_an_exit_and_an_event_that_are_told_already_are_not_told_again() -> None:
    told = "exit code 1, Error; Back-off restarting failed container"
    assert rows(told, runs=Part((ENDED,)), events=Part(EVENTS)) == []
    assert rows(runs=Part((ENDED,)), events=Part(EVENTS)) == [
        ("exit", "container wordpress: exit code 1, Error"),
        ("event", "BackOff: Back-off restarting failed container"),
    ]


FITTING = ["image", "event", "log", "log", "to do", "evidence"]


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (1, ["pod", "container", "reason", *FITTING]),
        (50, FITTING),
        (80, FITTING[1:]),
        (400, ["log", "to do", "evidence"]),
    ],
)
def test_where_there_is_little_room_the_rows_that_are_worth_most_stay(
    words: int, labels: list[str]
) -> None:
    details = (*DETAILS[:4], *DETAILS[5:])
    found = replace(FOUND, verdict=failed("longer " * words, details))
    assert [label for label, _ in found.rows] == labels
    assert len(_block(found)) <= 12 or words == 400


def _block(found: Evidence) -> list[str]:
    """The last block as the console prints it, whole."""
    report = Report(Exit.ROLLOUT_FAILED, f"Deployment wordpress: {found.sentence}", found.rows)
    stream = io.StringIO()
    Console(stream, FakeClock(), as_json=False).end("validate", report)
    return stream.getvalue().splitlines()


def test_long_rows_and_letters_that_are_not_ascii_leave_room_for_others() -> None:
    found = replace(FOUND, logs=(log(*["\U0001f511 " * 100] * 3),))
    assert len(_block(found)) <= 13


VALUE = "kaW3-r&t9/Zx+7vL"


def quoting(words: str) -> Snapshot:
    """A snapshot in which a container and a probe have said this, and the kubelet as well."""
    said = states.container(said=words, message=words)
    told = tuple(Event("uid-of-web-1", reason, words, NOW) for reason in ("Unhealthy", "Failed"))
    pods = states.unready("web-1", said, unschedulable=words)
    return snapshot(pods, events={"uid-of-web-1": told})


def _sown() -> Evidence:
    """An evidence in which every text of others has a value."""
    run = replace(ENDED, message=VALUE)
    return replace(
        FOUND,
        verdict=failed(f"not ready: {VALUE}", (("message", VALUE),)),
        snapshot=quoting(VALUE),
        scheduler=VALUE,
        runs=Part((run, replace(run, state="waiting", exit_code=None)), VALUE),
        logs=(Log("wordpress", PREVIOUS, (f"a\n{VALUE}\n",), VALUE),),
        events=Part((replace(EVENTS[0], message=VALUE),), VALUE),
        quotas=Part(missing=VALUE),
        pods=Part((replace(FOUND.pods.items[0], state=VALUE),), VALUE),
    )


def test_every_text_of_others_is_redacted() -> None:
    found = evidence.shown(_sown(), Redactor.of([VALUE]))
    assert found.snapshot == quoting("[redacted]")
    everything = [str(found), json.dumps(found.document), *evidence_text.lines(found)]
    assert VALUE not in "".join([*everything, str(found.rows)])
    assert found.document["logs"][0]["lines"] == ["a", "[redacted]"]


def test_as_long_as_a_value_is_unknown_what_containers_said_is_withheld() -> None:
    sown = replace(_sown(), events=Part((replace(EVENTS[1], reason="Unhealthy"), EVENTS[0])))
    found = evidence.shown(sown, Redactor.of([VALUE], "Secret site cannot be read (403)"))
    withheld = "withheld: Secret site cannot be read (403)"
    assert found.logs == (Log("wordpress", PREVIOUS, (), withheld),)
    assert [run.message for run in found.runs.items] == [withheld, "[redacted]"]
    assert [event.message for event in found.events.items] == [withheld, "Created pod: web-1"]
    assert [event.message for event in found.snapshot.events["uid-of-web-1"]] == [
        withheld,
        "[redacted]",
    ]
    assert found.snapshot.pods[0].containers[0].said == withheld


def test_programs_get_everything_as_json() -> None:
    document = json.loads(json.dumps(FOUND.document))
    assert document["moment"] == "2026-11-05T03:00:00+00:00"
    assert document["runs"]["items"][0]["exit_code"] == 1
    assert document["logs"][0]["lines"] == ["AH00094: Command line", FATAL]
    assert document["pods"]["items"][0]["node"] == "node-1"
