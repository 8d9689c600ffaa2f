"""Programs of PyPI: a virtual environment for each lock file, made once in the user's cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_COMPLETE = "complete"


def cache() -> Path:
    """Where benchmarks keep the programs that they compare with."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "wpdeploy", "bench")


def programs(lock: Path, python: Path) -> Path:
    """The directory with the programs of a lock file, run by this interpreter."""
    python = python.resolve()  # not the link to it in somebody's virtual environment
    name = hashlib.sha256(lock.read_bytes() + bytes(python)).hexdigest()[:12]
    made = cache() / f"{lock.stem}-{name}"
    cache().mkdir(parents=True, exist_ok=True)
    with made.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # who comes second finds it made
        if not (made / _COMPLETE).exists():
            # Its scripts hold its path: it is made in its place.
            shutil.rmtree(made, ignore_errors=True)
            _make(made, lock, python)
            (made / _COMPLETE).touch()
    return made / "bin"


def _make(directory: Path, lock: Path, python: Path) -> None:
    subprocess.run([python, "-m", "venv", directory], check=True)
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    pip = str(directory / "bin" / "pip")
    subprocess.run([pip, "install", *options, "--requirement", str(lock)], check=True)
