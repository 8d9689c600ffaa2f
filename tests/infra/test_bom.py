"""The bill of materials of a bundle, held against CycloneDX's own schema."""

import json
import os
import subprocess
from pathlib import Path

from tests.infra.conftest import ROOT, programs
from wpdeploy import bundling, runtime, sbom
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

RELEASE = Release(
    f"registry.example/wordpress:v1@sha256:{'a' * 64}",
    "c0ffee",
    "wp:1",
    "2026-11-20T10:00:00Z",
    versions={"wpdeploy": "0.1.0"},
)
# Of the package that checkov brings.
_CHECK = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""


def complaint(text: str) -> str:
    """What the schema has against it; `None` where it has nothing."""
    python = programs("lint.lock") / "python"
    command = [str(python), "-c", _CHECK]
    ended = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    return ended.stdout.splitlines()[0]


def test_it_is_valid_and_one_that_is_not_would_be_told() -> None:
    cache = runtime.cache_directory(os.environ)
    lib: Path = runtime.cached(ROOT / bundling.LOCK, Runtime.here(), cache)
    made = sbom.text(RELEASE, lib)
    assert complaint(made) == "None"
    assert len(json.loads(made)["components"]) > 15
    assert complaint(made.replace('"library"', '"libary"')) != "None"
