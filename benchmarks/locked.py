"""Programs of PyPI: a virtual environment for each lock file, made once in the user's cache."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path


def cache() -> Path:
    """Where benchmarks keep the programs that they compare with."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "wpdeploy", "bench")


def programs(lock: Path, python: Path) -> Path:
    """The directory with the programs of a lock file, run by this interpreter."""
    name = hashlib.sha256(lock.read_bytes() + bytes(python)).hexdigest()[:12]
    made = cache() / f"{lock.stem}-{name}"
    if not made.exists():
        # Its scripts hold its path: it is made in its place, and goes again if that fails.
        try:
            _make(made, lock, python)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return made / "bin"


def _make(directory: Path, lock: Path, python: Path) -> None:
    subprocess.run([python, "-m", "venv", directory], check=True)
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    pip = str(directory / "bin" / "pip")
    subprocess.run([pip, "install", *options, "--requirement", str(lock)], check=True)
