import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sandbox.codedeploy import FIRST, SECOND, Generation, process
from sandbox.codedeploy.process import Ended, Fault
from sandbox.codedeploy.script_log import UnreadableLineError

BOTH = pytest.mark.parametrize("generation", [FIRST, SECOND], ids=["first", "second"])
LONG = 60
SHORT = 0.4


@dataclass
class Host:
    """Runs shell scripts; what they print is in `lines`, and they have `notes` to write into."""

    notes: Path
    lines: list[tuple[str, bytes]] = field(default_factory=list)

    def run(
        self,
        script: str,
        timeout: float = LONG,
        generation: Generation = SECOND,
        environ: Mapping[str, str] | None = None,
    ) -> Ended:
        given = {"PATH": "/usr/bin:/bin", "NOTES": str(self.notes)} if environ is None else environ
        command = ["/bin/sh", "-c", script]
        return process.run(command, given, timeout, generation, self.output)

    def output(self, stream: str, line: bytes) -> None:
        self.lines.append((stream, line))

    def text(self, stream: str) -> bytes:
        return b"".join(line for name, line in self.lines if name == stream)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    found = Host(tmp_path / "notes")
    before = open_files()
    yield found
    assert open_files() <= before


def open_files() -> set[str]:
    """Pipes and sockets by their numbers: a thread of another test may close one of its own."""
    held = set[str]()
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            held.add(str(file.readlink()))
    return held


@BOTH
@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("true", Ended(0, signalled=False, fault=None)),
        ("exit 7", Ended(7, signalled=False, fault=None)),
        ("exit 143", Ended(143, signalled=False, fault=None)),
        ("kill -TERM $$", Ended(143, signalled=True, fault=None)),
        ("kill -KILL $$", Ended(137, signalled=True, fault=None)),
    ],
)
def test_how_a_script_ends(host: Host, generation: Generation, script: str, ended: Ended) -> None:
    assert host.run(script, generation=generation) == ended


def test_its_lines_come_one_by_one_and_the_last_needs_no_end(host: Host) -> None:
    host.run("echo one; echo two >&2; echo; printf three")
    assert host.text("stderr") == b"two\n"
    assert [line for name, line in host.lines if name == "stdout"] == [b"one\n", b"\n", b"three"]


def test_much_output_on_both_streams_is_read_whole(host: Host) -> None:
    one = "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789$i"
    host.run(f"({one} >&2; i=$((i+1)); done) & {one}; i=$((i+1)); done; wait")
    for stream in ("stdout", "stderr"):
        lines = host.text(stream).splitlines()
        assert [int(line[40:]) for line in lines] == list(range(3000))


def test_a_line_is_heard_while_the_script_runs(host: Host) -> None:
    heard = threading.Event()

    def output(_: str, line: bytes) -> None:
        # The script waits for the answer to what it has just said.
        if line == b"ready\n":
            host.notes.touch()
            heard.set()

    script = 'echo ready; while [ ! -e "$NOTES" ]; do :; done; exit 5'
    environ = {"NOTES": str(host.notes)}
    ended = process.run(["/bin/sh", "-c", script], environ, LONG, SECOND, output)
    assert heard.is_set()
    assert ended.code == 5


def test_it_has_the_given_environment_and_no_other(host: Host) -> None:
    host.run("tr '\\0' '\\n' < /proc/self/environ", environ={"PATH": "/usr/bin:/bin", "A": "1"})
    assert set(host.text("stdout").splitlines()) - {b"PWD=/"} == {b"PATH=/usr/bin:/bin", b"A=1"}


def test_it_runs_in_the_root_directory_with_stdin_at_its_end_and_without_a_terminal(
    host: Host,
) -> None:
    host.run("pwd; wc -c; [ -t 1 ] || echo no terminal")
    assert host.text("stdout") == b"/\n0\nno terminal\n"


def test_it_leads_a_process_group_of_its_own(host: Host) -> None:
    host.run('cut -d" " -f5 /proc/$$/stat; echo $$')
    group, pid = map(int, host.text("stdout").split())
    assert group == pid != os.getpgrp()


@pytest.mark.parametrize(
    ("content", "mode", "expected"),
    [
        ("#!/bin/sh\r\necho a\r\n", 0o755, FileNotFoundError),
        ("#!/no/such/shell\n", 0o755, FileNotFoundError),
        ("echo a\n", 0o755, OSError),
        ("#!/bin/sh\n", 0o644, PermissionError),
    ],
)
def test_what_execve_refuses_is_not_given_to_a_shell(
    tmp_path: Path, host: Host, content: str, mode: int, expected: type[OSError]
) -> None:
    script = tmp_path / "script"
    script.write_bytes(content.encode())
    script.chmod(mode)
    with pytest.raises(expected):
        process.run([str(script)], {}, LONG, SECOND, host.output)


