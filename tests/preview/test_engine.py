"""Which engine is taken, and what is said where there is none."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from preview import engine as engines
from preview.engine import ending
from preview.errors import PreviewError

Program = Callable[..., None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts programs on a PATH that has nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name: str, version: str, info: str, code: int = 0) -> None:
        out = "&2" if code else "&1"
        cases = f"--version) echo '{version}';;\ninfo) echo '{info}' >{out}; exit {code};;\n"
        (tmp_path / name).write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\n')
        (tmp_path / name).chmod(0o755)

    return make


def test_where_there_is_no_engine_it_says_what_to_install(program: Program) -> None:  # noqa: ARG001  # the empty PATH
    with pytest.raises(PreviewError, match=r"neither podman nor docker is here.*apt-get install"):
        engines.find()


def test_podman_is_taken_before_docker(program: Program) -> None:
    program("docker", "Docker version 28", "null")
    program("podman", "podman version 5", "true")
    found = engines.find()
    assert (found.program, found.kind, found.rootless) == ("podman", "podman", True)
    assert found.owner == "0:0"


def test_an_engine_that_does_not_answer_is_passed_over(program: Program) -> None:
    program("podman", "podman version 5", "Cannot connect to Podman", 125)
    program("docker", "Docker version 28", '["name=seccomp,profile=default"]')
    found = engines.find()
    assert (found.program, found.rootless) == ("docker", False)


def test_engines_none_of_which_answers_are_told_with_their_words(program: Program) -> None:
    program("podman", "podman version 5", "no machine", 125)
    program("docker", "Docker version 28", "no daemon", 1)
    told = r"podman does not work: no machine; docker does not work: no daemon \(start its"
    with pytest.raises(PreviewError, match=told):
        engines.find()


def test_podman_in_dockers_clothes_is_podman(program: Program) -> None:
    program("docker", "podman version 5", "false")
    assert engines.find("docker").kind == "podman"


def test_docker_without_root_is_known(program: Program) -> None:
    program("docker", "Docker version 28", '["name=seccomp","name=rootless"]')
    assert engines.find().rootless


def test_an_engine_that_is_asked_for_is_taken_or_told(program: Program) -> None:
    program("podman", "podman version 5", "true")
    with pytest.raises(PreviewError, match="docker is not here"):
        engines.find("docker")


def test_a_command_that_has_not_ended_ends_with_its_block() -> None:
    deaf = ["sh", "-c", "trap '' TERM; sleep 60"]
    for command in (["sleep", "60"], deaf):
        process = subprocess.Popen(command)
        with ending(process, seconds=0.2):
            pass
        assert process.returncode is not None
