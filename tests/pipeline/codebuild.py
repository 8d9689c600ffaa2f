"""CodeBuild, as far as buildspec.yml is concerned: it runs the very commands of its phases.

As the version 0.2 says: all in one shell, where a command that fails ends its phase, and a phase
that fails ends the build, but for `build`, after which `post_build` runs all the same. Then what
the patterns name is collected.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
# What is known here; a key that is not is no longer run as CodeBuild runs it.
_KNOWN = {
    "": {"version", "env", "phases", "reports", "artifacts", "cache"},
    "env": {"shell", "variables", "exported-variables"},
    "phases": {*PHASES},
    "phase": {"runtime-versions", "commands"},
    "report": {"files", "base-directory", "file-format"},
    "artifacts": {"files", "base-directory"},
}
_SHELL = """\
export CODEBUILD_BUILD_SUCCEEDING=1
{phases}
env -0 >"$STATE/environ"
"""
_PHASE = """\
if [ $CODEBUILD_BUILD_SUCCEEDING = 1 ] || [ "$last {name}" = "build post_build" ]; then
    last={name}
    if {commands}; then
        echo {name} SUCCEEDED >>"$STATE/phases"
    else
        echo {name} FAILED >>"$STATE/phases"
        export CODEBUILD_BUILD_SUCCEEDING=0
    fi
fi
"""
_TIMEOUT = 600


@dataclass(frozen=True)
class Outcome:
    """What a build came to: each phase that ran, its log, what was exported and collected."""

    phases: Mapping[str, str]
    log: str
    exported: Mapping[str, str]
    reports: Mapping[str, Sequence[Path]]
    artifact: Path

    @property
    def succeeded(self) -> bool:
        """Whether no phase failed."""
        return "FAILED" not in self.phases.values()


@dataclass(frozen=True)
class Buildspec:
    """A buildspec.yml; what it has is checked, as whatever is not known would not be run."""

    document: Mapping[str, Any]

    @classmethod
    def read(cls, checkout: Path) -> "Buildspec":
        """That of a checkout."""
        document = yaml.safe_load((checkout / "buildspec.yml").read_text())
        assert document["version"] == 0.2
        assert document["env"]["shell"] == "bash"
        found = [("", document), ("env", document["env"]), ("phases", document["phases"])]
        found += [("phase", phase) for phase in document["phases"].values()]
        found += [("report", report) for report in document["reports"].values()]
        for kind, part in (*found, ("artifacts", document["artifacts"])):
            assert part.keys() <= _KNOWN[kind], (kind, part)
        return cls(document)

    @property
    def variables(self) -> Mapping[str, str]:
        """Its own variables; the project's come before them."""
        return {name: str(value) for name, value in self.document["env"]["variables"].items()}

    def script(self, phases: Sequence[str]) -> str:
        """The phases in this order, for one shell."""
        parts = []
        for name in PHASES:
            if name in phases and name in self.document["phases"]:
                commands = self.document["phases"][name]["commands"]
                chain = " && ".join(
                    f"{_announced(each)} && eval {quote(each)}" for each in commands
                )
                parts.append(_PHASE.format(name=name, commands=chain))
        return _SHELL.format(phases="".join(parts))


def _announced(command: str) -> str:
    return f"echo {quote(f'[Container] Running command {command}')}"


@dataclass(frozen=True)
class Project:
    """A project: its machine's environment and its own variables; `state` is a directory for it."""

    environ: Mapping[str, str]
    state: Path

    def build(self, checkout: Path, phases: Sequence[str] = PHASES, **variables: str) -> Outcome:
        """Build a checkout, with some more variables."""
        spec = Buildspec.read(checkout)
        state = self.state / f"build-{len(list(self.state.iterdir()))}"
        state.mkdir()
        done = subprocess.run(
            ["/bin/bash", "-c", spec.script(phases)],
            cwd=checkout,
            env={**spec.variables, **self.environ, **variables, "STATE": str(state)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        pairs = (state / "environ").read_bytes().decode().split("\0")
        environ = dict(pair.partition("=")[::2] for pair in pairs if pair)
        names = spec.document["env"]["exported-variables"]
        return Outcome(
            dict(line.split() for line in (state / "phases").read_text().splitlines()),
            done.stdout,
            {name: environ[name] for name in names if name in environ},
            _reports(spec, checkout),
            _artifact(spec, checkout, state),
        )


def _reports(spec: Buildspec, checkout: Path) -> Mapping[str, Sequence[Path]]:
    return {
        name: [
            path
            for pattern in report["files"]
            for path in sorted((checkout / report["base-directory"]).glob(pattern))
        ]
        for name, report in spec.document["reports"].items()
    }


def _artifact(spec: Buildspec, checkout: Path, state: Path) -> Path:
    """The artifact's archive, with the paths and modes of its files, as CodePipeline gets it."""
    wanted = spec.document["artifacts"]
    base = checkout / wanted["base-directory"]
    file = state / "artifact.zip"
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for pattern in wanted["files"]:
            for path in sorted(base.glob(pattern)):
                if path.is_file():
                    archive.write(path, path.relative_to(base))
    return file


def machine(python: Path, home: Path, tools: str) -> dict[str, str]:
    """The environment of a container of CodeBuild that has this Python, and these tools."""
    programs = home / "runtime"
    programs.mkdir(parents=True)
    (programs / "python3").symlink_to(python)
    return {
        "PATH": f"{programs}:{tools}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # What `cache` of buildspec.yml brings back.
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "CODEBUILD_BUILD_ID": "site-build:5f0c",
        "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-central-1:123456789012:build/site-build:5f0c",
        "CODEBUILD_SOURCE_REPO_URL": "https://git.example.com/site",
    }
