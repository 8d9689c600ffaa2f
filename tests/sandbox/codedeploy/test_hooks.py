import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.codedeploy import FIRST, SECOND, Generation
from sandbox.codedeploy.appspec import Script
from sandbox.codedeploy.hooks import Hooks, ScriptError
from sandbox.codedeploy.script_log import ScriptLog
from sandbox.codedeploy.timeline import ErrorCode
from tests.sandbox.codedeploy.archives import unpacked

BOTH = pytest.mark.parametrize("generation", [FIRST, SECOND], ids=["first", "second"])
Fails = Callable[..., ScriptError]


@pytest.fixture
def fails(tmp_path: Path) -> Fails:
    """How scripts fail; each of them is given with its content, the first as `hook`."""

    def run(generation: Generation, *scripts: Script, **files: str) -> ScriptError:
        archive = unpacked(tmp_path / "archive", files)
        with ScriptLog(tmp_path / "log", generation, lambda _: None) as log:
            environ = {"PATH": "/usr/bin:/bin"}
            with pytest.raises(ScriptError) as caught:
                Hooks(archive, environ, generation, log).run("AfterInstall", scripts)
        return caught.value

    return run


HOOK = Script("hook")
WHAT = "Script at specified location: hook"


@pytest.mark.parametrize(
    ("generation", "content", "message", "exit_code"),
    [
        (FIRST, "#!/bin/sh\nexit 7", f"{WHAT} failed with exit code 7", 7),
        (SECOND, "#!/bin/sh\nexit 7", f"{WHAT} failed with exit code 7", 7),
        (FIRST, "#!/bin/sh\nkill -KILL $$", f"{WHAT} failed with exit code ", 137),
        (SECOND, "#!/bin/sh\nkill -KILL $$", f"{WHAT} failed with exit code 1", 137),
        (
            FIRST,
            "#!/bin/sh\r\nexit 0\r\n",
            f"{WHAT} failed with error Errno::ENOENT with message No such file or directory - ",
            1,
        ),
        (
            SECOND,
            "#!/bin/sh\r\nexit 0\r\n",
            f"{WHAT} failed with error No such file or directory (os error 2)",
            1,
        ),
        (SECOND, "echo no shebang", f"{WHAT} failed with error Exec format error (os error 8)", 1),
        (
            FIRST,
            "#!/bin/sh\nprintf '\\377\\n'",
            f"{WHAT} failed with error ArgumentError with message invalid byte sequence in UTF-8",
            1,
        ),
    ],
)
def test_a_script_that_fails_is_told_as_its_generation_tells_it(
    fails: Fails, generation: Generation, content: str, message: str, exit_code: int
) -> None:
    error = fails(generation, HOOK, hook=content)
    assert error.diagnostics.error_code is ErrorCode.SCRIPT_FAILED
    assert error.diagnostics.script_name == "hook"
    assert error.diagnostics.message.startswith(message)
    assert error.exit_code == exit_code


@BOTH
def test_the_tail_is_of_the_whole_event(fails: Fails, generation: Generation) -> None:
    one, two = "#!/bin/sh\necho one", "#!/bin/sh\necho two; exit 1"
    error = fails(generation, HOOK, Script("two"), Script("three"), hook=one, two=two)
    assert error.diagnostics.script_name == "two"
    times = 20 if generation.stamped else 0
    assert [line[times:] for line in error.diagnostics.log_tail.splitlines()] == [
        "LifecycleEvent - AfterInstall",
        "Script - hook",
        "[stdout]one",
        "Script - two",
        "[stdout]two",
    ]


@BOTH
def test_a_stream_that_is_left_open_fails_a_script_that_exits_with_0(
    fails: Fails, generation: Generation, tmp_path: Path
) -> None:
    content = f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/child"
    error = fails(generation, Script("hook", timeout=1), hook=content)
    os.kill(int((tmp_path / "child").read_text()), 9)
    assert error.diagnostics.error_code is ErrorCode.UNKNOWN_ERROR
    assert error.diagnostics.message == f"{WHAT} failed to close STDOUT"
    assert error.exit_code == 1


@BOTH
def test_a_script_that_is_not_there(fails: Fails, generation: Generation, tmp_path: Path) -> None:
    error = fails(generation, Script("/hooks/none"))
    assert error.diagnostics.error_code is ErrorCode.SCRIPT_MISSING
    missing = tmp_path / "archive" / "hooks" / "none"
    assert error.diagnostics.message == f"Script does not exist at specified location: {missing}"


@BOTH
def test_a_script_that_cannot_be_made_executable(
    fails: Fails, generation: Generation, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    # No one, not even root, may change its mode.
    (archive / "hook").symlink_to("/proc/self/stat")
    error = fails(generation, HOOK)
    assert error.diagnostics.error_code is ErrorCode.SCRIPT_NOT_EXECUTABLE
    message = "Unable to set script at specified location: hook as executable"
    assert error.diagnostics.message == message


def test_a_space_parts_the_path(fails: Fails) -> None:
    error = fails(FIRST, Script("a hook"), **{"a hook": "#!/bin/sh\n"})
    assert "No such file or directory" in error.diagnostics.message


def test_another_user_is_had_through_su(fails: Fails) -> None:
    error = fails(SECOND, Script("hook", runas="no-such-user"), hook="#!/bin/sh\n")
    assert error.diagnostics.message.startswith(f"{WHAT} run as user no-such-user failed with ")
    assert "no-such-user" in error.diagnostics.log_tail
    assert error.exit_code == 1
