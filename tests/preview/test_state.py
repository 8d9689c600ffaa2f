"""What a preview keeps: its credentials, and that there is one preview of a checkout."""

import os
from pathlib import Path

import pytest

from preview.errors import PreviewError
from preview.state import Credentials, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / ".preview")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_credentials_are_random_kept_and_nobody_elses(state: State, tmp_path: Path) -> None:
    with state.locked():
        made = state.credentials()
        assert state.credentials() == made
    other = State(tmp_path / "other")
    with other.locked():
        assert other.credentials().password != made.password
    assert len({made.password, made.database_password, made.database_administrator_password}) == 3
    assert mode(state.directory) == 0o700
    assert mode(state.directory / "credentials.json") == 0o600


def test_no_password_is_in_what_a_traceback_would_show() -> None:
    known = Credentials()
    assert known.password not in repr(known)
    assert known.database_password not in repr(known)


def test_credentials_that_are_lost_are_told_and_nothing_is_made_in_their_place(
    state: State,
) -> None:
    with state.locked():
        state.credentials()
        state.make_data()
        (state.database / "mariadb").mkdir()
        state.forget()
        with pytest.raises(PreviewError, match=r"credentials\.json is gone.*--fresh"):
            state.credentials()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"7", b"\xff\x00", b'{"user": "x"}'])
def test_credentials_that_cannot_be_read_are_told(state: State, content: bytes) -> None:
    with state.locked():
        (state.directory / "credentials.json").write_bytes(content)
        with pytest.raises(PreviewError, match=r"credentials\.json cannot be read.*--fresh"):
            state.credentials()


def test_a_second_preview_of_a_checkout_is_told_of_the_first(state: State) -> None:
    with state.locked():
        told = pytest.raises(PreviewError, match=f"runs: process {os.getpid()}$")
        with told, State(state.directory).locked():
            pass
        assert not list((state.directory / "log").iterdir())


def test_logs_are_those_of_this_run(state: State) -> None:
    with state.locked():
        state.log("site").write_text("old")
    with state.locked():
        assert not state.log("site").exists()


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(PreviewError, match="cannot be made: Not a directory"),
        State(tmp_path / "file/.preview").locked(),
    ):
        pass
