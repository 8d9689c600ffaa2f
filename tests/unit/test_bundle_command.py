"""`python -m wpdeploy bundle`: what it takes, what it refuses, and how it ends."""

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.checkout import make_checkout, make_wheel, offline
from tests.unit.command_line import CommandLine, Ended
from wpdeploy import __version__
from wpdeploy.runtime import Runtime

HERE = Runtime.here()
IMAGE = f"wordpress@sha256:{'a' * 64}"
LINK = "https://ci.example/builds/17?log=1#end"
GIVEN = {
    "--image": IMAGE,
    "--commit": "c0ffee",
    "--branch": "main",
    "--subject": "Larger logo",
    "--build": "wordpress:17",
}

Run = Callable[..., Ended]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "bundle"


@pytest.fixture
def run(tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it with these options; None leaves one out."""
    started = CommandLine(tmp_path / "checkout", monkeypatch)
    offline(monkeypatch, tmp_path / "wheels")
    make_checkout(tmp_path / "checkout", make_wheel(tmp_path / "wheels"))
    made_for = {"--python": HERE.python, "--platform": HERE.platform}
    always = {**GIVEN, **made_for, "--out": str(output)}

    def run(*more: str, **changes: str | None) -> Ended:
        options = always | {f"--{name}": value for name, value in changes.items()}
        given = [word for name, value in options.items() if value for word in (name, value)]
        return started("bundle", *given, *more, XDG_CACHE_HOME=str(tmp_path / "cache"))

    return run


def test_it_needs_no_deployment_group(run: Run, output: Path) -> None:
    ended = run()
    assert ended.code == 0
    assert ended.told.startswith(
        f"wpdeploy bundle: succeeded: {output} is for Python {HERE.python} on {HERE.platform} image"
    )
    assert (output / "release.json").exists()


def test_the_release_is_as_given(run: Run, output: Path) -> None:
    run(time="2026-11-20T10:00:00Z", link=LINK)
    assert json.loads((output / "release.json").read_text()) == {
        "image": IMAGE,
        "commit": "c0ffee",
        "build": "wordpress:17",
        "time": "2026-11-20T10:00:00Z",
        "branch": "main",
        "subject": "Larger logo",
        "link": LINK,
        "versions": {
            "wpdeploy": __version__,
            "wordpress": "6.9.4",
            "python": HERE.python,
            "platform": HERE.platform,
        },
    }


@pytest.mark.parametrize("subject", ["Larger logo\n\nAs wished.", "\n Larger\tlogo \nx"])
def test_of_a_message_the_subject_is_kept(run: Run, output: Path, subject: str) -> None:
    run(subject=subject)
    assert json.loads((output / "release.json").read_text())["subject"] == "Larger logo"


def test_a_commit_may_have_no_subject(run: Run, output: Path) -> None:
    assert run("--subject", "").code == 0
    assert json.loads((output / "release.json").read_text())["subject"] == ""


def test_what_it_made_is_told(run: Run) -> None:
    lines = run(subject="Gr\xf6\xdfer \U0001f600" * 100).lines
    assert lines[-2] == f"  image     {IMAGE}"
    assert lines[-1].startswith("  release   commit c0ffee on main: Gr\\xf6\\xdfer \\U0001f600Gr")
    assert all(line.isascii() and len(line) <= 100 for line in lines)


def test_a_zip_is_made_where_the_name_says_so(run: Run, output: Path) -> None:
    file = output.with_suffix(".zip")
    assert run("--output=json", out=str(file)).document["out"] == str(file)
    with zipfile.ZipFile(file) as archive:
        assert json.loads(archive.read("release.json"))["commit"] == "c0ffee"


def test_a_release_without_a_time_is_of_now(run: Run, output: Path) -> None:
    before = datetime.now(UTC)
    run()
    time = datetime.fromisoformat(json.loads((output / "release.json").read_text())["time"])
    assert before - timedelta(seconds=1) < time <= datetime.now(UTC)


def test_its_place_is_told_to_programs(run: Run, output: Path) -> None:
    assert run("--output=json").document["out"] == str(output)


def test_all_that_is_wrong_with_the_release_is_told_at_once(run: Run, output: Path) -> None:
    ended = run("--branch", "", image="wordpress:latest", time="yesterday")
    assert ended.code == 2
    assert ended.lines == [
        "wpdeploy bundle: FAILED (exit 2): wpdeploy bundle: 3 problems",
        '  - "image" must end in a digest, REPOSITORY@sha256:..., not wordpress:latest',
        '  - "branch" must be a string that is not empty',
        '  - "time" must be ISO 8601 with a zone, 2026-11-20T10:00:00Z, not yesterday',
        "  to do     see wpdeploy bundle --help",
    ]
    assert not output.exists()


@pytest.mark.parametrize("option", ["image", "commit", "branch", "subject", "build", "out"])
def test_what_it_cannot_guess_is_required(run: Run, option: str) -> None:
    ended = run(**{option: None})
    assert ended.code == 2
    assert f"the following arguments are required: --{option}" in ended.told


@pytest.mark.parametrize(
    ("option", "value"), [("python", "3.10"), ("python", "3"), ("platform", "arm64")]
)
def test_what_no_bastion_has_is_refused(run: Run, option: str, value: str) -> None:
    ended = run(**{option: value})
    assert ended.code == 2
    assert f"argument --{option}: invalid choice: '{value}'" in ended.told


def test_it_takes_no_deployment_group(run: Run) -> None:
    assert "unrecognized arguments: --group Test" in run("--group", "Test").told
