"""The templates, and the programs that look at them: each in an environment of its own lock."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import locked
from sandbox import cloudformation

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = {name: ROOT / "cloudformation" / f"{name}.yml" for name in ("pipeline", "environment")}


def programs(lock: str) -> Path:
    """Where the programs of a lock file are, installed on first use."""
    return locked.programs(ROOT / "cloudformation" / lock, Path(sys.executable))


@pytest.fixture(scope="session")
def templates() -> Mapping[str, Mapping[str, Any]]:
    return {name: cloudformation.load(file) for name, file in TEMPLATES.items()}
