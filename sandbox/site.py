"""A site on one machine: a copy of the bundle, its parameters, and wpdeploy run on it."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sandbox.aws import Aws
from wpdeploy import bundling, release, runtime
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

ROOT = Path(__file__).parent.parent
STEPS = ("cleanup", "render", "apply", "validate --settle")
REPOSITORY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/wordpress"
Json = dict[str, Any]


class Result(NamedTuple):
    """A finished step: its exit code, and what it printed."""

    code: int
    output: str

    @property
    def block(self) -> list[str]:
        """The lines of the last block."""
        lines = self.output.splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("wpdeploy ")]
        return lines[starts[-1] :]

    @property
    def verdict(self) -> str:
        """The last block as one line."""
        return " ".join(" ".join(self.block).split())


def image(tag: str, digest: str = "a") -> str:
    """A reference by tag and digest, as release.json has it."""
    return f"{REPOSITORY}:{tag}@sha256:{digest * 64}"


def released(reference: str, build: str) -> Release:
    """A release of that image."""
    time = "2026-11-01T12:00:00Z"
    return Release(reference, "c0ffee", build, time, branch="main", subject="Larger logo")


def merged(base: Json, changes: Mapping[str, Any]) -> Json:
    """A deep merge: mappings into mappings, all else replaced."""
    found = dict(base)
    for key, value in changes.items():
        inner = found.get(key)
        both = isinstance(inner, dict) and isinstance(value, dict)
        found[key] = merged(inner, value) if both and inner else value
    return found


@contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A step that is ended with the block, whatever happened."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@dataclass
class Site:
    """One environment, Test, in a namespace of a cluster, with `changes` to its settings.

    It is reached through EKS where `eks` names a cluster, else by the kubeconfig. What it is made
    from is the checkout, or a bundle.
    """

    aws: Aws
    namespace: str
    directory: Path
    kubeconfig: Path
    changes: Json
    group: str = "Test"
    deployment_id: str = "d-TEST00001"
    values: dict[str, tuple[str, bool]] = field(default_factory=dict)
    eks: str | None = None
    source: Path = ROOT

    @property
    def cluster(self) -> Json:
        """How the environment file says to reach the cluster."""
        return {"eks": self.eks} if self.eks else {"kubeconfig": str(self.kubeconfig)}

    @property
    def bundle(self) -> Path:
        """The bundle's directory."""
        return self.directory / "bundle"

    @property
    def path(self) -> str:
        """Where the Parameter Store has the site's parameters: where the group's role may look."""
        return f"/wordpress/{self.group}"

    def set_up(self) -> None:
        """Make the bundle and the parameters."""
        # Byte-compiled, as a bundle is.
        compileall.compile_dir(self.source / "wpdeploy", quiet=1)
        for name in ("wpdeploy", "k8s"):
            shutil.copytree(self.source / name, self.bundle / name)
        here, cache = Runtime.here(), runtime.cache_directory(os.environ)
        (self.bundle / "lib").mkdir()
        lib = runtime.cached(ROOT / bundling.LOCK, here, cache)
        (self.bundle / "lib" / here.lib).symlink_to(lib)
        self.configure()
        self.release("v1")
        self.store()

    @property
    def secret(self) -> str:
        """The name of the secret that RDS would keep of the database's administrator."""
        return f"rds!db-{self.namespace}"

    def store(self) -> None:
        """Give each parameter of k8s/parameters.yaml a value, if it is read."""
        known = yaml.safe_load((self.source / "k8s/parameters.yaml").read_text())["parameters"]
        installs = self.changes.get("install", {}).get("enabled", True)
        for name, spec in known.items():
            if installs or not spec.get("only"):
                self.values[name] = (self._value(name, spec), spec.get("secret", True))
        self.aws.put_parameters(self.path, self.values)

    def _value(self, name: str, spec: Json) -> str:
        if "secretsmanager" not in spec:
            return f"value-of-{name}"
        keys = spec["secretsmanager"]
        return self.aws.put_secret(self.secret, {key: f"value-of-{name}.{key}" for key in keys})

    def configure(self, changes: Mapping[str, Any] | None = None) -> None:
        """Write the environment file: the source's, for this place, with these changes."""
        file = Path("k8s/environments") / f"{self.group}.yaml"
        if not (self.source / file).exists():
            return  # wpdeploy itself says what is wrong with the group
        own = {"namespace": self.namespace, "parameters": {"path": self.path}}
        # The cluster is replaced as a whole: an environment file has one access, not two.
        settings = yaml.safe_load((self.source / file).read_text()) | {"cluster": self.cluster}
        for change in (own, self.changes, changes or {}):
            settings = merged(settings, change)
        (self.bundle / file).write_text(json.dumps(settings, ensure_ascii=False))

    def image(self, tag: str, digest: str) -> str:
        """The image of that tag."""
        return image(tag, digest)

    def release(self, tag: str, digest: str = "a") -> None:
        """Write release.json for an image of that tag."""
        found = released(self.image(tag, digest), "wp:1")
        (self.bundle / "release.json").write_text(release.text(found))

    def put(self, name: str, value: str) -> None:
        """Store another value for a parameter."""
        self.values[name] = (value, self.values[name][1])
        self.aws.put_parameters(self.path, {name: self.values[name]})

    def environ(self) -> dict[str, str]:
        """The agent's environment, and where the stand-ins are."""
        return {
            **self.aws.environ,
            "PATH": "/usr/bin:/bin",
            "DEPLOYMENT_ID": self.deployment_id,
            "DEPLOYMENT_GROUP_NAME": self.group,
            "WPDEPLOY_ROOT": str(self.directory / "root"),
        }

    @property
    def program(self) -> str:
        """What hooks/run starts."""
        return str(self.bundle / "wpdeploy" / "__main__.py")

    def command(self, *argv: str) -> list[str]:
        """A step's command line, as hooks/run has it."""
        return [sys.executable, "-I", "-S", self.program, *argv]

    def start(self, *argv: str, **environ: str) -> subprocess.Popen[str]:
        """A step as a process that runs."""
        return subprocess.Popen(
            self.command(*argv),
            env=self.environ() | environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *argv: str, **environ: str) -> Result:
        """A step, run to its end."""
        with running(self.start(*argv, **environ)) as process:
            output, _ = process.communicate(timeout=120)
            return Result(process.returncode, output)

    def deploy(self, steps: Sequence[str] = STEPS) -> Result:
        """The steps in order, up to the first that fails; the last one's result."""
        result = Result(0, "")
        for step in steps:
            result = self.run(*step.split())
            if result.code:
                break
        return result
