"""`python -m pipeline` as a process: its one last line, and its exit code."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def run(*argv: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *argv],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_ends_it_is_one_line(tmp_path: Path) -> None:
    found = run("image", cwd=tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr == (
        "pipeline image: variables: IMAGE_REPOSITORY must be the URI of a repository of ECR, "
        "and is not set (set them in the CodeBuild project or buildspec.yml)\n"
    )


def test_another_command_is_refused(tmp_path: Path) -> None:
    found = run("deploy", cwd=tmp_path)
    assert found.returncode == 2
    assert "invalid choice: 'deploy'" in found.stderr
