"""The bastion: CodeDeploy hands it bundles of a site, and its agent runs their hooks."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from sandbox.codedeploy import Agent, Timeline
from sandbox.deployments import CodeDeploy
from sandbox.site import ROOT, Site
from wpdeploy import bundling, runtime
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
        root = directory / "host"
        environ = {**site.aws.instance_environ, "PATH": PATH, "WPDEPLOY_ROOT": str(root)}
        deployments, fetch = root / "opt/codedeploy-agent/deployment-root", self._service.fetch
        self._agent = Agent(deployments, environ, notify=notify, fetch=fetch)

    def deploy(self, release: Release) -> Timeline:
        """Make the release's bundle of this checkout, and deploy it to the site's group."""
        bundle(self._site, release)
        revision = self._revisions / f"{release.build}.zip"
        archive(self._site.bundle, revision)
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


def archive(directory: Path, file: Path) -> None:
    """What CodePipeline does with an artifact."""
    # The fastest level: nothing but this machine will keep it.
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as made:
        for path in sorted(directory.rglob("*")):
            made.write(path, path.relative_to(directory))
