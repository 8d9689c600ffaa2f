"""The runtime of a bundle: wpdeploy's dependencies, for one Python and one kind of machine.

pip installs them from runtime.lock, by hash and as wheels alone; they are trimmed to what is used
and byte-compiled, and their sources left out: a quarter of the bundle that nobody would run. The
result depends on the lock, the Python, the machine and the code here, and on nothing else: it is
made once and kept in a cache.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from wpdeploy import files, host, sbom, trimming
from wpdeploy.errors import ConfigurationError

# The platform tags of the wheels for a bastion: Linux with host.GLIBC or newer.
_GLIBC = ("manylinux_2_17", "manylinux2014", "manylinux_2_28")
_TAGS = {machine: [f"{tag}_{machine}" for tag in _GLIBC] for machine in ("x86_64", "aarch64")}
_RUNNING = "{}.{}".format(*sys.version_info)


@dataclass(frozen=True)
class Runtime:
    """What a bundle is made for: the version of CPython, as in 3.11, and the machine."""

    python: str
    platform: str

    @property
    def lib(self) -> str:
        """The directory of a bundle's lib/ that has it."""
        return host.lib_name(self.python, self.platform)

    @classmethod
    def here(cls) -> Self:
        """That of this process."""
        return cls(_RUNNING, platform.machine())


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where runtimes are kept, as the XDG base directories say."""
    base = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home(), ".cache")
    return Path(base, "wpdeploy", "runtime")


def cached(lock: Path, runtime: Runtime, cache: Path) -> Path:
    """The directory of the runtime in the cache, made now if it is not there yet."""
    try:
        locked = files.read_text(lock)
    except ValueError as error:
        raise ConfigurationError(lock.name, str(error), "`make lock` makes it") from None
    kept = cache / _key(locked, runtime)
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".making.", dir=cache) as temporary:
            made, report = Path(temporary, "lib"), Path(temporary, "report.json")
            _install(lock, runtime, made, report)
            (made / sbom.WHEELS).write_text(_wheels(report.read_text()))
            trimming.trim(made)
            byte_compile(made, runtime.python, "-b")
            trimming.drop_sources(made)
            _keep(made, kept)
    return kept


def byte_compile(directory: Path, python: str, *more: str) -> None:
    """Compile the modules below; the result knows no time and no path of this machine.

    `more` options of compileall: with -b a module needs its source no more.
    """
    options = ("-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(directory), *more)
    command = (_interpreter(python), "-P", "-S", "-m", "compileall", *options, str(directory))
    # The order of a set, which could reach the result, hangs on the hashes.
    environ = {name: value for name, value in os.environ.items() if name[:6] != "PYTHON"}
    problem = f"cannot compile for Python {python}"
    hint = f"check that `python{python} -m compileall` works"
    _call(directory.name, command, problem, hint, environ | {"PYTHONHASHSEED": "0"})


def _key(locked: str, runtime: Runtime) -> str:
    code = Path(__file__).read_text() + Path(trimming.__file__).read_text()
    return hashlib.sha256("\0".join((*astuple(runtime), locked, code)).encode()).hexdigest()[:32]


def _keep(made: Path, kept: Path) -> None:
    try:
        made.rename(kept)
    except OSError:
        # Another process was faster, with the same result.
        if not kept.is_dir():
            raise


def _wheels(report: str) -> str:
    """The hash of each wheel that pip has installed, by its package."""
    hashes = {
        item["metadata"]["name"]: item["download_info"]["archive_info"]["hashes"]["sha256"]
        for item in json.loads(report)["install"]
    }
    return json.dumps(hashes, indent=0, sort_keys=True) + "\n"


def _install(lock: Path, runtime: Runtime, directory: Path, report: Path) -> None:
    _interpreter(runtime.python)  # better missed before the minute that pip may take
    options = [
        *("--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"),
        *("--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--implementation=cp", f"--python-version={runtime.python}"),
        # For a machine that is no bastion, like a developer's, pip knows the tags.
        *(f"--platform={tag}" for tag in _TAGS.get(runtime.platform, ())),
        *("--target", str(directory), "--requirement", str(lock), "--report", str(report)),
    ]
    problem = f"pip cannot install it for Python {runtime.python} on {runtime.platform}"
    hint = "check the route to PyPI, or pip's configuration"
    command = (sys.executable, "-m", "pip", "install", *options)
    _call(lock.name, command, problem, hint, os.environ)


def _interpreter(python: str) -> str:
    if python == _RUNNING:
        return sys.executable
    found = shutil.which(f"python{python}")
    if not found:
        hint = f"install python{python}: only the interpreter of that version can byte-compile"
        raise ConfigurationError(f"python{python}", "is not on the PATH", hint)
    return found


def _call(
    where: str, command: Sequence[str], problem: str, hint: str, environ: Mapping[str, str]
) -> None:
    ended = subprocess.run(  # noqa: S603  # pip and compileall, with options of ours
        command, env=environ, capture_output=True, text=True, errors="replace", check=False
    )
    if ended.returncode:
        said = ended.stdout + ended.stderr
        # Of pip's errors the first one is the cause.
        cause = re.search(r"^ERROR: (.*)", said, re.MULTILINE)
        reason = cause[1] if cause else " ".join(said.split()) or f"exit code {ended.returncode}"
        raise ConfigurationError(where, f"{problem}: {reason}", hint)
