"""The bundle: the directory, or the ZIP file, that becomes CodeDeploy's archive.

    appspec.yml hooks/ k8s/    as in the checkout
    release.json               the image, and where it comes from
    bom.json                   what all of it is made of
    wpdeploy/                  the package, byte-compiled
    lib/python3.X-MACHINE/     its dependencies, as runtime.py makes them

What editors, patches and interpreters leave in a checkout stays behind, and so do the modes of its
files, which hang on somebody's umask.
"""

import dataclasses
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile

from wpdeploy import __version__, archive, sbom
from wpdeploy import release as releases
from wpdeploy import runtime as runtimes
from wpdeploy.errors import ConfigurationError
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

LOCK = "runtime.lock"
# The files of each tree, by their names.
_TREES = {
    "hooks": re.compile(r"[A-Za-z]+"),
    "k8s": re.compile(r"[^.#].*\.(ya?ml|j2)"),
    "wpdeploy": re.compile(r"\w+\.py"),
}
_PARTS = {*_TREES, "appspec.yml", "bom.json", "lib", "release.json"}
_SURE_SIGNS = {"appspec.yml", "release.json"}
_WORDPRESS = re.compile(r"^ARG WORDPRESS_VERSION=(\S+)$", re.MULTILINE)


def make(source: Path, output: Path, release: Release, runtime: Runtime, cache: Path) -> None:
    """Make a bundle of the checkout `source`, as a ZIP file if `output` is called so.

    An earlier bundle at `output` is replaced. It is written whole or not at all. Raises
    ConfigurationError.
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
            if _is_zip(output):
                made = made.with_suffix(".zip")
                archive.write(made.with_suffix(""), made)
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
    for name, wanted in _TREES.items():
        tree = source / name, made / name
        shutil.copytree(*tree, ignore=_all_but(wanted), copy_function=shutil.copyfile)
    shutil.copyfile(source / "appspec.yml", made / "appspec.yml")
    runtimes.byte_compile(made / "wpdeploy", runtime.python)
    shutil.copytree(lib, made / "lib" / runtime.lib)
    complete = dataclasses.replace(release, versions=_versions(source, runtime))
    (made / "release.json").write_text(releases.text(complete))
    (made / "bom.json").write_text(sbom.text(complete, lib))
    _set_modes(made)


def _all_but(wanted: re.Pattern[str]) -> Callable[[str, list[str]], list[str]]:
    def unwanted(directory: str, names: Sequence[str]) -> list[str]:
        return [name for name in names if not (wanted.fullmatch(name) or _is_tree(directory, name))]

    return unwanted


def _is_tree(directory: str, name: str) -> bool:
    return name[0] != "." and name != "__pycache__" and Path(directory, name).is_dir()


def _versions(source: Path, runtime: Runtime) -> dict[str, str]:
    """Those that somebody asks for; of WordPress if the checkout's Dockerfile says it."""
    dockerfile = source / "build" / "Dockerfile"
    said = dockerfile.read_text(errors="replace") if dockerfile.is_file() else ""
    found = _WORDPRESS.search(said)
    wordpress = {"wordpress": found[1]} if found else {}
    return {"wpdeploy": __version__, **wordpress, **dataclasses.asdict(runtime)}


def _set_modes(made: Path) -> None:
    made.chmod(0o755)
    for path in made.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent == made / "hooks" else 0o644)


def _check_source(source: Path) -> None:
    missing = [name for name in ("appspec.yml", *_TREES, LOCK) if not (source / name).exists()]
    if missing:
        problems = [f"there is no {name}" for name in missing]
        raise ConfigurationError(str(source), problems, "make bundles in a checkout of the project")


def _check_output(output: Path) -> None:
    """What is there is replaced, and must be nothing that anybody wants to keep."""
    if os.path.lexists(output):
        found = _found(output)
        if found is None or (found and not _SURE_SIGNS <= found <= _PARTS):
            hint = "remove it, or name another place"
            raise ConfigurationError(str(output), "exists and is no bundle", hint)


def _found(output: Path) -> set[str] | None:
    """The names at the top of what is there; None for what is no bundle of that form."""
    if not _is_zip(output):
        return {path.name for path in output.iterdir()} if output.is_dir() else None
    if not output.is_file():
        return None
    try:
        return archive.top(output) if output.stat().st_size else set()
    except (BadZipFile, ValueError):
        return None


def _is_zip(output: Path) -> bool:
    return output.suffix.lower() == ".zip"
