"""appspec.yml and the hooks that it names: what the agent starts, and how long it lets it run."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from wpdeploy.commands import COMMANDS
from wpdeploy.target import LONGEST_DEADLINE

ROOT = Path(__file__).parent.parent.parent
APPSPEC: dict[str, Any] = yaml.safe_load((ROOT / "appspec.yml").read_text())
EVENTS = ("BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
SECONDS = {command.name: command.seconds for command in COMMANDS}


def script(event: str) -> dict[str, Any]:
    (only,) = APPSPEC["hooks"][event]
    found: dict[str, Any] = only
    return found


def test_the_archive_is_run_where_it_lies_and_stops_nothing() -> None:
    # ApplicationStop would run from the previous archive, and could block every later deployment.
    assert (APPSPEC["version"], APPSPEC["os"]) == (0.0, "linux")
    assert tuple(APPSPEC["hooks"]) == EVENTS
    assert APPSPEC.keys() == {"version", "os", "hooks"}


@pytest.mark.parametrize("event", EVENTS)
def test_a_hook_is_three_lines_that_any_agent_can_start(event: str) -> None:
    path = ROOT / script(event)["location"]
    assert os.access(path, os.X_OK)
    shebang, comment, call = path.read_bytes().decode("ascii").splitlines()
    assert (shebang, comment[:2]) == ("#!/bin/sh", "# ")
    assert b"\r" not in path.read_bytes()
    assert re.fullmatch(r'exec "\$\(dirname "\$0"\)/run" [a-z -]+', call)


@pytest.mark.parametrize("event", EVENTS)
def test_a_command_ends_itself_before_the_agent_ends_it(event: str) -> None:
    command = (ROOT / script(event)["location"]).read_text().split()
    name = next(word for word in command[command.index("exec") :] if word in SECONDS)
    # The agent allows all scripts of one event 3600 s together.
    assert SECONDS[name] + 10 <= script(event)["timeout"] <= 3600


def test_the_longest_rollout_ends_before_its_hook() -> None:
    assert SECONDS["validate"] >= LONGEST_DEADLINE + 60


def test_the_hooks_of_a_checkout_say_that_it_is_no_bundle() -> None:
    ended = subprocess.run(
        [ROOT / "hooks/BeforeInstall"],
        env={"PATH": "/usr/bin:/bin", "DEPLOYMENT_GROUP_NAME": "Test"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (3, "")
    assert ended.stdout == (
        "wpdeploy cleanup: FAILED (exit 3): there is no lib/python3.* beside hooks/\n"
        "  to do     run the hooks of a bundle: python -m wpdeploy bundle makes one\n"
    )
