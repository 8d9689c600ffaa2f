"""`python -m wpdeploy`, as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# With it nothing is left in a buffer for the interpreter's last flush.
UNBUFFERED = "PYTHONUNBUFFERED"


def started(
    directory: Path, *arguments: str, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != UNBUFFERED}
    return subprocess.run(
        [sys.executable, "-m", "wpdeploy", *arguments],
        cwd=ROOT,
        env=environ | {"WPDEPLOY_ROOT": str(directory)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )


ENDS = {
    "a success": ("Test", 0, "wpdeploy cleanup: succeeded: removed 0 earlier deployments from "),
    "an error": ("Nope", 3, "wpdeploy cleanup: FAILED (exit 3): k8s/environments: there is no "),
}


@pytest.mark.parametrize(("group", "code", "beginning"), ENDS.values(), ids=ENDS)
def test_it_ends_with_the_block_and_the_commands_code(
    tmp_path: Path, group: str, code: int, beginning: str
) -> None:
    ended = started(tmp_path, "cleanup", "--group", group)
    assert (ended.returncode, ended.stderr) == (code, "")
    assert " ".join(ended.stdout.split()).startswith(beginning)


@pytest.mark.parametrize(("group", "code"), [(group, code) for group, code, _ in ENDS.values()])
def test_a_reader_who_has_left_does_not_change_the_code(
    tmp_path: Path, group: str, code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = started(tmp_path, "cleanup", "--group", group, stdout=writer)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (code, "")
