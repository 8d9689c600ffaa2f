"""Archives for the tests: files and modes as they are named, in a directory or in a zip file."""

import stat
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile, ZipInfo

HEAD = "version: 0.0\nos: linux\n"


def appspec(*events: str, timeout: int = 60) -> str:
    """One hook for each event, hooks/<event>."""
    hooks = [f"  {name}: [{{location: hooks/{name}, timeout: {timeout}}}]\n" for name in events]
    return HEAD + "hooks:\n" + "".join(hooks)


def archive(**scripts: str) -> dict[str, str]:
    """An appspec.yml and a shell script for each event."""
    files = {f"hooks/{event}": f"#!/bin/sh\n{script}\n" for event, script in scripts.items()}
    return {"appspec.yml": appspec(*scripts), **files}


def unpacked(directory: Path, files: Mapping[str, str], mode: int = 0o755) -> Path:
    """Write the files, all with this mode."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(mode)
    return directory


def zipped(
    file: Path, files: Mapping[str, str], mode: int = 0o755, links: Mapping[str, str] | None = None
) -> Path:
    """Write a zip file of them, all with this mode, and of symbolic links."""
    with ZipFile(file, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(_entry(name, stat.S_IFREG | mode), text)
        for name, target in (links or {}).items():
            bundle.writestr(_entry(name, stat.S_IFLNK | 0o777), target)
    return file


def _entry(name: str, mode: int) -> ZipInfo:
    entry = ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry
