"""Unpacks a revision as the agent's `unzip` does: with its modes and symbolic links."""

import shutil
import stat
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from sandbox.codedeploy.appspec import NAME


def unpack(bundle: Path, archive: Path) -> None:
    """Unpack the bundle, in place of what an earlier attempt left."""
    shutil.rmtree(archive, ignore_errors=True)
    archive.mkdir(parents=True)
    with ZipFile(bundle) as zipped:
        entries = [(info, Path(zipped.extract(info, archive))) for info in zipped.infolist()]
    # Backwards: what is in a directory comes after it, and its mode may forbid to enter it.
    for info, path in reversed(entries):
        _restore(info, path)
    _strip_only_directory(archive)


def _restore(info: ZipInfo, path: Path) -> None:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        target = path.read_text()
        path.unlink()
        path.symlink_to(target)
    elif mode:
        path.chmod(mode & 0o777)


def _strip_only_directory(archive: Path) -> None:
    """An archive of one directory that has the appspec.yml is that directory."""
    entries = list(archive.iterdir())
    if len(entries) == 1 and entries[0].is_dir() and (entries[0] / NAME).exists():
        aside = archive.with_name(f"{archive.name}-temp")
        entries[0].rename(aside)
        archive.rmdir()
        aside.rename(archive)
