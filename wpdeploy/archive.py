"""A directory as a ZIP file: the same files make the same bytes."""

import stat
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_UNIX = 3
# The first moment that the format knows.
_TIME = (1980, 1, 1, 0, 0, 0)


def write(directory: Path, file: Path) -> None:
    """Write the files below the directory, sorted by name, each with its mode and no time."""
    names = {path.relative_to(directory).as_posix(): path for path in _files(directory)}
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(names.items()):
            entry = ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = (stat.S_IFREG | stat.S_IMODE(path.stat().st_mode)) << 16
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


def top(file: Path) -> set[str]:
    """The names at the top of a ZIP file; BadZipFile, a ValueError or OSError for what is none."""
    with ZipFile(file) as archive:
        return {name.partition("/")[0] for name in archive.namelist()}


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]
