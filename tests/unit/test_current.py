"""/opt/wpdeploy/current points to the bundle that was deployed last."""

import io
from pathlib import Path

import pytest

from tests.unit.wire import FakeClock
from wpdeploy import current
from wpdeploy.context import DeploymentContext
from wpdeploy.report import Console


@pytest.fixture
def told() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(told: io.StringIO) -> Console:
    return Console(told, FakeClock(), as_json=False)


def bundle(root: Path, name: str) -> DeploymentContext:
    directory = root / name
    (directory / "lib").mkdir(parents=True, exist_ok=True)
    return DeploymentContext("Test", name, directory, root, directory / "release.json")


def link(root: Path) -> Path:
    return root / "opt" / "wpdeploy" / "current"


def test_each_bundle_takes_the_link_over(tmp_path: Path, console: Console) -> None:
    for name in ("d-1", "d-2", "d-2", "d-1"):
        current.switch(bundle(tmp_path, name), console)
        assert link(tmp_path).readlink() == tmp_path / name
    assert list(link(tmp_path).parent.iterdir()) == [link(tmp_path)]


def test_what_a_killed_step_left_does_not_stay(tmp_path: Path, console: Console) -> None:
    link(tmp_path).parent.mkdir(parents=True)
    link(tmp_path).with_name(".current").symlink_to(tmp_path / "gone")
    current.switch(bundle(tmp_path, "d-1"), console)
    assert link(tmp_path).readlink() == tmp_path / "d-1"
    assert list(link(tmp_path).parent.iterdir()) == [link(tmp_path)]


def test_a_link_that_leads_somewhere_is_only_switched_on_purpose(
    tmp_path: Path, console: Console
) -> None:
    current.switch_if_lost(bundle(tmp_path, "d-1"), console)
    current.switch_if_lost(bundle(tmp_path, "d-2"), console)
    assert link(tmp_path).readlink() == tmp_path / "d-1"


def test_a_link_to_a_bundle_that_is_gone_is_mended(tmp_path: Path, console: Console) -> None:
    link(tmp_path).parent.mkdir(parents=True)
    link(tmp_path).symlink_to(tmp_path / "gone")
    current.switch_if_lost(bundle(tmp_path, "d-2"), console)
    assert link(tmp_path).readlink() == tmp_path / "d-2"


def test_a_checkout_is_no_bundle_and_gets_no_link(tmp_path: Path, console: Console) -> None:
    context = bundle(tmp_path, "checkout")
    (context.bundle / "lib").rmdir()
    current.switch(context, console)
    assert not (tmp_path / "opt").exists()


def test_a_link_that_cannot_be_made_is_told_and_stops_nothing(
    tmp_path: Path, console: Console, told: io.StringIO
) -> None:
    (link(tmp_path) / "a directory where the link should be").mkdir(parents=True)
    current.switch(bundle(tmp_path, "d-1"), console)
    assert (
        told.getvalue() == f"    0.0 s  {link(tmp_path)} still points elsewhere: Is a directory\n"
    )
    assert [path.name for path in link(tmp_path).parent.iterdir()] == ["current"]


def test_a_file_in_the_way_is_told_and_stops_nothing(
    tmp_path: Path, console: Console, told: io.StringIO
) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/wpdeploy").write_text("a file")
    current.switch(bundle(tmp_path, "d-1"), console)
    assert "still points elsewhere" in told.getvalue()
    assert (tmp_path / "opt/wpdeploy").read_text() == "a file"
