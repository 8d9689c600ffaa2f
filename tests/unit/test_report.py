"""What a person reads, and what a program reads."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.wire import FakeClock
from wpdeploy.errors import ConfigurationError, Exit, ManifestError
from wpdeploy.report import Console, Report, of_error

ODD = "pa$$ 'wörd' {{ x }} & <b> \x1b[31m\r\n\t\0 😀 \ud800"


class Closed(io.StringIO):
    """A stream whose reader has left."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


class Screen:
    """A console on a stream and a clock that the test holds."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.clock, self._stream = FakeClock(), io.StringIO()
        self.console = Console(self._stream, self.clock, as_json=as_json)

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


def block(command: str, report: Report) -> list[str]:
    screen = Screen()
    screen.console.end(command, report)
    return screen.lines


def document(command: str, report: Report) -> dict[str, Any]:
    screen = Screen(as_json=True)
    screen.console.end(command, report)
    (line,) = screen.lines
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_begins_with_the_seconds_since_the_start() -> None:
    screen = Screen()
    screen.console.line("Service wordpress changed")
    screen.clock.now += 754.32
    screen.console.line("Deployment wordpress changed")
    assert screen.lines == [
        "    0.0 s  Service wordpress changed",
        "  754.3 s  Deployment wordpress changed",
    ]


def test_a_line_is_one_line_of_ascii() -> None:
    screen = Screen()
    screen.console.line(ODD)
    assert screen.lines == ["    0.0 s  pa$$ 'w\\xf6rd' {{ x }} & <b>  [31m     \\U0001f600  "]


def test_a_listing_has_no_seconds_and_the_colour_that_is_asked_for() -> None:
    screen = Screen()
    screen.console.listed(f"  - {ODD}")
    screen.console.listed("+ b", 32)
    plain, coloured = screen.lines
    assert plain.startswith("  - pa$$ 'w\\xf6rd'")
    assert coloured == "\x1b[32m+ b\x1b[0m"
    assert "\x1b" not in plain


def test_for_a_program_nothing_is_said_before_the_end() -> None:
    screen = Screen(as_json=True)
    screen.console.line("something")
    assert screen.lines == []


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_reader_who_has_left_changes_nothing(*, as_json: bool) -> None:
    console = Console(Closed(), FakeClock(), as_json=as_json)
    console.line("something")
    console.end("render", of_error(ConfigurationError("k8s/x.yaml", ["wrong"] * 20)))


BLOCKS = {
    "a success": (
        Report(Exit.SUCCESS, "ready 3/3"),
        ["wpdeploy validate: succeeded: ready 3/3"],
    ),
    "a rollout that failed": (
        Report(Exit.ROLLOUT_FAILED, "pod web-1: ErrImagePull", (("pod", "web-1"), ("reason", "x"))),
        [
            "wpdeploy validate: ROLLOUT FAILED (exit 7): pod web-1: ErrImagePull",
            "  pod       web-1",
            "  reason    x",
        ],
    ),
    "a rollout that was too slow": (
        Report(Exit.TIMED_OUT, "not done after 60 s"),
        ["wpdeploy validate: TIMED OUT (exit 8): not done after 60 s"],
    ),
    "a smoke test that failed": (
        Report(Exit.SMOKE_FAILED, "pod web-1: answers 500, and not 200"),
        ["wpdeploy validate: SMOKE TEST FAILED (exit 10): pod web-1: answers 500, and not 200"],
    ),
    "an error": (
        of_error(ConfigurationError("k8s/x.yaml", "is empty", "fill it")),
        [
            "wpdeploy validate: FAILED (exit 3): k8s/x.yaml: is empty",
            "  to do     fill it",
        ],
    ),
    "several problems": (
        of_error(ManifestError("k8s/wordpress", ["a.j2: line 1", "b.j2: line 2"])),
        [
            "wpdeploy validate: FAILED (exit 5): k8s/wordpress: 2 problems",
            "  - a.j2: line 1",
            "  - b.j2: line 2",
        ],
    ),
    "a sentence longer than a line": (
        Report(Exit.SUCCESS, "word " * 30),
        [
            "wpdeploy validate: succeeded: " + " ".join(["word"] * 14),
            "    " + " ".join(["word"] * 16),
        ],
    ),
    "a text longer than a line": (
        Report(Exit.SUCCESS, "s", (("message", "word " * 20),)),
        [
            "wpdeploy validate: succeeded: s",
            "  message   " + " ".join(["word"] * 17),
            "            " + " ".join(["word"] * 3),
        ],
    ),
    "a text without a blank": (
        Report(Exit.SUCCESS, "s", (("image", "x" * 100),)),
        ["wpdeploy validate: succeeded: s", "  image     " + "x" * 88, "            " + "x" * 12],
    ),
    "a text of several lines": (
        Report(Exit.SUCCESS, "s", (("message", "one\n\n  two\r\n\tthree"),)),
        ["wpdeploy validate: succeeded: s", "  message   one two three"],
    ),
    "no text": (
        Report(Exit.SUCCESS, "s", (("message", ""),)),
        ["wpdeploy validate: succeeded: s", "  message"],
    ),
    "odd characters": (
        Report(Exit.SUCCESS, ODD),
        ["wpdeploy validate: succeeded: pa$$ 'w\\xf6rd' {{ x }} & <b>  [31m   \\U0001f600"],
    ),
}


@pytest.mark.parametrize(("report", "lines"), BLOCKS.values(), ids=BLOCKS)
def test_the_block(report: Report, lines: list[str]) -> None:
    assert block("validate", report) == lines


def test_a_block_that_is_too_long_is_printed_whole_and_then_cut() -> None:
    problems = [f"problem {number}" for number in range(20)]
    whole = [
        "wpdeploy render: FAILED (exit 3): k8s/x.yaml: 20 problems",
        *[f"  - {problem}" for problem in problems],
        "  to do     read the file",
    ]
    cut = [*whole[:10], "  ... 10 more lines above ...", *whole[-2:]]
    report = of_error(ConfigurationError("k8s/x.yaml", problems, "read the file"))
    assert block("render", report) == whole + cut


EVIDENCE = (
    ("pod", "web-1"),
    ("container", "wordpress, restarts: 3"),
    ("reason", "CrashLoopBackOff (exit code 255, Error)"),
    ("image", "registry.example/" + "x" * 300),
    ("message", "back-off " * 100),
    *(("log", f"PHP Fatal error: {number} " + "trace " * 60) for number in range(3)),
    ("event", "Warning BackOff: " + "again " * 60),
    ("evidence", "/var/lib/wpdeploy/Test/d-1/evidence.txt"),
    ("to do", "the container's log says why it ends"),
)


def test_of_long_rows_each_keeps_its_beginning() -> None:
    report = Report(Exit.ROLLOUT_FAILED, "pod web-1: " + "word " * 60, EVIDENCE)
    lines = block("validate", report)
    whole, (first, second, *last) = lines[:-13], lines[-13:]
    assert len(whole) > 13
    assert first.startswith("wpdeploy validate: ROLLOUT FAILED (exit 7): pod web-1: word")
    assert (second[:8], second[-4:]) == ("    word", " ...")
    assert [line[:12].strip() for line in last] == [label for label, _ in EVIDENCE]
    assert last[3] == "  image     registry.example/" + "x" * 67 + " ..."
    assert last[-1] == "  to do     the container's log says why it ends"


def test_the_longest_rows_are_cut_first() -> None:
    rows = (("message", "word " * 250), ("log", "line " * 40), ("to do", "look"))
    lines = block("validate", Report(Exit.ROLLOUT_FAILED, "lost", rows))[-13:]
    assert [line[:12].strip() for line in lines] == [
        "wpdeploy val",
        *("message", *[""] * 7),
        *("log", "", ""),
        "to do",
    ]
    assert [line for line in lines if line.endswith(" ...")] == [lines[8]]


def test_after_the_block_nothing_is_said() -> None:
    screen = Screen()
    screen.console.end("validate", Report(Exit.SUCCESS, "ready 3/3"))
    screen.console.line("a watch broke off")
    screen.console.listed("GET /version: 200")
    assert screen.lines == ["wpdeploy validate: succeeded: ready 3/3"]


def test_a_block_of_thirteen_lines_is_not_cut() -> None:
    report = of_error(ConfigurationError("k8s/x.yaml", [str(number) for number in range(12)]))
    assert len(block("render", report)) == 13


TEXTS = st.text(max_size=300) | st.just(ODD) | st.just("x" * 1500)
LABELS = st.sampled_from(["-", "pod", "container", "reason", "image", "message", "to do", "at"])


@settings(max_examples=200)
@given(
    command=TEXTS,
    sentence=TEXTS,
    rows=st.lists(st.tuples(LABELS, TEXTS), max_size=20),
    code=st.sampled_from(Exit),
)
def test_whatever_goes_in_the_block_fits_the_console_of_codedeploy(
    command: str, sentence: str, rows: list[tuple[str, str]], code: Exit
) -> None:
    screen = Screen()
    screen.console.end(command, Report(code, sentence, tuple(rows)))
    last = screen.lines[-13:]
    assert all(line.isascii() and line.isprintable() and len(line) <= 100 for line in screen.lines)
    assert any(line.startswith("wpdeploy") for line in last)
    # Of the two generations of the agent the one that adds a time to each line.
    assert sum(len(line) + 1 + 29 for line in last) <= 2048


def test_a_program_reads_command_result_code_sentence_and_data() -> None:
    report = Report(Exit.SUCCESS, "removed 1", (("row", "for people"),), {"removed": ["d-1"]})
    assert document("cleanup", report) == {
        "command": "cleanup",
        "result": "success",
        "exit_code": 0,
        "sentence": "removed 1",
        "removed": ["d-1"],
    }


def test_a_program_reads_where_what_and_what_to_do_of_an_error() -> None:
    error = ConfigurationError("k8s/x.yaml", ["is empty", "is late"], "fill it")
    assert document("render", of_error(error)) == {
        "command": "render",
        "result": "configuration",
        "exit_code": 3,
        "sentence": "k8s/x.yaml: 2 problems",
        "where": "k8s/x.yaml",
        "problems": ["is empty", "is late"],
        "hint": "fill it",
    }


@given(sentence=TEXTS)
def test_a_program_reads_the_sentence_as_it_is(sentence: str) -> None:
    assert document("validate", Report(Exit.SUCCESS, sentence))["sentence"] == sentence
