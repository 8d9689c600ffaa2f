"""Unmounting what a node leaves in its directory."""

import subprocess
from pathlib import Path


def unmount_below(directory: Path) -> None:
    """Unmount everything below the directory, the innermost first."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    below = [path for path in mounted if Path(path).is_relative_to(directory)]
    for path in sorted(below, key=len, reverse=True):
        subprocess.run(["/usr/bin/umount", "--lazy", path], check=False, capture_output=True)
