"""A small checkout to make bundles of, and wheels that pip finds without a network."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

DOCKERFILE = "# syntax\nARG WORDPRESS_VERSION=6.9.4\nFROM scratch\nARG WORDPRESS_VERSION\n"
FILES = {
    "appspec.yml": "version: 0.0\n",
    "hooks/run": "#!/bin/sh\n",
    "k8s/environments/Test.yaml": "namespace: blog\n",
    "k8s/wordpress/service.yaml.j2": "kind: Service\n",
    "wpdeploy/__init__.py": "",
    "wpdeploy/steps/render.py": "STEP = 'render'\n",
}
SAMPLE = {
    "sample/__init__.py": "KINDS = frozenset({'a', 'b', 'c', 'd'})\n",
    "sample/py.typed": "",
    "sample-1.0.data/scripts/sample": "#!python\n",
    "sample-1.0.dist-info/licenses/LICENSE": "as you like\n",
}


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Write the files, each with the directories that it needs."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def make_checkout(directory: Path, wheel: Path) -> Path:
    """A checkout whose one dependency is the wheel."""
    write(directory, {**FILES, "build/Dockerfile": DOCKERFILE})
    lock(directory / "runtime.lock", wheel)
    return directory


def make_wheel(
    directory: Path, tag: str = "py3-none-any", files: Mapping[str, str] = SAMPLE
) -> Path:
    """The wheel of version 1.0 of `sample`; the same files make the same bytes."""
    info = {
        "METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n",
        "WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        "RECORD": "",
    }
    path = directory / f"sample-1.0-{tag}.whl"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {
            **files,
            **{f"sample-1.0.dist-info/{name}": text for name, text in info.items()},
        }.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


def lock(path: Path, *wheels: Path) -> Path:
    """A lock of these wheels."""
    hashes = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
    path.write_text(" ".join(["sample==1.0", *(f"--hash=sha256:{found}" for found in hashes)]))
    return path


def offline(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """Have pip find these wheels and no others."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


def content(directory: Path) -> dict[str, bytes]:
    """Every file below, by its relative path."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}
