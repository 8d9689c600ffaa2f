"""Install: removes what the previous revision installed, then copies what `files` names."""

import posixpath
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sandbox.codedeploy.appspec import AppSpec, FileExistsBehavior, FileMapping


class InstallError(Exception):
    """`files` cannot be installed."""


# By destination: the file that is copied there, or nothing where a directory is made.
_Plan = dict[Path, Path | None]


def install(spec: AppSpec, archive: Path, host: Path, record: Path) -> None:
    """Copy the files below `host`, which stands for the root of the host's file system.

    What was made is written into `record`, for the next deployment to remove: also a file that was
    there before and was overwritten. It is removed before anything is found wrong with `files`.
    """
    _remove(record)
    host.mkdir(parents=True, exist_ok=True)
    plan: _Plan = {}
    for mapping in spec.files:
        _add(plan, mapping, archive, host, spec.file_exists_behavior)
    with record.open("w", encoding="utf-8") as made:
        for target, source in plan.items():
            made.write(f"{target}\n")
            if source is None:
                target.mkdir()
            else:
                shutil.copy2(source, target, follow_symlinks=False)


def _remove(record: Path) -> None:
    with suppress(FileNotFoundError):
        for line in reversed(record.read_text(encoding="utf-8").splitlines()):
            _remove_one(Path(line))
        record.unlink()


def _remove_one(path: Path) -> None:
    if _is_directory(path):
        # Others may have put something into it.
        with suppress(OSError):
            path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _add(
    plan: _Plan, mapping: FileMapping, archive: Path, host: Path, behavior: FileExistsBehavior
) -> None:
    source = archive / mapping.source.lstrip("/")
    # `..` leads no higher than the root, as on a host.
    inside = posixpath.normpath(f"/{mapping.destination.lstrip('/')}").lstrip("/")
    target = host / inside
    if not _is_directory(source):
        target /= source.name
    for parent in reversed(target.parents):
        if parent.is_relative_to(host):
            _plan_directory(plan, parent)
    for found, place in _tree(source, target):
        if _is_directory(found):
            _plan_directory(plan, place)
        else:
            _plan_file(plan, found, place, behavior)


def _tree(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    yield source, target
    if _is_directory(source):
        for path in sorted(source.iterdir()):
            yield from _tree(path, target / path.name)


def _plan_directory(plan: _Plan, target: Path) -> None:
    if plan.get(target):
        raise InstallError(f"files: two entries would make {target}")
    if not target.is_dir():
        plan.setdefault(target, None)


def _plan_file(plan: _Plan, source: Path, target: Path, behavior: FileExistsBehavior) -> None:
    if target in plan:
        raise InstallError(f"files: two entries would make {target}")
    if target.exists() and behavior is FileExistsBehavior.DISALLOW:
        raise InstallError(
            f"files: {target} exists already, and file_exists_behavior is {behavior}"
        )
    if not (target.exists() and behavior is FileExistsBehavior.RETAIN):
        plan[target] = source


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
