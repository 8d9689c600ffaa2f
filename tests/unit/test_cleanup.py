"""The last five earlier deployments keep their state; older ones lose it, and nothing else goes."""

import argparse
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.wire import FakeClock
from wpdeploy.cli import Invocation
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError, Exit
from wpdeploy.report import Console, Report
from wpdeploy.steps import cleanup

OWN = "d-own"
NOBODY = 65534


def run(root: Path, told: io.StringIO | None = None) -> Report:
    context = DeploymentContext("Test", OWN, root / "bundle", root, root / "release.json")
    clock = FakeClock()
    console = Console(told or io.StringIO(), clock, as_json=False)
    return cleanup.run(Invocation(context, {}, console, clock, argparse.Namespace(), ExitStack()))


@pytest.fixture
def group(tmp_path: Path) -> Path:
    directory = tmp_path / "var/lib/wpdeploy/Test"
    directory.mkdir(parents=True)
    return directory


def left_by(group: Path, *names: str) -> None:
    """Make the deployments' directories, each a second older than the one before."""
    for age, name in enumerate(names):
        directory = group / name
        directory.mkdir(parents=True)
        (directory / "deployment.json").write_text("{}")
        os.utime(directory, (1_000_000 - age, 1_000_000 - age))


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_the_link_to_a_bundle_is_there_from_the_first_deployment_on(tmp_path: Path) -> None:
    (tmp_path / "bundle/lib").mkdir(parents=True)
    run(tmp_path)
    assert (tmp_path / "opt/wpdeploy/current").readlink() == tmp_path / "bundle"


def test_the_last_five_are_kept(tmp_path: Path, group: Path) -> None:
    # By name the oldest would be the newest: only the time counts.
    left_by(group, "d-1", "d-2", "d-3", "d-4", "d-5", "d-6", "d-7", "d-8")
    assert run(tmp_path) == Report(
        Exit.SUCCESS,
        f"removed 3 earlier deployments from {group}, kept 5",
        data={"removed": ["d-6", "d-7", "d-8"]},
    )
    assert names(group) == {"d-1", "d-2", "d-3", "d-4", "d-5"}


@pytest.mark.parametrize("count", range(6))
def test_five_are_not_too_many(tmp_path: Path, group: Path, count: int) -> None:
    left_by(group, *[f"d-{number}" for number in range(count)])
    assert run(tmp_path) == Report(
        Exit.SUCCESS,
        f"removed 0 earlier deployments from {group}, kept {count}",
        data={"removed": []},
    )
    assert len(names(group)) == count


def test_the_deployments_own_directory_is_kept_however_old(tmp_path: Path, group: Path) -> None:
    left_by(group, "d-1", "d-2", "d-3", "d-4", "d-5", OWN)
    assert run(tmp_path).data == {"removed": []}
    assert OWN in names(group)


def test_the_deployments_own_directory_is_not_one_of_the_five(tmp_path: Path, group: Path) -> None:
    left_by(group, OWN, "d-1", "d-2", "d-3", "d-4", "d-5", "d-6")
    assert run(tmp_path).data == {"removed": ["d-6"]}


def test_another_group_is_left_alone(tmp_path: Path, group: Path) -> None:
    other = group.parent / "Production"
    left_by(other, *[f"d-{number}" for number in range(9)])
    run(tmp_path)
    assert len(names(other)) == 9


def test_files_and_links_are_left_alone_and_not_counted(tmp_path: Path, group: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    left_by(elsewhere, "precious")
    left_by(group, "d-1", "d-2", "d-3", "d-4", "d-5", "d-6")
    for number in range(6):
        (group / f"link-{number}").symlink_to(elsewhere / "precious")
        (group / f"file-{number}").write_text("notes of an operator")
    assert run(tmp_path).data == {"removed": ["d-6"]}
    assert len(names(group)) == 5 + 6 + 6
    assert names(elsewhere / "precious") == {"deployment.json"}


def test_a_link_inside_of_what_is_removed_is_not_followed(tmp_path: Path, group: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    left_by(elsewhere, "precious")
    left_by(group, "d-1", "d-2", "d-3", "d-4", "d-5", "d-6")
    (group / "d-6" / "link").symlink_to(elsewhere / "precious")
    os.utime(group / "d-6", (1, 1))
    assert run(tmp_path).data == {"removed": ["d-6"]}
    assert names(elsewhere / "precious") == {"deployment.json"}


def test_before_the_first_deployment_there_is_nothing_to_do(tmp_path: Path) -> None:
    group = tmp_path / "var/lib/wpdeploy/Test"
    sentence = f"removed 0 earlier deployments from {group}, kept 0"
    assert run(tmp_path) == Report(Exit.SUCCESS, sentence, data={"removed": []})


def test_a_group_that_is_no_directory_is_an_error(tmp_path: Path, group: Path) -> None:
    group.rmdir()
    group.write_text("")
    with pytest.raises(ConfigurationError) as caught:
        run(tmp_path)
    assert str(caught.value) == f"{group}: cannot be read: Not a directory"


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A directory of somebody who may not do everything, as root may."""
    with tempfile.TemporaryDirectory() as directory:
        before = os.geteuid()
        if before == 0:
            os.chown(directory, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield Path(directory)
        os.seteuid(before)


def test_what_cannot_be_removed_is_told_and_left(unprivileged: Path) -> None:
    group = unprivileged / "var/lib/wpdeploy/Test"
    left_by(group, "d-1", "d-2", "d-3", "d-4", "d-5", "d-6", "d-7")
    (group / "d-6").chmod(0o500)
    told = io.StringIO()
    assert run(unprivileged, told) == Report(
        Exit.SUCCESS,
        f"removed 1 earlier deployments from {group}, kept 6",
        data={"removed": ["d-7"]},
    )
    assert told.getvalue() == f"    0.0 s  {group}/d-6 cannot be removed: Permission denied\n"
    assert names(group) == {"d-1", "d-2", "d-3", "d-4", "d-5", "d-6"}
    assert names(group / "d-6") == {"deployment.json"}


def test_a_group_that_cannot_be_read_is_an_error(unprivileged: Path) -> None:
    group = unprivileged / "var/lib/wpdeploy/Test"
    left_by(group, "d-1")
    group.chmod(0)
    with pytest.raises(ConfigurationError) as caught:
        run(unprivileged)
    group.chmod(0o700)
    assert str(caught.value) == f"{group}: cannot be read: Permission denied"
