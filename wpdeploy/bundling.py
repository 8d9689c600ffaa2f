"""The bundle: the directory that becomes CodeDeploy's archive.

    appspec.yml hooks/ k8s/    as in the checkout
    release.json               the image, and where it comes from
    wpdeploy/                  the package, byte-compiled
    lib/python3.X/             its dependencies, as runtime.py makes them

A file that is hidden stays behind: an editor may have left it.
"""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from wpdeploy import release as releases
from wpdeploy import runtime as runtimes
from wpdeploy.errors import ConfigurationError
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

LOCK = "runtime.lock"
_TREES = ("hooks", "k8s", "wpdeploy")
_PARTS = {*_TREES, "appspec.yml", "lib", "release.json"}


def make(source: Path, output: Path, release: Release, runtime: Runtime, cache: Path) -> None:
    """Make a bundle of the checkout `source`; an earlier bundle at `output` is replaced.

    `output` is written whole or not at all. Raises ConfigurationError.
    """
    _check_source(source)
    try:
        _check_output(output)
        lib = runtimes.cached(source / LOCK, runtime, cache)
        output.parent.mkdir(parents=True, exist_ok=True)
        # A bundle that is made is a success, even if the earlier one cannot be removed.
        with TemporaryDirectory(
            prefix=f".{output.name}.", dir=output.parent, ignore_cleanup_errors=True
        ) as temporary:
            made = Path(temporary, "made")
            _fill(made, source, release, runtime, lib)
            if output.exists():
                output.rename(Path(temporary, "earlier"))
            made.rename(output)
    except shutil.Error as error:  # of many files: the first of them
        _, to, why = error.args[0][0]
        raise ConfigurationError(str(to), f"cannot be written: {why}") from error
    except OSError as error:
        where = str(error.filename or output)
        raise ConfigurationError(where, f"cannot be written: {error.strerror}") from error


def _fill(made: Path, source: Path, release: Release, runtime: Runtime, lib: Path) -> None:
    made.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", ".*")
    for name in _TREES:
        shutil.copytree(source / name, made / name, ignore=unwanted)
    shutil.copy(source / "appspec.yml", made)
    runtimes.byte_compile(made / "wpdeploy", runtime.python)
    shutil.copytree(lib, made / "lib" / f"python{runtime.python}")
    (made / "release.json").write_text(releases.text(release))


def _check_source(source: Path) -> None:
    missing = [name for name in ("appspec.yml", *_TREES, LOCK) if not (source / name).exists()]
    if missing:
        problems = [f"there is no {name}" for name in missing]
        raise ConfigurationError(str(source), problems, "make bundles in a checkout of the project")


def _check_output(output: Path) -> None:
    """What is there is replaced, and must be nothing that anybody wants to keep."""
    found = {path.name for path in output.iterdir()} if output.is_dir() else None
    if os.path.lexists(output) and found not in (_PARTS, set()):
        hint = "remove it, or name another directory"
        raise ConfigurationError(str(output), "exists and is no bundle", hint)
