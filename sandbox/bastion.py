"""The bastion: CodeDeploy hands it bundles of a site, and its agent runs their hooks."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

from sandbox.codedeploy import Agent, Timeline
from sandbox.codedeploy.archive import unpack
from sandbox.deployments import CodeDeploy
from sandbox.site import ROOT, Site
from wpdeploy import archive, bundling, runtime
from wpdeploy.errors import ConfigurationError
from wpdeploy.release import Release
from wpdeploy.runtime import Runtime

# The interpreter that runs the sandbox is the one that the bundle is made for.
PATH = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"


class Bastion:
    """A host with CodeDeploy's agent; `notify` gets the lines of its log.

    All that the agent and the hooks write is below `directory`.
    """

    def __init__(self, site: Site, directory: Path, notify: Callable[[str], None]) -> None:
        self._site = site
        self._service = CodeDeploy(site.aws)
        self._revisions = directory / "revisions"
        self._revisions.mkdir(parents=True)
        self.revision = self._revisions
        root = directory / "host"
        environ = {**site.aws.instance_environ, "PATH": PATH, "WPDEPLOY_ROOT": str(root)}
        deployments, fetch = root / "opt/codedeploy-agent/deployment-root", self._service.fetch
        self._agent = Agent(deployments, environ, notify=notify, fetch=fetch)

    def deploy(self, release: Release) -> Timeline:
        """Make the release's bundle of this checkout, and deploy it to the site's group."""
        bundle(self._site, release)
        return self._deploy(release.build)

    def deploy_source(self) -> Timeline:
        """Deploy the bundle that is the site's source, to the site's group."""
        shutil.rmtree(self._site.bundle, ignore_errors=True)
        shutil.copytree(self._site.source, self._site.bundle, symlinks=True)
        self._site.configure()
        return self._deploy("given")

    def start_seconds(self) -> float:
        """How long a hook takes to begin, and to end at once: the median of some runs."""
        command = [str(self._site.bundle / "hooks" / "run"), "--version"]
        taken = []
        for _ in range(7):
            started = time.monotonic()
            subprocess.run(command, env={"PATH": PATH}, check=True, capture_output=True)
            taken.append(time.monotonic() - started)
        return statistics.median(taken)

    def _deploy(self, name: str) -> Timeline:
        self.revision = revision = self._revisions / f"{name}.zip"
        archive.write(self._site.bundle, revision)
        deployment = self._service.deploy(self._site.group, revision)
        self._service.begin(deployment)
        timeline = self._agent.deploy(deployment)
        self._service.end(deployment, succeeded=timeline.failed is None)
        return timeline


def bundle(site: Site, release: Release) -> None:
    """Make the release's bundle of this checkout, with the site's environment file."""
    cache = runtime.cache_directory(os.environ)
    bundling.make(ROOT, site.bundle, release, Runtime.here(), cache)
    site.configure()


def opened(given: Path, directory: Path) -> Path:
    """A bundle that was made before, as a directory: itself, or its archive unpacked there."""
    where = str(given)
    if not given.exists():
        raise ConfigurationError(where, "is not there", "`python -m wpdeploy bundle` makes one")
    if given.is_file():
        try:
            unpack(given, directory)
        except BadZipFile as error:
            raise ConfigurationError(where, f"is no ZIP file: {error}") from error
        given = directory
    for name in ("appspec.yml", "hooks/run", "k8s/parameters.yaml", "release.json"):
        if not (given / name).is_file():
            raise ConfigurationError(where, f"is no bundle: it has no {name}")
    return given
