"""How each ending of a command is told, and with which exit code."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.command_line import CommandLine, Step
from wpdeploy import __version__, api_status
from wpdeploy.cli import Invocation
from wpdeploy.errors import (
    ClusterError,
    ConfigurationError,
    Exit,
    Locked,
    ManifestError,
    ParameterError,
    UsageError,
    WpdeployError,
)
from wpdeploy.report import Report

ROOT = Path(__file__).parent.parent.parent
SECRET = "hunter2-Pa$$w0rd"
CLEANUP = ("cleanup", "--group", "Test")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch)


def fails(error: BaseException) -> Step:
    def step(_: Invocation) -> Report:
        raise error

    return step


def test_a_step_that_succeeds_ends_with_0(run: CommandLine, tmp_path: Path) -> None:
    ended = run(*CLEANUP)
    group = tmp_path / "var/lib/wpdeploy/Test"
    removed = f"removed 0 earlier deployments from {group}, kept 0"
    assert (ended.code, ended.told) == (0, f"wpdeploy cleanup: succeeded: {removed}")


def test_a_step_gets_the_deployment_of_the_agents_environment(
    run: CommandLine, tmp_path: Path
) -> None:
    got: list[Invocation] = []

    def step(invocation: Invocation) -> Report:
        got.append(invocation)
        return Report(Exit.SUCCESS, "done")

    ended = run("cleanup", step=step, DEPLOYMENT_GROUP_NAME="Test", DEPLOYMENT_ID="d-1")
    assert ended == (0, "wpdeploy cleanup: succeeded: done\n")
    assert got[0].context.state_directory == tmp_path / "var/lib/wpdeploy/Test/d-1"
    assert got[0].environ["DEPLOYMENT_ID"] == "d-1"


def test_the_report_of_a_step_decides_the_exit_code(run: CommandLine) -> None:
    ended = run(*CLEANUP, step=lambda _: Report(Exit.TIMED_OUT, "late"))
    assert ended == (8, "wpdeploy cleanup: TIMED OUT (exit 8): late\n")


TOLD = "here", "what", "do this"
ERRORS: list[tuple[WpdeployError, int]] = [
    (UsageError(*TOLD), 2),
    (ConfigurationError(*TOLD), 3),
    (ParameterError(*TOLD), 4),
    (ManifestError(*TOLD), 5),
    (ClusterError(*TOLD), 6),
    (Locked(*TOLD, holder="d-2", since=None), 9),
    (api_status.ApiError(*TOLD, 403, {}), 6),
    (api_status.ApiError(*TOLD, 500, {"message": "failed to convert"}), 5),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda item: type(item).__name__)
def test_an_error_ends_with_its_code_and_what_to_do(
    run: CommandLine, error: WpdeployError, code: int
) -> None:
    assert run(*CLEANUP, step=fails(error)) == (
        code,
        f"wpdeploy cleanup: FAILED (exit {code}): here: what\n  to do     do this\n",
    )


@pytest.mark.parametrize("output", ["--output json", "--output=json"])
def test_a_program_gets_an_error_as_one_json_document(run: CommandLine, output: str) -> None:
    error = ConfigurationError("here", ["one", "two"], "do this")
    assert run(*CLEANUP, *output.split(), step=fails(error)).document == {
        "command": "cleanup",
        "result": "configuration",
        "exit_code": 3,
        "sentence": "here: 2 problems",
        "where": "here",
        "problems": ["one", "two"],
        "hint": "do this",
    }


def test_a_program_is_told_who_holds_the_lock(run: CommandLine) -> None:
    error = Locked(*TOLD, holder="d-2", since="2026-11-20T10:00:00+00:00")
    document = run(*CLEANUP, "--output", "json", step=fails(error)).document
    assert (document["result"], document["exit_code"]) == ("locked", 9)
    assert (document["holder"], document["since"]) == ("d-2", "2026-11-20T10:00:00+00:00")


def test_an_interruption_ends_with_130(run: CommandLine) -> None:
    assert run(*CLEANUP, step=fails(KeyboardInterrupt())) == (
        130,
        "wpdeploy cleanup: FAILED (exit 130): interrupted; nothing is undone\n",
    )


_SLOW_STEP = """
import os, sys, time
from wpdeploy import cli
from wpdeploy.steps import cleanup

