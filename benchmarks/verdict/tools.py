"""The tools, each with its defaults: what is run, and how long it would wait by itself."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from benchmarks.sides import PYTHON
from benchmarks.verdict import programs, workload
from benchmarks.verdict.process import Command
from wpdeploy import bundling, runtime
from wpdeploy.release import Release

_ROOT = Path(__file__).parent.parent.parent
_GROUP = "Benchmark"
# wpdeploy's default, in seconds.
_WINDOW = 10
_CHARTED, _PLAYED = "chart/templates/deployment.yaml", "deployment.yaml"


@dataclass(frozen=True)
class Place:
    """Where a tool works: its files, its namespace, and how it reaches the cluster."""

    directory: Path
    namespace: str
    kubeconfig: Path


@dataclass(frozen=True)
class Tool:
    """A tool; `slug` names its user and namespace.

    `patience` is its own limit and `window` the wait for which it is asked, both in seconds.
    `manifest` is the file of what it applies; without one it waits for what others applied.
    """

    name: str
    slug: str
    limit: str
    patience: int
    prepare: Callable[[Place], Sequence[str]]
    window: int = 0
    manifest: str = ""

    def command(self, place: Place) -> Command:
        """Fill its directory, once; what is run there, round after round."""
        return Command(self.prepare(place), _environ(place), place.directory)


def _environ(place: Place) -> Mapping[str, str]:
    return {
        # Below it kubectl and Helm keep what they discovered: later calls do not ask again.
        "HOME": str(place.directory),
        "KUBECONFIG": str(place.kubeconfig),
        "K8S_AUTH_KUBECONFIG": str(place.kubeconfig),
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "WPDEPLOY_ROOT": str(place.directory / "root"),
    }


def _wpdeploy(window: int, place: Place) -> Sequence[str]:
    """A bundle, started as its hooks start it."""
    bundle = place.directory / "bundle"
    release = Release(workload.image("v1"), "c0ffee", "wp:1", "2026-11-01T12:00:00Z")
    cache = runtime.cache_directory(os.environ)
    bundling.make(_ROOT, bundle, release, runtime.Runtime.here(), cache)
    settings = {
        "cluster": {"kubeconfig": str(place.kubeconfig)},
        "namespace": place.namespace,
        "parameters": {"path": "/unused"},
        "rollout": {"stability_window": window},
        # Played pods serve no pages, and no other tool would ask for one.
        "smoke": {"enabled": False},
    }
    (bundle / "k8s" / "environments" / f"{_GROUP}.yaml").write_text(json.dumps(settings))
    main = str(bundle / "wpdeploy" / "__main__.py")
    return (str(PYTHON), "-I", "-S", main, "validate", "--group", _GROUP)


def _kubectl(place: Place) -> Sequence[str]:
    what = ("rollout", "status", f"deployment/{workload.NAME}")
    return (str(programs.kubectl()), *what, "--namespace", place.namespace)


def _helm(wait: str, place: Place) -> Sequence[str]:
    chart = place.directory / "chart"
    (chart / "templates").mkdir(parents=True)
    about = {"apiVersion": "v2", "name": workload.NAME, "version": "1.0.0"}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    what = ("upgrade", "--install", workload.NAME, str(chart))
    return (str(programs.helm()), *what, "--namespace", place.namespace, wait)


def _ansible(place: Place) -> Sequence[str]:
    installed = programs.ansible(PYTHON)
    wanted = {"src": str(place.directory / _PLAYED), "wait": True}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": str(installed / "python")},
        "tasks": [{"kubernetes.core.k8s": wanted}],
    }
    playbook = place.directory / "playbook.yaml"
    playbook.write_text(yaml.safe_dump([play]))
    return (str(installed / "ansible-playbook"), str(playbook))


_DEADLINE, _PROGRESS, _TIMEOUT = "rollout.deadline", "progressDeadlineSeconds", "--timeout"
TOOLS = (
    Tool(
        "wpdeploy validate",
        "wpdeploy",
        _DEADLINE,
        900,
        partial(_wpdeploy, _WINDOW),
        window=_WINDOW,
    ),
    Tool("wpdeploy validate, no window", "no-window", _DEADLINE, 900, partial(_wpdeploy, 0)),
    Tool("kubectl rollout status", "kubectl", _PROGRESS, 600, _kubectl),
    Tool("helm upgrade --wait", "helm", _TIMEOUT, 300, partial(_helm, "--wait"), manifest=_CHARTED),
    Tool(
        "helm upgrade --wait=legacy",
        "helm-legacy",
        _TIMEOUT,
        300,
        partial(_helm, "--wait=legacy"),
        manifest=_CHARTED,
    ),
    Tool("ansible k8s, wait: true", "ansible", "wait_timeout", 120, _ansible, manifest=_PLAYED),
)
