"""`python -m wpdeploy`, as a process of its own."""

import ast
import os
import shutil
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


PYTHON_3_9 = (3, 9)


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py", "host.py"])
def test_an_older_python_can_read_what_sends_it_to_the_right_one(name: str) -> None:
    ast.parse((ROOT / "wpdeploy" / name).read_text(), feature_version=PYTHON_3_9)


def test_another_python_than_the_bundles_starts_the_bundles(tmp_path: Path) -> None:
    bundle = tmp_path / "a bundle"
    (bundle / "lib/python3.99-x86_64").mkdir(parents=True)
    for name in ("hooks", "wpdeploy"):
        shutil.copytree(ROOT / name, bundle / name)
    right = tmp_path / "bin/python3.99"
    right.parent.mkdir()
    right.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    right.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, "-m", "wpdeploy", "validate", "--group", "a group"],
        cwd=bundle,
        env={"PATH": f"{right.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    program = str(bundle.resolve() / "wpdeploy/__main__.py")
    expected = ["-I", "-S", program, "validate", "--group", "a group"]
    assert ended.stdout.splitlines() == expected


def test_a_bundle_for_another_machine_says_so_in_a_line(tmp_path: Path) -> None:
    here = f"python3.{sys.version_info[1]}"
    (tmp_path / f"lib/{here}-s390x").mkdir(parents=True)
    for name in ("hooks", "wpdeploy"):
        shutil.copytree(ROOT / name, tmp_path / name)
    this = f"{here}-{os.uname().machine}"
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    ways = ([tmp_path / "hooks/AfterInstall"], [sys.executable, "-m", "wpdeploy", "render"])
    for command in ways:
        ended = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (3, "")
        assert ended.stdout.splitlines() == [
            f"wpdeploy render: FAILED (exit 3): lib/ is for {here}-s390x, and this is {this}",
            f"  to do     make a bundle --python {here[6:]} --platform {os.uname().machine}",
        ]


def test_a_bundle_whose_python_is_not_there_says_which_it_needs(tmp_path: Path) -> None:
    (tmp_path / "lib/python3.99-x86_64").mkdir(parents=True)
    shutil.copytree(ROOT / "hooks", tmp_path / "hooks")
    ended = subprocess.run(
        [tmp_path / "hooks/run", "validate"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stdout.splitlines() == [
        "wpdeploy validate: FAILED (exit 3): there is no python3.99 on the PATH",
        "  to do     install python3.99, which lib/ is made for, on this host",
    ]


def test_with_its_output_closed_it_still_ends_with_its_code(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", 'exec "$0" -m wpdeploy cleanup --group Test >&-', sys.executable]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"WPDEPLOY_ROOT": str(tmp_path)},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
