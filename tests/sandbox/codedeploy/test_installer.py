from pathlib import Path

import pytest

from sandbox.codedeploy.appspec import AppSpec, FileExistsBehavior, FileMapping
from sandbox.codedeploy.installer import InstallError, install
from tests.sandbox.codedeploy.archives import unpacked

DISALLOW, OVERWRITE, RETAIN = FileExistsBehavior


class Host:
    """A host with nothing on it, and an archive of three files."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "host"
        self.record = directory / "cleanup"
        files = {"a.sh": "new", "site/b": "new", "site/deep/c": "new"}
        self.archive = unpacked(directory / "archive", files)

    def install(self, *files: tuple[str, str], behavior: FileExistsBehavior = DISALLOW) -> None:
        mappings = tuple(FileMapping(source, destination) for source, destination in files)
        install(AppSpec({}, mappings, behavior), self.archive, self.root, self.record)

    def files(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.root)): path.read_text()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


ALL = {"opt/a.sh": "new", "opt/site/b": "new", "opt/site/deep/c": "new"}


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ("a.sh", "/opt/app", {"opt/app/a.sh": "new"}),
        ("a.sh", "/opt/a.sh", {"opt/a.sh/a.sh": "new"}),
        ("/site/deep", "/opt/app/", {"opt/app/c": "new"}),
        ("site", "opt", {"opt/b": "new", "opt/deep/c": "new"}),
        ("/", "/opt", ALL),
        (".", "//opt/x/..", ALL),
        ("a.sh", "/../../opt", {"opt/a.sh": "new"}),
    ],
)
def test_a_destination_is_a_directory_below_the_hosts_root(
    host: Host, source: str, destination: str, expected: dict[str, str]
) -> None:
    host.install((source, destination))
    assert host.files() == expected


def test_modes_and_links_are_kept(host: Host) -> None:
    (host.archive / "site" / "link").symlink_to("b")
    host.install(("/", "/opt"))
    assert (host.root / "opt" / "a.sh").stat().st_mode & 0o777 == 0o755
    assert (host.root / "opt" / "site" / "link").readlink() == Path("b")


def test_the_previous_versions_files_and_directories_are_removed(host: Host) -> None:
    host.install(("/", "/opt/site"))
    host.install(("a.sh", "/srv"))
    assert host.files() == {"srv/a.sh": "new"}
    assert not (host.root / "opt").exists()


def test_a_directory_that_others_use_stays(host: Host) -> None:
    host.install(("/", "/opt"))
    unpacked(host.root, {"opt/site/own": "own"})
    host.install()
    assert host.files() == {"opt/site/own": "own"}


def test_disallow_fails_after_the_previous_versions_files_were_removed(host: Host) -> None:
    host.install(("a.sh", "/opt"))
    unpacked(host.root, {"srv/b": "own"})
    with pytest.raises(InstallError, match=r"files: .*/srv/b exists already, and .* is DISALLOW"):
        host.install(("a.sh", "/opt"), ("site", "/srv"))
    assert host.files() == {"srv/b": "own"}


def test_what_overwrite_replaced_is_removed_by_the_next_deployment(host: Host) -> None:
    unpacked(host.root, {"srv/b": "own"})
    host.install(("site", "/srv"), behavior=OVERWRITE)
    assert host.files() == {"srv/b": "new", "srv/deep/c": "new"}
    host.install()
    assert host.files() == {}


def test_retain_leaves_the_file_that_is_there(host: Host) -> None:
    unpacked(host.root, {"srv/b": "own"})
    for _ in range(2):
        host.install(("site", "/srv"), behavior=RETAIN)
        assert host.files() == {"srv/b": "own", "srv/deep/c": "new"}


def test_the_same_again_is_no_conflict(host: Host) -> None:
    for _ in range(2):
        host.install(("/", "/opt"))
        assert host.files() == ALL


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ([("a.sh", "/opt"), ("a.sh", "/opt/")], "opt/a.sh"),
        ([("site", "/opt"), ("a.sh", "/opt/b")], "opt/b"),
        ([("a.sh", "/opt/b"), ("site", "/opt")], "opt/b"),
    ],
)
def test_two_that_cannot_both_be_are_refused(
    host: Host, files: list[tuple[str, str]], target: str
) -> None:
    with pytest.raises(InstallError, match=f"two entries would make .*/{target}$"):
        host.install(*files)


def test_a_source_that_is_not_there(host: Host) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        host.install(("none", "/opt"))
