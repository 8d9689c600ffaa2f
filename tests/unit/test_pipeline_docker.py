"""Docker's client at its wire: a process that reads, speaks and ends as a script on the PATH says.

tests/pipeline does it with the real client.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.docker import Docker
from pipeline.errors import BuildError

DIGEST = f"sha256:{'a' * 64}"
Played = Callable[[str], Docker]
# The end of each line is what docker says, as its versions have it.
DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?"
SOCKET = "failed to connect to the docker API at unix:///var/run/docker.sock; check if it runs"
IMMUTABLE = (
    "tag invalid: The image tag 'c0ffee' already exists in the 'wordpress' repository and cannot "
    "be overwritten because the tag is immutable."
)
DENIED = "denied: User: x is not authorized to perform: ecr:PutImage on resource: y"
ABOVE = "see the lines above"
RATE = "toomanyrequests: You have reached your unauthenticated pull rate limit."


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: list[str]) -> Played:
    """A docker that does what the shell script says; its arguments are kept in `calls`."""

    def play(script: str) -> Docker:
        file = tmp_path / "docker"
        calls = f'printf "%s\\n" "$*" >> {tmp_path}/calls'
        file.write_text(f"#!/bin/sh\n{calls}\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return Docker(shown.append)

    return play


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


def test_a_login_ends_with_what_it_was_for(
    played: Played, tmp_path: Path, shown: list[str]
) -> None:
    docker = played(f'[ "$1" = logout ] || cat > {tmp_path}/password')
    with pytest.raises(ZeroDivisionError), docker.login("ecr.example", "p4ss w0rd"):
        _ = 1 / 0
    assert calls(tmp_path) == [
        "login --username AWS --password-stdin ecr.example",
        "logout ecr.example",
    ]
    assert (tmp_path / "password").read_text() == "p4ss w0rd"
    assert shown == []


def test_a_login_that_is_refused(played: Played, tmp_path: Path) -> None:
    docker = played(
        "echo 'Error response from daemon: login attempt failed: 401 Unauthorized'; exit 1"
    )
    with pytest.raises(BuildError, match=r"docker login: .*401 Unauthorized"):
        docker.login("ecr.example", "p4ss" * 100_000).__enter__()
    assert len(calls(tmp_path)) == 1


def test_a_build_is_told_its_arguments_and_shows_what_it_does(
    played: Played, tmp_path: Path, shown: list[str]
) -> None:
    docker = played('echo "$6|$8"; echo "$BUILDX_NO_DEFAULT_ATTESTATIONS" >&2')
    docker.build("ecr.example/w:1", {"URL": "https://x/?a=b c", "AS_OF": ""}, ("--no-cache",))
    [call] = calls(tmp_path)
    named, _, given = call.partition(" --build-arg ")
    assert named == "build --pull --file build/Dockerfile --tag ecr.example/w:1"
    assert given == "URL=https://x/?a=b c --build-arg AS_OF= --no-cache ."
    assert sorted(shown) == ["1", "ecr.example/w:1|URL=https://x/?a=b c"]


def test_the_digest_is_the_one_that_docker_tells(played: Played) -> None:
    said = f"abc: Pushed; c0ffee: digest: {DIGEST} size: 1839"
    assert played(f"echo '{said}' | tr ';' '\\n'").push("ecr.example/w:1") == DIGEST


def test_a_push_without_a_digest_is_none(played: Played) -> None:
    with pytest.raises(BuildError, match="docker push: names no digest"):
        played("echo done").push("ecr.example/w:1")


def test_an_image_that_cannot_be_pulled_is_told_and_no_failure(
    played: Played, shown: list[str]
) -> None:
    assert played("exit 0").pull("ecr.example/w:1")
    assert not played("echo 'manifest unknown'; exit 1").pull("ecr.example/w:1")
    assert shown[-1] == "docker pull: manifest unknown (see the lines above)"


@pytest.mark.parametrize(
    ("said", "problem", "hint"),
    [
        (DAEMON, "does not run here", "switch on privileged mode in the CodeBuild project"),
        (SOCKET, "does not run here", "switch on privileged mode in the CodeBuild project"),
        (
            IMMUTABLE,
            "the image of this commit has been pushed by another build meanwhile",
            "start the build again: it takes the image that is there",
        ),
        (
            RATE,
            RATE,
            "set BASE_IMAGE to a registry without this limit, such as ECR's public gallery",
        ),
        (DENIED, DENIED, "allow the build's role to pull from and to push to the repository"),
        (
            "no basic auth credentials",
            "no basic auth credentials",
            "allow the build's role to pull from and to push to the repository",
        ),
        (
            "#9 0.51 DATABASE_CA_URL is no file of certificates (PEM): https://example.com/",
            "#9 0.51 DATABASE_CA_URL is no file of certificates (PEM): https://example.com/",
            "set the variables of the download: docs/image.md has them",
        ),
        ("\x1b[91mno \x1b[0mway", "no way", ABOVE),
        ("ERROR: failed to solve: exit code: 1", "ERROR: failed to solve: exit code: 1", ABOVE),
        ("", "ended with exit code 3", ABOVE),
    ],
)
def test_a_failure_is_one_line(
    played: Played, shown: list[str], said: str, problem: str, hint: str
) -> None:
    docker = played(f'printf "%s\\n" "first" "{said}" "" >&2; exit 3' if said else "exit 3")
    with pytest.raises(BuildError) as caught:
        docker.check()
    found = caught.value
    assert (found.where, found.problems, found.hint) == ("docker version", (problem,), hint)
    assert shown == (["first", said, ""] if said else [])


def test_a_machine_without_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="docker: cannot be run: No such file or directory"):
        Docker(pytest.fail).check()
