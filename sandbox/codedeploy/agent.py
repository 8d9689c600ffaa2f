"""Deploys a revision in place: the lifecycle events in their order, until one fails."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

from sandbox.codedeploy import appspec
from sandbox.codedeploy.appspec import AppSpecError
from sandbox.codedeploy.archive import unpack
from sandbox.codedeploy.deployment_root import DeploymentRoot
from sandbox.codedeploy.generations import SECOND, Generation
from sandbox.codedeploy.hooks import Hooks, ScriptError
from sandbox.codedeploy.installer import InstallError, install
from sandbox.codedeploy.script_log import ScriptLog
from sandbox.codedeploy.timeline import Diagnostics, ErrorCode, LifecycleEvent, Outcome, Timeline

# In place, without a load balancer.
EVENTS = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
# Those with one have these too: appspec.yml may name them, and they do not run here.
TRAFFIC_EVENTS = (
    "BeforeBlockTraffic",
    "AfterBlockTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
)
# What systemd gives to a service.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Revision:
    """The zip file, and where in S3 it is said to be from."""

    file: Path
    bucket: str
    key: str
    etag: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Deployment:
    """One deployment of a revision to a deployment group of an application."""

    id: str
    application: str
    group: str
    group_id: str
    revision: Revision


class DownloadError(Exception):
    """A revision that the agent does not get."""


# Puts the zip file of a revision at a path; DownloadError: why it cannot.
Fetch = Callable[[Revision, Path], None]


def copied(revision: Revision, path: Path) -> None:
    """Have it from where it was made."""
    shutil.copyfile(revision.file, path)


class Agent:
    """The agent of one host.

    root: the deployment root, of this agent alone: nothing is written anywhere else.
    environ: the agent's own environment, which its hooks inherit; a PATH is always in it.
    notify: gets each line of scripts.log as it is written, without its time.
    fetch: where revisions come from.
    """

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        generation: Generation = SECOND,
        notify: Callable[[str], None] = lambda _: None,
        fetch: Fetch = copied,
    ) -> None:
        self._fetch = fetch
        self._root = DeploymentRoot(root)
        self._environ = {"PATH": _PATH, **environ}
        self._generation = generation
        self._notify = notify

    def deploy(self, deployment: Deployment) -> Timeline:
        """Run the lifecycle events of a deployment."""
        events: list[LifecycleEvent] = []
        for name in EVENTS:
            skipped = events and events[-1].outcome is not Outcome.SUCCEEDED
            events.append(
                LifecycleEvent(name, Outcome.SKIPPED) if skipped else self._event(name, deployment)
            )
        return Timeline(deployment.id, tuple(events))

    def _event(self, name: str, deployment: Deployment) -> LifecycleEvent:
        own = {"DownloadBundle": self._download, "Install": self._install}
        started, before = datetime.now(UTC), time.monotonic()
        outcome, exit_code, diagnostics = Outcome.SUCCEEDED, 0, None
        try:
            own.get(name, self._hooks)(name, deployment)
        except ScriptError as error:
            outcome, exit_code, diagnostics = Outcome.FAILED, error.exit_code, error.diagnostics
        except (AppSpecError, InstallError, DownloadError, BadZipFile, OSError) as error:
            diagnostics = Diagnostics(ErrorCode.UNKNOWN_ERROR, str(error))
            outcome, exit_code = Outcome.FAILED, 1
        seconds = time.monotonic() - before
        return LifecycleEvent(name, outcome, started, seconds, exit_code, diagnostics)

    def _download(self, _: str, deployment: Deployment) -> None:
        directory = self._directory(deployment)
        self._root.make_room(directory)
        # It is called so whatever it is.
        bundle = directory / "bundle.tar"
        self._fetch(deployment.revision, bundle)
        unpack(bundle, _archive(directory))

    def _install(self, _: str, deployment: Deployment) -> None:
        directory = self._directory(deployment)
        archive = _archive(directory)
        spec = appspec.read(archive, self._generation)
        unknown = [event for event in spec.hooks if event not in (*EVENTS, *TRAFFIC_EVENTS)]
        if unknown:
            names = ", ".join(unknown)
            raise InstallError(f"{appspec.NAME} file contains unknown lifecycle events: {names}")
        install(spec, archive, self._root.host, self._root.cleanup_file(deployment.group_id))
        self._root.installed(deployment.group_id, directory)

    def _hooks(self, name: str, deployment: Deployment) -> None:
        directory = self._directory(deployment)
        archive = _archive(directory)
        if not archive.exists():
            # Only ApplicationStop comes before the new archive is there.
            previous = self._root.last_installed(deployment.group_id)
            if previous is None:
                return
            archive = _archive(previous)
        scripts = appspec.read(archive, self._generation).hooks.get(name)
        if scripts:
            environ = {**self._environ, **_variables(name, deployment)}
            file = directory / "logs" / "scripts.log"
            with ScriptLog(file, self._generation, self._notify) as log:
                Hooks(archive, environ, self._generation, log).run(name, scripts)

    def _directory(self, deployment: Deployment) -> Path:
        return self._root.deployment(deployment.group_id, deployment.id)


def _archive(directory: Path) -> Path:
    return directory / "deployment-archive"


def _variables(event: str, deployment: Deployment) -> dict[str, str]:
    revision = deployment.revision
    variables = {
        "LIFECYCLE_EVENT": event,
        "DEPLOYMENT_ID": deployment.id,
        "APPLICATION_NAME": deployment.application,
        "DEPLOYMENT_GROUP_NAME": deployment.group,
        "DEPLOYMENT_GROUP_ID": deployment.group_id,
        "BUNDLE_BUCKET": revision.bucket,
        "BUNDLE_KEY": revision.key,
        "BUNDLE_VERSION": revision.version,
        "BUNDLE_ETAG": revision.etag,
    }
    return {name: value for name, value in variables.items() if value is not None}
