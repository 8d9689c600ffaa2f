"""buildspec.yml and what it speaks of: the package pipeline, its document, the Makefile."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from pipeline import bundle, variables
from pipeline.__main__ import COMMANDS
from tests.unit.builds import PlayedBuild
from wpdeploy import runtime

ROOT = Path(__file__).parent.parent.parent
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "buildspec.yml").read_text())
DOCUMENT = (ROOT / "docs" / "build.md").read_text()
COMMANDS_OF_SPEC = [each for phase in SPEC["phases"].values() for each in phase["commands"]]
# What the project must say itself, or what is fine as the Dockerfile or git has it.
ELSEWHERE = {"IMAGE_REPOSITORY", "BRANCH", "AS_OF"}
ELSEWHERE |= {"WORDPRESS_VERSION", "WORDPRESS_URL", "WORDPRESS_SHA256"}


def documented() -> dict[str, str]:
    """The variables of the document, with the cell of their default."""
    table = DOCUMENT.partition("## Variables")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|\s*([^|]*?)\s*\|", table, re.MULTILINE)
    return {name: cell for names, cell in rows for name in re.findall(r"`([A-Z_0-9]+)`", names)}


def test_every_variable_is_documented_with_its_default() -> None:
    own = SPEC["env"]["variables"]
    assert documented().keys() == own.keys() | ELSEWHERE
    assert {name: documented()[name].strip("`") for name in own} == own


def test_every_variable_has_a_reader() -> None:
    readers = (ROOT / "pipeline" / "variables.py").read_text() + (ROOT / "Makefile").read_text()
    assert [name for name in documented() if not re.search(rf"\b{name}\b", readers)] == []
    assert documented().keys() >= set(variables.ARGUMENTS)


def test_an_argument_of_the_image_is_one_of_the_dockerfile() -> None:
    dockerfile = (ROOT / "build" / "Dockerfile").read_text()
    known = set(re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE))
    assert set(variables.ARGUMENTS) <= known


def test_the_defaults_are_right() -> None:
    repository = {"IMAGE_REPOSITORY": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/wordpress"}
    found = variables.read(SPEC["env"]["variables"] | repository)
    assert (found.threshold, found.platform) == ("NONE", "x86_64")


@pytest.mark.parametrize("command", COMMANDS_OF_SPEC)
def test_every_command_is_documented(command: str) -> None:
    assert f"`{command.removeprefix('.venv/bin/')}`" in DOCUMENT


def test_every_command_of_the_package_is_run_in_its_order() -> None:
    ran = [each.split()[-1] for each in COMMANDS_OF_SPEC if "-m pipeline" in each]
    assert ran == list(COMMANDS)


def test_what_is_exported_is_what_codepipeline_gets() -> None:
    text = bundle.exported(PlayedBuild().of(), "image", 1)
    assert re.findall(r"^export (\w+)=", text, re.MULTILINE) == SPEC["env"]["exported-variables"]
    assert f". ./{bundle.EXPORTED}" in COMMANDS_OF_SPEC
    assert SPEC["artifacts"]["base-directory"] == str(bundle.OUTPUT)


def test_the_bundles_python_is_the_one_that_makes_it() -> None:
    assert str(SPEC["phases"]["install"]["runtime-versions"]["python"]) == bundle.PYTHON


def test_the_reports_are_where_the_makefile_puts_them() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for report in SPEC["reports"].values():
        [file] = report["files"]
        assert f"{report['base-directory']}/{file}" in makefile


def test_the_cache_keeps_what_is_kept() -> None:
    kept = [PurePosixPath(path).parent.parent for path in SPEC["cache"]["paths"]]
    assert runtime.cache_directory({"HOME": "/root"}) in [Path(path) for path in kept]


@pytest.mark.parametrize("file", sorted((ROOT / "k8s" / "environments").glob("*.yaml")))
def test_an_environment_believes_the_authorities_that_the_image_has(file: Path) -> None:
    env = yaml.safe_load(file.read_text())["env"]
    assert env["WORDPRESS_DB_TLS"] == "verify"
    directory, name = env["WORDPRESS_DB_CA_FILE"].rsplit("/", 1)
    dockerfile = (ROOT / "build" / "Dockerfile").read_text()
    assert f"COPY --from=core /authorities {directory}/\n" in dockerfile
    assert f"--output /authorities/{name} " in dockerfile
