"""The two sides of the benchmark, each an archive that CodeDeploy's agent deploys."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import awscli
from sandbox.aws import Aws
from sandbox.codedeploy import Agent, Deployment, Revision, console
from sandbox.site import ROOT, Site, image
from wpdeploy import bundling, runtime
from wpdeploy.release import Release

EVENTS = ("BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
_VERSION = "{}.{}".format(*sys.version_info)
# One interpreter for both sides, and none of this machine's detours to it.
PYTHON = Path(sys.base_prefix, "bin", f"python{_VERSION}")
_PATH = f"{PYTHON.parent}:/usr/bin:/bin"
_PREDECESSOR = Path(__file__).with_name("predecessor")
_STEPS = ("cleanup", "render", "apply", "validate")
_ENDS = """

def run(invocation):
    from wpdeploy.errors import Exit
    from wpdeploy.report import Report

    return Report(Exit.SUCCESS, "it has begun")
"""
_GROUP = "Test"
_GROUP_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Side:
    """An archive, deployed by an agent of its own; its hooks run at these events."""

    name: str
    events: Sequence[str]
    agent: Agent
    revision: Revision

    def deploy(self, number: int) -> Mapping[str, float]:
        """The milliseconds of each hook, by event; a failed deployment ends the benchmark."""
        name = f"d-BENCH{number:04}"
        deployment = Deployment(name, "wordpress", _GROUP, _GROUP_ID, self.revision)
        timeline = self.agent.deploy(deployment)
        if timeline.failed:
            sys.exit(f"{self.name}: {console(timeline)}")
        hooks = [event for event in timeline.events if event.name in self.events]
        return {event.name: event.seconds * 1000 for event in hooks}


def wpdeploy(name: str, site: Site) -> Side:
    """The four hooks of a site's bundle."""
    release = Release(image("v1"), "c0ffee", "wp:1", "2026-11-01T12:00:00Z")
    cache = runtime.cache_directory(os.environ)
    bundling.make(ROOT, site.bundle, release, runtime.Runtime.here(), cache)
    # The stability window is a wait that is asked for.
    site.configure({"rollout": {"stability_window": 0}})
    return _wpdeploy(name, site.aws, site.bundle)


def start(name: str, site: Site) -> Side:
    """The same hooks with steps that end where they begin: what is left is their start."""
    archive = shutil.copytree(site.bundle, site.directory / "start")
    for step in _STEPS:
        module = archive / "wpdeploy" / "steps" / f"{step}.py"
        module.write_text(module.read_text() + _ENDS)
    runtime.byte_compile(archive / "wpdeploy", _VERSION)
    return _wpdeploy(name, site.aws, archive)


def _wpdeploy(name: str, aws: Aws, archive: Path) -> Side:
    host = archive.with_name(f"{archive.name}-host")
    environ = {**aws.instance_environ, "PATH": _PATH, "WPDEPLOY_ROOT": str(host)}
    return Side(name, EVENTS, Agent(host / "agent", environ), _revision(archive))


def predecessor(name: str, aws: Aws, kubectl: Path, kubeconfig: Path, directory: Path) -> Side:
    """The three shell hooks, with `aws` and `kubectl` on the PATH."""
    agent = directory / "agent"
    environ = {
        **aws.instance_environ,
        "PATH": f"{awscli.programs(PYTHON)}:{kubectl.parent}:{_PATH}",
        # Below it kubectl keeps what it discovered: its later calls do not ask again.
        "HOME": str(directory),
        "KUBECONFIG": str(kubeconfig),
        "INSTALLED": str(agent / "host" / "tmp"),
    }
    archive = shutil.copytree(_PREDECESSOR, directory / "archive")
    events = [event for event in EVENTS if event != "ApplicationStart"]
    return Side(name, events, Agent(agent, environ), _revision(archive))


def _revision(archive: Path) -> Revision:
    packed = shutil.make_archive(str(archive), "zip", archive)
    return Revision(Path(packed), "artifacts", "wordpress.zip")
