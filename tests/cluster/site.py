"""A site of its own for each test: a namespace, a user with wpdeploy's Role, a bundle, AWS."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sandbox.aws import Aws
from sandbox.kubelet import Player
from tests.cluster.control_plane import ControlPlane

ROOT = Path(__file__).parent.parent.parent
REPOSITORY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/wordpress"
Json = dict[str, Any]

# What the built control plane, 1.20, has no API for.
OLD_SERVER: Json = {"disruption_budget": {"enabled": False}, "cron": {"enabled": False}}


class Result(NamedTuple):
    """A finished step; `block` holds the lines of its last block."""

    code: int
    output: str

    @property
    def block(self) -> list[str]:
        lines = self.output.splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("wpdeploy ")]
        return lines[starts[-1] :]


def image(tag: str, digest: str = "a") -> str:
    """A reference by tag and digest, as release.json has it."""
    return f"{REPOSITORY}:{tag}@sha256:{digest * 64}"


def merged(base: Json, changes: Mapping[str, Any]) -> Json:
    """A deep merge: mappings into mappings, all else replaced."""
    found = dict(base)
    for key, value in changes.items():
        inner = found.get(key)
        both = isinstance(inner, dict) and isinstance(value, dict)
        found[key] = merged(inner, value) if both and inner else value
    return found


@dataclass
class Site:
    """One environment on the control plane, and wpdeploy run on it as an operator would."""

    plane: ControlPlane
    player: Player
    aws: Aws
    namespace: str
    directory: Path
    kubeconfig: Path
    deployment_id: str = "d-TEST00001"
    values: dict[str, tuple[str, bool]] = field(default_factory=dict)

    @property
    def bundle(self) -> Path:
        return self.directory / "bundle"

    @property
    def path(self) -> str:
        return f"/wordpress/{self.namespace}"

    def set_up(self) -> None:
        for name in ("wpdeploy", "k8s"):
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, self.bundle / name, ignore=unwanted)
        self.configure()
        self.release("v1")
        for name, spec in yaml.safe_load((ROOT / "k8s/parameters.yaml").read_text())[
            "parameters"
        ].items():
            self.values[name] = (f"value-of-{name}", spec.get("secret", True))
        self.aws.put_parameters(self.path, self.values)

    def configure(self, changes: Mapping[str, Any] | None = None) -> None:
        """Write Test.yaml: the repository's, for this place, with these changes."""
        own = {
            "cluster": {"kubeconfig": str(self.kubeconfig)},
            "namespace": self.namespace,
            "parameters": {"path": self.path},
            "rollout": {"deadline": 90, "progress_deadline": 60, "stability_window": 1},
            "wordpress": {"pre_stop_seconds": 1, "termination_grace_seconds": 5},
        }
        shipped = yaml.safe_load((ROOT / "k8s/environments/Test.yaml").read_text())
        both = merged(merged(shipped, own), OLD_SERVER)
        text = json.dumps(merged(both, changes or {}), ensure_ascii=False)
        (self.bundle / "k8s/environments/Test.yaml").write_text(text)

    def release(self, tag: str, digest: str = "a") -> None:
        document = {"image": image(tag, digest), "commit": "c0ffee", "build": "wp:1"}
        text = json.dumps(document | {"time": "2026-11-01T12:00:00Z"})
        (self.bundle / "release.json").write_text(text)

    def put(self, name: str, value: str) -> None:
        self.aws.put_parameters(self.path, {name: (value, self.values[name][1])})

    def environ(self) -> dict[str, str]:
        """The agent's environment, and where the stand-ins are."""
        passed = {key: os.environ[key] for key in os.environ if key.startswith("COVERAGE")}
        return {
            **passed,
            **self.aws.environ,
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(self.bundle),
            "DEPLOYMENT_ID": self.deployment_id,
            "DEPLOYMENT_GROUP_NAME": "Test",
            "WPDEPLOY_ROOT": str(self.directory / "root"),
        }

    def start(self, *argv: str, **environ: str) -> subprocess.Popen[str]:
        """A step as a process that runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "wpdeploy", *argv],
            env=self.environ() | environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *argv: str, **environ: str) -> Result:
        """A step, run to its end."""
        with self.start(*argv, **environ) as process:
            output, _ = process.communicate(timeout=120)
            return Result(process.returncode, output)

    def deploy(self, steps: Sequence[str] = ("cleanup", "render", "apply", "validate")) -> Result:
        """The steps in order, up to the first that fails; the last one's result."""
        result = Result(0, "")
        for step in steps:
            result = self.run(step)
            if result.code:
                break
        return result

    def deployed(self) -> Result:
        """A deployment that must succeed."""
        result = self.deploy()
        assert result.code == 0, result.output
        return result

    # What an administrator sees.

    def ask(self, method: str, path: str, body: object = None, kind: str = "") -> Json:
        status, document = self.plane_request(method, path, body, kind)
        assert status < 300, (status, document)
        return document

    def plane_request(
        self, method: str, path: str, body: object = None, kind: str = ""
    ) -> tuple[int, Json]:
        headers = {"Content-Type": kind or "application/json"}
        with contextlib.closing(_Pool(self.plane)) as pool:
            data = None if body is None else json.dumps(body)
            answer = pool.pool.request(method, self.plane.url + path, body=data, headers=headers)
            return answer.status, json.loads(answer.data)

    def collection(self, plural: str, group: str = "apps/v1") -> str:
        prefix = "/apis" if "/" in group else "/api"
        return f"{prefix}/{group}/namespaces/{self.namespace}/{plural}"

    def deployment(self) -> Json:
        return self.ask("GET", self.collection("deployments") + "/wordpress")

    def pods(self) -> list[Json]:
        found: list[Json] = self.ask("GET", self.collection("pods", "v1"))["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def pod_names(self) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.pods()}

    def fingerprint(self) -> Json:
        """Every object of the namespace that wpdeploy could change, without its status."""
        found: Json = {}
        for group, plural in KINDS:
            for item in self.ask("GET", self.collection(plural, group))["items"]:
                item.pop("status", None)
                for key in ("resourceVersion", "managedFields"):
                    item["metadata"].pop(key, None)
                found[f"{plural}/{item['metadata']['name']}"] = item
        return found

    def secret_values(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for secret in self.ask("GET", self.collection("secrets", "v1"))["items"]:
            if secret["type"] == "Opaque":
                for key, value in secret["data"].items():
                    found[key] = base64.b64decode(value).decode()
        return found


KINDS = (
    ("apps/v1", "deployments"),
    ("v1", "services"),
    ("v1", "serviceaccounts"),
    ("v1", "secrets"),
    ("v1", "configmaps"),
    ("v1", "persistentvolumeclaims"),
    ("networking.k8s.io/v1", "ingresses"),
    ("networking.k8s.io/v1", "networkpolicies"),
    ("autoscaling/v1", "horizontalpodautoscalers"),
)


class _Pool:
    """A connection of the administrator's, for one request."""

    def __init__(self, plane: ControlPlane) -> None:
        self.pool = plane.client("admin", ["system:masters"])

    def close(self) -> None:
        self.pool.clear()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something outside of this process; an assertion fails after that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A step that is ended with the block, whatever happened."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
