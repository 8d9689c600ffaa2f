"""What git says of a checkout: a real repository for each test."""

import subprocess
from pathlib import Path

import pytest

from pipeline import source
from pipeline.errors import BuildError


def git(checkout: Path, *arguments: str) -> str:
    own = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")
    command = ["git", "-C", str(checkout), *own, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Neither this machine's configuration nor a repository around the tests'.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    found = tmp_path / "checkout"
    found.mkdir()
    git(found, "init", "--quiet", "--initial-branch=main")
    (found / "appspec.yml").write_text("version: 0.0\n")
    git(found, "add", ".")
    git(found, "commit", "--quiet", "--message", 'A title: it\'s "new" {{ x }} & 🎉\n\nBody')
    return found


def test_a_commit_has_a_branch_and_a_subject(checkout: Path) -> None:
    found = source.read(checkout, "")
    assert found.commit == git(checkout, "rev-parse", "HEAD")
    assert (found.branch, found.subject) == ("main", 'A title: it\'s "new" {{ x }} & 🎉')


def test_a_branch_that_is_given_is_the_branch(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "--detach")
    assert source.read(checkout, "release/1").branch == "release/1"


def test_without_a_branch_it_is_asked_for(checkout: Path) -> None:
    git(checkout, "checkout", "--quiet", "--detach")
    with pytest.raises(BuildError, match="no branch is checked out") as caught:
        source.read(checkout, "")
    assert caught.value.hint == "set BRANCH to its name"


def test_what_is_in_no_commit_is_not_built_as_one(checkout: Path) -> None:
    (checkout / "appspec.yml").write_text("version: 0.1\n")
    (checkout / "sources").mkdir()
    (checkout / "sources" / "new.php").touch()
    (checkout / "notes.txt").touch()  # no part of an image or a bundle
    commit = git(checkout, "rev-parse", "HEAD")
    with pytest.raises(BuildError) as caught:
        source.read(checkout, "")
    assert caught.value.problems == (f"not as in commit {commit}: appspec.yml, sources/new.php",)


def test_a_directory_that_is_no_clone(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="git: fatal: not a git repository") as caught:
        source.read(tmp_path, "")
    assert "CODEBUILD_CLONE_REF" in caught.value.hint


def test_a_machine_without_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(BuildError, match="git: cannot be run: No such file"):
        source.read(checkout, "")


@pytest.mark.parametrize(
    ("message", "subject"),
    [("one\ntwo\n\nthree", "one two"), ("x" * 201, "x" * 197 + "..."), ("", "(no subject)")],
)
def test_a_subject_is_one_line_of_bounded_length(
    checkout: Path, message: str, subject: str
) -> None:
    git(checkout, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", message)
    assert source.read(checkout, "").subject == subject
