"""runtime.lock and requirements.lock: the same versions, by hash."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
_PIN = re.compile(
    r"^([\w.-]+)==(\S+)(?: ; .*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)
LOCKS = ("requirements.lock", "runtime.lock", "benchmarks/awscli.lock")


def pins(name: str) -> dict[str, tuple[str, str]]:
    """The version and the hashes of each package."""
    found = _PIN.findall((ROOT / name).read_text())
    return {package: (version, hashes) for package, version, hashes in found}


def test_what_is_tested_is_what_a_bundle_has() -> None:
    assert pins("runtime.lock").items() <= pins("requirements.lock").items()


def test_a_bundle_has_what_the_project_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^\w-]", wanted)[0] for wanted in project["dependencies"]}
    assert names <= pins("runtime.lock").keys()


def test_a_bundle_has_nothing_of_the_tests() -> None:
    assert not pins("runtime.lock").keys() & {"pytest", "moto", "cryptography", "mypy"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_by_hash(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert len([line for line in lines if "==" in line]) == len(pins(name)) > 0


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry(name: str) -> None:
    assert "://" not in (ROOT / name).read_text()
