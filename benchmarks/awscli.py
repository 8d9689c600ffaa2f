"""The `aws` command, in a virtual environment of its own: it pins another botocore than wpdeploy's.

Made once, in the user's cache, from awscli.lock.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_LOCK = Path(__file__).with_name("awscli.lock")


def programs(python: Path) -> Path:
    """The directory with the `aws` of the lock, run by this interpreter."""
    name = hashlib.sha256(_LOCK.read_bytes() + bytes(python)).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wpdeploy" / "bench"
    made = cache / f"awscli-{name}"
    if not made.exists():
        # Its scripts hold its path: it is made in its place, and goes again if that fails.
        try:
            _make(made, python)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return made / "bin"


def _make(directory: Path, python: Path) -> None:
    subprocess.run([python, "-m", "venv", directory], check=True)
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    pip = str(directory / "bin" / "pip")
    subprocess.run([pip, "install", *options, "--requirement", str(_LOCK)], check=True)