def run(invocation):
    print("it runs", flush=True)
    while True:  # a signal between two instructions does not end the sleep that comes after it
        time.sleep(0.01)

cleanup.run = run
sys.exit(cli.main(["cleanup", "--group", "Test"], os.environ, sys.stdout))
"""


def test_a_command_whose_time_is_over_ends_with_8(run: CommandLine) -> None:
    def step(_: Invocation) -> Report:
        # What appspec.yml gives BeforeInstall is a minute.
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 50
        os.kill(os.getpid(), signal.SIGALRM)
        return Report(Exit.SUCCESS, "not so")

    assert run(*CLEANUP, step=step).told == (
        "wpdeploy cleanup: TIMED OUT (exit 8): not done in its time; "
        "the last line above says what it did"
    )


def test_once_a_step_has_ended_nothing_ends_its_report(run: CommandLine) -> None:
    assert run(*CLEANUP, step=lambda _: Report(Exit.SUCCESS, "done")).code == 0
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_a_step_leaves_to_do_is_done_when_nothing_ends_it_any_more(run: CommandLine) -> None:
    found: list[object] = []

    def step(invocation: Invocation) -> Report:
        invocation.afterwards.callback(lambda: found.append(signal.getsignal(signal.SIGTERM)))
        os.kill(os.getpid(), signal.SIGTERM)
        return Report(Exit.SUCCESS, "not so")

    assert run(*CLEANUP, step=step).code == 143
    assert found == [signal.SIG_IGN]


def test_sigterm_ends_with_143() -> None:
    command = [sys.executable, "-c", _SLOW_STEP]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "it runs\n"
        os.kill(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (
        143,
        "wpdeploy cleanup: FAILED (exit 143): terminated by SIGTERM; nothing is undone\n",
    )


def connect(_: Invocation) -> Report:
    """A bug whose text, and whose cause's text, hold a parameter's value."""
    try:
        int(SECRET)
    except ValueError as error:
        raise RuntimeError(f"cannot connect with {SECRET}") from error
    raise AssertionError


def test_a_bug_ends_with_1_and_where_it_happened(run: CommandLine) -> None:
    ended = run(*CLEANUP, step=connect)
    assert ended.code == 1
    assert ended.lines[0] == (
        f"wpdeploy cleanup: FAILED (exit 1): a bug in wpdeploy {__version__}: RuntimeError"
    )
    assert ended.lines[-2].startswith("  at        test_cli.py:")
    assert ended.lines[-2].endswith(" in connect")
    assert ended.lines[-1] == (
        "  to do     please report these lines; the error's own text is left out, "
        "it could be secret"
    )


def test_a_bug_tells_a_program_where_it_happened(run: CommandLine) -> None:
    ended = run(*CLEANUP, "--output", "json", step=connect)
    assert ended.document["result"] == "bug"
    assert ended.document["at"][-1].endswith(" in connect")


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_bug_does_not_tell_a_secret(
    run: CommandLine, capfd: pytest.CaptureFixture[str], output: str
) -> None:
    ended = run(*CLEANUP, "--verbose", "--output", output, step=connect)
    captured = capfd.readouterr()
    assert "RuntimeError" in ended.output
    assert SECRET not in ended.output + captured.out + captured.err


def logs(_: Invocation) -> Report:
    logging.getLogger("wpdeploy.kube").info("GET %s: %d", "/version", 200)
    return Report(Exit.SUCCESS, "done")


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_shows_each_request(run: CommandLine, option: str) -> None:
    ended = run(*CLEANUP, option, step=logs)
    assert ended.lines == ["           GET /version: 200", "wpdeploy cleanup: succeeded: done"]


def test_without_verbose_no_request_is_shown(run: CommandLine) -> None:
    assert run(*CLEANUP, step=logs).lines == ["wpdeploy cleanup: succeeded: done"]


def test_verbose_does_not_spoil_what_a_program_reads(run: CommandLine) -> None:
    ended = run(*CLEANUP, "--verbose", "--output", "json", step=logs)
    assert ended.document["result"] == "success"
