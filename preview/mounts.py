"""What of sources/ is laid over the image's wp-content, so that an edit shows on reload."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CONTENT = "/var/www/html/wp-content"


class Mount(NamedTuple):
    """A file or directory of sources/; one that was made anew has another identity."""

    path: Path
    inside: str
    identity: tuple[int, int]

    @property
    def option(self) -> str:
        """As podman and docker take it."""
        return f"--volume={self.path}:{self.inside}:ro"


def mounts(content: Path) -> tuple[Mount, ...]:
    """All of sources/wp-content. Themes one by one: the image has others beside them."""
    return tuple(_mounts(content, content))


def _mounts(directory: Path, content: Path) -> Iterator[Mount]:
    if not directory.is_dir():
        return
    for path in sorted(directory.iterdir()):
        if path.name.startswith("."):
            continue
        if path == content / "themes":
            yield from _mounts(path, content)
            continue
        try:
            found = path.stat()
        except FileNotFoundError:  # it went this very moment, or is a link to nothing
            continue
        inside = f"{CONTENT}/{path.relative_to(content).as_posix()}"
        yield Mount(path, inside, (found.st_dev, found.st_ino))


def here(text: str, content: Path) -> str:
    """A file's place in the image as its place in sources/, if it comes from there."""
    inside = text.removeprefix(f"{CONTENT}/")
    path = content / inside
    return os.path.relpath(path, content.parent.parent) if path.exists() else text
