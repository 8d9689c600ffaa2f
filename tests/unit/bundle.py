"""A bundle of one deployment group, Test, whose cluster is on loopback; its steps run on it."""

import argparse
import io
import json
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.api_server import write_kubeconfig
from tests.unit.wire import Act, FakeClock, answer
from wpdeploy import state
from wpdeploy.cli import Invocation
from wpdeploy.context import DeploymentContext
from wpdeploy.kinds import Manifest
from wpdeploy.release import Release
from wpdeploy.report import Console, Report
from wpdeploy.smoke import Smoke
from wpdeploy.state import Deployment
from wpdeploy.target import KubeconfigCluster, Target

RELEASE = Release(f"registry.example/wordpress@sha256:{'a' * 64}", "c0ffee", "wordpress:17", "now")
SECRET = "hunter2-Pa$$w0rd"
MODIFIED = "2026-11-20T10:00:00.000+00:00"
FILES = {
    "release.json": json.dumps(vars(RELEASE)),
    "k8s/parameters.yaml": """\
parameters:
  host: {env: WORDPRESS_DB_HOST, secret: false}
  password: {env: WORDPRESS_DB_PASSWORD}
""",
    "k8s/wordpress/deployment.yaml.j2": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ name }}
spec:
  template:
    spec:
      containers:
      - name: wordpress
        image: {{ image }}
        env: {{ env }}
""",
    "k8s/wordpress/service.yaml.j2": """\
apiVersion: v1
kind: Service
metadata:
  name: {{ name }}
spec:
  selector: {{ selector }}
""",
}
ENVIRONMENT = """\
cluster: {{kubeconfig: {kubeconfig}}}
region: eu-central-1
namespace: blog
name: site
parameters: {{path: /blog}}
rollout: {{stability_window: 0}}
smoke: {{enabled: false}}
"""


DEFAULTS = {
    "force_conflicts": False,
    "output": "text",
    "settle": False,
    "timeout": None,
    "watch": False,
    "yes": False,
}


def _command(step: Callable[[Invocation], Report]) -> str:
    return step.__module__.rpartition(".")[2]


class TickingClock(FakeClock):
    """Each look at it takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def monotonic(self) -> float:
        self.now += self._seconds
        return self.now


class Bundle:
    """The bundle in a directory; `told` is what its steps have said so far."""

    def __init__(self, directory: Path, api_url: str) -> None:
        self.kubeconfig = str(write_kubeconfig(directory, api_url))
        cluster = KubeconfigCluster(self.kubeconfig, None)
        self.target = Target(
            cluster, "blog", "site", 900, 0, smoke=Smoke(enabled=False), region="eu-central-1"
        )
        release_file = directory / "release.json"
        self.context = DeploymentContext("Test", "d-1", directory, directory, release_file)
        environment = ENVIRONMENT.format(kubeconfig=self.kubeconfig)
        for name, text in {**FILES, "k8s/environments/Test.yaml": environment}.items():
            self.write(name, text)
        self.clock: FakeClock = FakeClock()
        self.environ: dict[str, str] = {}
        self.ends = math.inf
        self._stream = io.StringIO()
        self._console = Console(self._stream, self.clock, as_json=False)

    def write(self, name: str, text: str) -> None:
        """Put a file into the bundle."""
        file = self.context.bundle / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def leave(self, *manifests: Manifest, **changes: Any) -> Deployment:
        """Leave what `render` does, with these changes."""
        name = self.context.deployment_id
        made = Deployment("Test", name, RELEASE, self.target, "site-1a2b", {}, {}, manifests)
        left = replace(made, **changes)
        state.write(self.context, left)
        return left

    def run(self, step: Callable[[Invocation], Report], **options: Any) -> Report:
        """What the step reports; an option that is not given is off."""
        given = argparse.Namespace(**DEFAULTS | {"command": _command(step)} | options)
        with ExitStack() as stack:
            invocation = Invocation(
                self.context, self.environ, self._console, self.clock, given, stack, self.ends
            )
            return step(invocation)

    @property
    def told(self) -> list[str]:
        """The lines without their seconds."""
        return [line[11:] for line in self._stream.getvalue().splitlines()]


def store(values: Mapping[str, str]) -> Act:
    """SSM's answer: these values, each in its third version."""
    found = [
        {"Name": name, "Value": value, "Version": 3, "LastModifiedDate": 1795168800.0}
        for name, value in values.items()
    ]
    return answer({"Parameters": found})
