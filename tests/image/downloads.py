"""What the image is built from in the tests, from Debian's archive: a base image, WordPress itself.

Both are kept in the user's cache. Which mirror is asked is what apt on this machine says.
"""

import hashlib
import os
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.image.engine import cache, locked

BASE_RELEASE = "trixie"
# Debian's releases with the WordPress that the tests install, and one to come from.
NEW, OLD = "trixie", "bookworm"
# On a mirror whose index is ahead of its files, the tarball of before, with its checksum.
_BEFORE = {
    "trixie": (
        "wordpress_6.8.7+dfsg1.orig.tar.xz",
        "052ab5d006571e9998919ebaf956b80a3342e5184b5a44fee65588ca34e88c5f",
    )
}


class Core(NamedTuple):
    """A tarball of WordPress's core."""

    version: str
    file: Path
    sha256: str


def base_tarball() -> Path:
    """A minimal Debian, which stands in for debian:trixie-slim of a registry."""
    target = cache() / f"{BASE_RELEASE}.tar"
    with locked(cache() / "base.lock"):
        if not target.exists():
            fresh = target.with_suffix(".new.tar")
            _run("mmdebstrap", "--quiet", "--variant=apt", BASE_RELEASE, str(fresh), _mirror())
            fresh.rename(target)
    return target


def core(release: str) -> Core:
    """The WordPress of a release of Debian; its tarball is the original one, repacked by Debian."""
    directory = cache() / f"wordpress-{release}"
    with locked(cache() / f"wordpress-{release}.lock"):
        if not list(directory.glob("*.orig.tar.xz")):
            _download(release, directory)
    file = next(directory.glob("*.orig.tar.xz"))
    version = file.name.removeprefix("wordpress_").split("+")[0]
    return Core(version, file, hashlib.sha256(file.read_bytes()).hexdigest())


def _download(release: str, directory: Path) -> None:
    (directory / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    sources, config = directory / "sources.list", directory / "apt.conf"
    sources.write_text(f"deb-src {_mirror()} {release} main\n")
    config.write_text(
        f'Dir::State::lists "{directory}/lists";\n'
        f'Dir::Etc::sourcelist "{sources}";\n'
        'Dir::Etc::sourceparts "-";\n'
        f'Dir::Cache "{directory}";\n'
        'APT::Sandbox::User "root";\n'
    )
    apt = {"APT_CONFIG": str(config)}
    _run("apt-get", "update", env=apt)
    arguments = ("--download-only", "--tar-only", "wordpress")
    try:
        _run("apt-get", "source", *arguments, cwd=directory, env=apt)
    except RuntimeError:
        if release not in _BEFORE:
            raise
        _fetch(directory, *_BEFORE[release])


def _fetch(directory: Path, name: str, sha256: str) -> None:
    """Take a tarball from the mirror by its name, whatever the index says."""
    url = f"{_mirror().rstrip('/')}/pool/main/w/wordpress/{name}"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  # what apt trusts
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RuntimeError(f"{url} is not the tarball that it was")
    (directory / name).write_bytes(content)


def _mirror() -> str:
    question = ("indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Component: main")
    here = "Codename: " + _run("sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"').strip()
    if not (answer := _run("apt-get", *question, here)):
        _run("apt-get", "update")
        answer = _run("apt-get", *question, here)
    return answer.splitlines()[0]


def _run(*command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout
