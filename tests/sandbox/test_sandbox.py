"""`python -m sandbox`: a stranger's first deployment, and a developer's failing one."""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from sandbox.site import ROOT, image, released
from wpdeploy import bundling, runtime
from wpdeploy.runtime import Runtime

EVENTS = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
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
    assert "wpdeploy validate: succeeded: Deployment wordpress: ready 3/3" in found.stdout
    events = re.findall(r"^(\w+) +[0-9.]+ s +(\w+) +-$", found.stdout, re.MULTILINE)
    assert events == [(event, "Succeeded") for event in EVENTS]
    assert "serving   3 pods" in found.stdout
    assert list(tmp_path.iterdir()) == []


FAULTS = {
    "badpull": "ErrImagePull",
    "crashloop": "CrashLoopBackOff",
    "invalidname": "InvalidImageName",
    "badconfig": "CreateContainerConfigError",
    "oom": "OOMKilled",
}


@pytest.mark.parametrize(("tag", "reason"), FAULTS.items(), ids=FAULTS)
def test_a_failing_release_follows_a_healthy_one(sandbox: Run, tag: str, reason: str) -> None:
    found = sandbox("--tag", tag)
    assert found.returncode == 7, found.stdout + found.stderr
    healthy, failing = found.stdout.split(f"a release with the image tag {tag}")
    assert "ready 3/3" in healthy
    _, tail = failing.split("Log tail\n")
    assert "wpdeploy validate: ROLLOUT FAILED (exit 7)" in tail
    assert reason in tail
    # The old pods go on serving, and somebody is told what to do.
    assert "serving   3 pods" in tail
    assert "next      mend what the log tail names" in tail


def test_a_failing_release_is_rolled_back_where_that_is_asked_for(sandbox: Run) -> None:
    found = sandbox("--tag", "badpull", "--on-failure", "rollback")
    assert found.returncode == 7, found.stdout + found.stderr
    _, tail = found.stdout.split("Log tail\n")
    # Each line of the log begins with its time and its stream.
    told = " ".join(" ".join(line.partition("[stdout]")[2] for line in tail.splitlines()).split())
    assert (
        "(ErrImagePull); rolled back to #1 (wordpress:v1@sha256:aaaaaaaaaaaa, commit c0ffee)"
        in told
    )
    assert "serving   3 pods" in tail


def test_an_unknown_group_is_told_with_those_that_exist(sandbox: Run) -> None:
    found = sandbox("--group", "Nope")
    assert found.returncode == 3
    assert "there are Production, Test" in found.stdout.split("Log tail\n")[1]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--param", "nothing=1"], "nothing is not in k8s/parameters.yaml"),
        (["--param", "nothing"], "nothing is not NAME=VALUE"),
        (["--kubeconfig", "/nowhere"], "/nowhere: is no usable kubeconfig"),
        (["--bundle", "/nowhere"], "/nowhere: is not there"),
        (["--bundle", __file__], "test_sandbox.py: is no ZIP file"),
        (["--bundle", "docs"], "docs: is no bundle: it has no appspec.yml"),
        (["--bundle", "docs", "--tag", "oom"], "not allowed with argument"),
    ],
)
def test_what_it_cannot_do_is_told(sandbox: Run, argv: list[str], told: str) -> None:
    found = sandbox(*argv)
    assert found.returncode != 0
    assert told in found.stderr


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_bundle_that_was_made_before_is_deployed(
    sandbox: Run, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    given = tmp_path_factory.mktemp("given") / name
    release = released(image("v7"), "wp:7")
    cache = runtime.cache_directory(os.environ)
    bundling.make(ROOT, given, release, Runtime.here(), cache)
    found = sandbox("--bundle", str(given), "--on-failure", "rollback")
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"CodeDeploy deploys the bundle {given}" in found.stdout
    assert "wordpress:v7@sha256:aaaaaaaaaaaa" in found.stdout
    assert "serving   3 pods" in found.stdout


def test_a_parameters_value_is_shown_nowhere(sandbox: Run, tmp_path: Path) -> None:
    sentinel = "s3ntinel/&+ p%w=?"
    found = sandbox("--param", f"mysql_password={sentinel}", "--tag", "crashloop", "--keep")
    assert found.returncode == 7
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"deployment.json", "scripts.log", "release.json"} <= {path.name for path in files}
    everywhere = b"".join(path.read_bytes() for path in files)
    everywhere += (found.stdout + found.stderr).encode()
    encoded = base64.b64encode(sentinel.encode()).decode()
    forms = (sentinel, encoded, quote(sentinel), quote(sentinel, safe=""), quote_plus(sentinel))
    assert not [form for form in forms if form.encode() in everywhere]
