"""What the command line takes, what it refuses, and what it says of itself."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.command_line import CommandLine
from wpdeploy import __version__, commands
from wpdeploy.commands import COMMANDS

ROOT = Path(__file__).parent.parent.parent
KNOWN = (
    "'cleanup', 'render', 'apply', 'validate', 'rollback', 'history', 'unlock', 'doctor', 'diff', "
    "'status', 'bootstrap', 'params', 'bundle'"
)
NO_TIME = 'argument --timeout: must be from 1 to 3300 seconds, not "{}"'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch)


MISUSES = {
    "no command": ("", "the following arguments are required: COMMAND"),
    "an unknown command": (
        "deploy",
        f"argument COMMAND: invalid choice: 'deploy' (choose from {KNOWN})",
    ),
    "an unknown option": ("cleanup --fast", "unrecognized arguments: --fast"),
    "an option of another command": (
        "cleanup --timeout 5",
        "unrecognized arguments: --timeout 5",
    ),
    "a shortened option": ("cleanup --outp json", "unrecognized arguments: --outp json"),
    "an output that is none": (
        "cleanup --output yaml",
        "argument --output: invalid choice: 'yaml' (choose from 'text', 'json')",
    ),
    "a timeout that is no number": ("validate --timeout soon", NO_TIME.format("soon")),
    "a timeout of no time": ("validate --timeout 0", NO_TIME.format("0")),
    "a timeout in other digits": ("validate --timeout \u0663", NO_TIME.format("\\u0663")),
    "a timeout beyond the hook's": ("validate --timeout 3301", NO_TIME.format("3301")),
    "a record that is no number": (
        "diff --to v1",
        'argument --to: must be a number such as 12, not "v1"',
    ),
    "a record before the first": (
        "diff --to 0",
        'argument --to: must be a number such as 12, not "0"',
    ),
    "a negative timeout": ("validate --timeout -5", NO_TIME.format("-5")),
}


@pytest.mark.parametrize(("line", "problem"), MISUSES.values(), ids=MISUSES)
def test_a_misuse_ends_with_2_and_says_what_is_wrong(
    run: CommandLine, line: str, problem: str
) -> None:
    ended = run(*line.split(), DEPLOYMENT_GROUP_NAME="Test")
    command = " ".join(["wpdeploy", *line.split()[:1]])
    assert ended.code == 2
    assert ended.told.startswith(f"{command}: FAILED (exit 2): wpdeploy")
    assert f": {problem} to do see wpdeploy" in ended.told


@pytest.mark.parametrize("command", ["déploy", "de\nploy", "x" * 300, "😀", "{{ x }}"])
def test_an_odd_command_is_told_in_lines_of_ascii(run: CommandLine, command: str) -> None:
    ended = run(command)
    assert ended.code == 2
    assert all(line.isascii() and len(line) <= 100 for line in ended.lines)
    assert ended.lines[-1] == "  to do     see wpdeploy --help"


@pytest.mark.parametrize("output", ["--output json", "--output=json"])
def test_a_misuse_is_told_to_a_program_as_json(run: CommandLine, output: str) -> None:
    assert run("cleanup", "--fast", *output.split()).document == {
        "command": "cleanup",
        "result": "usage",
        "exit_code": 2,
        "sentence": "wpdeploy: unrecognized arguments: --fast",
        "where": "wpdeploy",
        "problems": ["unrecognized arguments: --fast"],
        "hint": "see wpdeploy --help",
    }


def test_no_deployment_group_is_a_misuse(run: CommandLine) -> None:
    ended = run("cleanup")
    assert ended.code == 2
    assert ended.lines == [
        "wpdeploy cleanup: FAILED (exit 2): wpdeploy: no deployment group",
        "  to do     pass --group, or set DEPLOYMENT_GROUP_NAME",
    ]


@pytest.mark.parametrize("group", ["Nope", "../Test", "Test.yaml", "*", "😀"])
def test_an_unknown_group_is_told_with_the_known_ones(run: CommandLine, group: str) -> None:
    ended = run("cleanup", "--group", group)
    assert ended.code == 3
    assert ended.lines[-1].startswith("  to do     there are Test; adding one is adding ")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wpdeploy", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_version() -> None:
    ended = python("--version")
    assert (ended.returncode, ended.stdout) == (0, f"wpdeploy {__version__}\n")


def test_help_names_each_command() -> None:
    ended = python("--help")
    assert ended.returncode == 0
    assert all(re.search(rf"\n    {command.name}\s", ended.stdout) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command_has_an_example_that_is_right(command: commands.Command) -> None:
    ended = python(command.name, "--help")
    assert ended.returncode == 0
    assert f"example: {command.example}" in " ".join(ended.stdout.split())
    assert command.example.startswith("python -m wpdeploy ")
    options = commands.parser().parse_args(shlex.split(command.example)[3:])
    assert options.command == command.name
