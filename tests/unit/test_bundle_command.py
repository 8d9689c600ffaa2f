"""`python -m wpdeploy bundle`: what it takes, what it refuses, and how it ends."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.checkout import make_checkout, make_wheel, offline
from tests.unit.command_line import CommandLine, Ended
from wpdeploy.runtime import Runtime

HERE = Runtime.here()
IMAGE = f"wordpress@sha256:{'a' * 64}"
GIVEN = {"--image": IMAGE, "--commit": "c0ffee", "--build": "wordpress:17"}

Run = Callable[..., Ended]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "bundle"


@pytest.fixture
def run(tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run it with these options; None leaves one out."""
    made_for = {"--python": HERE.python, "--platform": HERE.platform}
    always = {**GIVEN, **made_for, "--directory": str(output)}

    def run(*more: str, **changes: str | None) -> Ended:
        options = always | {f"--{name}": value for name, value in changes.items()}
        given = [word for name, value in options.items() if value for word in (name, value)]
        return started("bundle", *given, *more, XDG_CACHE_HOME=str(tmp_path / "cache"))

    with CommandLine(tmp_path / "checkout", monkeypatch) as started:
        offline(monkeypatch, tmp_path / "wheels")
        make_checkout(tmp_path / "checkout", make_wheel(tmp_path / "wheels"))
        yield run


def test_it_needs_no_deployment_group(run: Run, output: Path) -> None:
    ended = run()
    assert ended.code == 0
    assert ended.told.startswith(
        f"wpdeploy bundle: succeeded: {output} is for Python {HERE.python} on {HERE.platform} image"
    )
    assert (output / "release.json").exists()


def test_the_release_is_as_given(run: Run, output: Path) -> None:
    run(time="2026-11-20T10:00:00Z")
    assert json.loads((output / "release.json").read_text()) == {
        "image": IMAGE,
        "commit": "c0ffee",
        "build": "wordpress:17",
        "time": "2026-11-20T10:00:00Z",
    }


def test_a_release_without_a_time_is_of_now(run: Run, output: Path) -> None:
    before = datetime.now(UTC)
    run()
    time = datetime.fromisoformat(json.loads((output / "release.json").read_text())["time"])
    assert before - timedelta(seconds=1) < time <= datetime.now(UTC)


def test_its_directory_is_told_to_programs(run: Run, output: Path) -> None:
    assert run("--output=json").document["directory"] == str(output)


def test_all_that_is_wrong_with_the_release_is_told_at_once(run: Run, output: Path) -> None:
    ended = run(image="wordpress:latest", time="yesterday")
    assert ended.code == 2
    assert ended.lines == [
        "wpdeploy bundle: FAILED (exit 2): wpdeploy bundle: 2 problems",
        '  - "image" must end in a digest, REPOSITORY@sha256:..., not wordpress:latest',
        '  - "time" must be ISO 8601, not yesterday',
        "  to do     see wpdeploy bundle --help",
    ]
    assert not output.exists()


@pytest.mark.parametrize("option", ["image", "commit", "build", "directory"])
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
