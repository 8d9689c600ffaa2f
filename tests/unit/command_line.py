"""`main` run in the test's own process, on a bundle with one deployment group, Test."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from wpdeploy import cli
from wpdeploy.cli import Invocation
from wpdeploy.report import Report
from wpdeploy.steps import cleanup

Step = Callable[[Invocation], Report]


class Ended(NamedTuple):
    """How the command ended: its exit code, and what it printed."""

    code: int
    output: str

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()

    @property
    def told(self) -> str:
        """The output as one line, however it was wrapped."""
        return " ".join(self.output.split())

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.output)
        return found


class CommandLine:
    """Runs commands on a bundle of its own."""

    def __init__(self, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        environments = bundle / "k8s" / "environments"
        environments.mkdir(parents=True)
        (environments / "Test.yaml").touch()
        monkeypatch.setattr(cli, "BUNDLE", bundle)
        self._monkeypatch = monkeypatch
        self._environ = {"WPDEPLOY_ROOT": str(bundle)}

    def __call__(self, *argv: str, step: Step | None = None, **environ: str) -> Ended:
        """Run the command; `step` is what `cleanup` does instead of its own work."""
        if step:
            self._monkeypatch.setattr(cleanup, "run", step)
        stream = io.StringIO()
        code = cli.main(argv, self._environ | environ, stream)
        return Ended(code, stream.getvalue())
