"""`bundle`: what wpdeploy is told, and what the pipeline is."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import bundle
from pipeline.errors import BuildError
from pipeline.source import Source
from tests.unit.builds import COMMIT, DIGEST, SOURCE, PlayedBuild, PlayedRegistry
from wpdeploy import commands

IMAGE = f"ecr.example/wordpress@{DIGEST}"


def test_wpdeploy_takes_the_options() -> None:
    argv = ["bundle", *bundle.options(PlayedBuild().of(), IMAGE)]
    found = commands.parser().parse_args(argv)
    assert (found.image, found.commit, found.branch) == (IMAGE, COMMIT, "main")
    assert (found.subject, found.build) == (SOURCE.subject, "site-build:1")
    assert (found.link, found.python, found.platform) == (
        "https://console.example/1",
        "3.11",
        "x86_64",
    )
    assert found.out == "bundle"


def test_a_value_that_looks_like_an_option_is_none() -> None:
    source = Source(COMMIT, "--out=/", "--image")
    build = replace(PlayedBuild().of(), source=source)
    found = commands.parser().parse_args(["bundle", *bundle.options(build, IMAGE)])
    assert (found.branch, found.subject, found.image) == ("--out=/", "--image", IMAGE)


def test_what_is_not_known_is_left_out() -> None:
    assert "--link" not in " ".join(bundle.options(PlayedBuild().of(link=""), IMAGE))


def test_a_shell_gets_the_variables_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "exported.env"
    file.write_text(bundle.exported(PlayedBuild().of(), IMAGE, 17))
    script = f'. {file} && env -0 | grep -z "^IMAGE=\\|^COMMIT=\\|^SUBJECT=\\|^BUNDLE_BYTES="'
    found = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert sorted(found.stdout.strip("\0").split("\0")) == [
        "BUNDLE_BYTES=17",
        f"COMMIT={COMMIT}",
        f"IMAGE={IMAGE}",
        f"SUBJECT={SOURCE.subject}",
    ]


def test_a_bundle_that_cannot_be_made_ends_the_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle").write_text("in the way")
    with pytest.raises(BuildError, match="bundle: wpdeploy ended with exit code 3"):
        bundle.run(PlayedBuild(PlayedRegistry([DIGEST])).of())
    assert "wpdeploy bundle: FAILED" in capsys.readouterr().out
    assert not (tmp_path / "exported.env").exists()