@BOTH
def test_the_whole_group_is_terminated_at_the_timeout(host: Host, generation: Generation) -> None:
    child = "trap 'echo ended > \"$NOTES\"; exit' TERM; while :; do :; done"
    ended = host.run(f"({child}) & wait", SHORT, generation)
    assert ended == Ended(143, signalled=True, fault=Fault.TIMED_OUT)
    while not host.notes.exists():
        # The child outlives the leader by a moment.
        os.sched_yield()


@BOTH
def test_a_script_that_handles_the_signal_ends_with_its_own_code(
    host: Host, generation: Generation
) -> None:
    ended = host.run("trap 'exit 9' TERM; while :; do :; done", SHORT, generation)
    assert ended == Ended(9, signalled=False, fault=Fault.TIMED_OUT)


PRINTS_AT_THE_END = (
    "trap '' PIPE; trap 'echo late || echo refused > \"$NOTES\"; exit 9' TERM;"
    "echo soon; while :; do :; done"
)


def test_the_first_generation_reads_nothing_that_is_printed_after_the_timeout(host: Host) -> None:
    assert host.run(PRINTS_AT_THE_END, SHORT, FIRST).code == 9
    assert host.text("stdout") == b"soon\n"
    assert host.notes.read_text() == "refused\n"


def test_the_second_generation_reads_what_is_printed_in_the_grace(host: Host) -> None:
    assert host.run(PRINTS_AT_THE_END, SHORT, SECOND).code == 9
    assert host.text("stdout") == b"soon\nlate\n"
    assert not host.notes.exists()


IGNORES_THE_SIGNAL = "trap '' TERM; sleep 1; exit 4"


def test_the_first_generation_waits_for_a_script_that_ignores_the_signal(host: Host) -> None:
    expected = Ended(4, signalled=False, fault=Fault.TIMED_OUT)
    assert host.run(IGNORES_THE_SIGNAL, SHORT, FIRST) == expected


def test_the_second_generation_kills_it_after_the_grace(host: Host) -> None:
    hasty = replace(SECOND, grace=0.1)
    expected = Ended(137, signalled=True, fault=Fault.TIMED_OUT)
    assert host.run(IGNORES_THE_SIGNAL, SHORT, hasty) == expected


@BOTH
@pytest.mark.parametrize(
    ("child", "fault"),
    [
        ("sleep 60 2>/dev/null", Fault.STDOUT_OPEN),
        ("sleep 60 >/dev/null", Fault.STDERR_OPEN),
        ("sleep 60 >/dev/null 2>&1", None),
    ],
)
def test_a_child_that_holds_a_stream_makes_it_wait_out_the_timeout(
    host: Host, generation: Generation, child: str, fault: Fault | None
) -> None:
    started = time.monotonic()
    ended = host.run(f'{child} & echo $! > "$NOTES"', SHORT, generation)
    waited = time.monotonic() - started
    # It is left alone.
    os.kill(int(host.notes.read_text()), signal.SIGKILL)
    assert ended == Ended(0, signalled=False, fault=fault)
    assert waited >= SHORT or fault is None


def test_a_line_that_cannot_be_read_fails_a_script_that_exits_with_0(host: Host) -> None:
    def refuse(_: str, line: bytes) -> None:
        host.output(_, line)
        raise UnreadableLineError

    script = "echo a; echo b"
    ended = process.run(["/bin/sh", "-c", script], {}, LONG, FIRST, refuse)
    assert ended == Ended(0, signalled=False, fault=Fault.UNREADABLE)
    assert host.text("stdout") == b"a\n"


def main_stack() -> traceback.StackSummary:
    frames = sys._current_frames()
    return traceback.extract_stack(frames[threading.main_thread().ident or 0])


def test_an_interrupted_agent_leaves_no_script_behind(host: Host) -> None:
    def interrupt(_stream: str, _line: bytes) -> None:
        # Not before all has begun: a half of it cannot be tidied up.
        while "_watch" not in {frame.name for frame in main_stack()}:
            os.sched_yield()
        os.kill(os.getpid(), signal.SIGINT)

    script = "trap 'echo ended > \"$NOTES\"; exit 9' TERM; echo now; while :; do :; done"
    with pytest.raises(KeyboardInterrupt):
        process.run(
            ["/bin/sh", "-c", script],
            {"PATH": "/usr/bin:/bin", "NOTES": str(host.notes)},
            LONG,
            FIRST,
            interrupt,
        )
    assert host.notes.exists()
