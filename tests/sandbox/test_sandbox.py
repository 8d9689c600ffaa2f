"""`python -m sandbox`: a stranger's first deployment, and a developer's failing one."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from sandbox.site import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sandbox(tmp_path: Path) -> Run:
    """Run it; its temporary files are below `tmp_path`."""

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sandbox", *argv]
        environ = os.environ | {"TMPDIR": str(tmp_path)}
        return subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_a_healthy_deployment_leaves_nothing_behind(sandbox: Run, tmp_path: Path) -> None:
    found = sandbox()
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.splitlines()[-1].endswith("Deployment wordpress: ready 3/3")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_release_follows_a_healthy_one(sandbox: Run) -> None:
    found = sandbox("--tag", "badpull")
    assert found.returncode == 7
    healthy, failing = found.stdout.split("image tag badpull")
    assert "ready 3/3" in healthy
    assert "ErrImagePull" in failing


def test_an_unknown_group_is_told_with_those_that_exist(sandbox: Run) -> None:
    found = sandbox("--group", "Nope")
    assert found.returncode == 3
    assert "there are Production, Test" in found.stdout


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--param", "nothing=1"], "nothing is not in k8s/parameters.yaml"),
        (["--param", "nothing"], "nothing is not NAME=VALUE"),
        (["--kubeconfig", "/nowhere"], "/nowhere: is no usable kubeconfig"),
    ],
)
def test_what_it_cannot_do_is_told(sandbox: Run, argv: list[str], told: str) -> None:
    found = sandbox(*argv)
    assert found.returncode != 0
    assert told in found.stderr


def test_a_parameters_value_is_shown_nowhere(sandbox: Run, tmp_path: Path) -> None:
    sentinel = "s3ntinel/&+ p%w=?"
    found = sandbox("--param", f"mysql_password={sentinel}", "--keep")
    assert found.returncode == 0
    [kept] = tmp_path.glob("wpdeploy-sandbox-*")
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert files
    everywhere = b"".join(path.read_bytes() for path in files)
    everywhere += (found.stdout + found.stderr).encode()
    encoded = base64.b64encode(sentinel.encode()).decode()
    forms = (sentinel, encoded, quote(sentinel), quote(sentinel, safe=""), quote_plus(sentinel))
    assert not [form for form in forms if form.encode() in everywhere]
