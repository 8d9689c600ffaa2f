"""DeploymentContext: which deployment this is, and where its files are.

The CodeDeploy agent says it by environment variables alone (DEPLOYMENT_ID,
DEPLOYMENT_GROUP_NAME); an operator says it by --group, or on a bastion of one deployment group not
at all. Standard library only: `cleanup` needs nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wpdeploy.errors import ConfigurationError, UsageError

_DEPLOYMENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
BY_HAND = "by-hand"


@dataclass(frozen=True)
class DeploymentContext:
    """One deployment to one deployment group, from one bundle."""

    group: str
    deployment_id: str
    bundle: Path
    root: Path
    release_file: Path

    @property
    def environment_file(self) -> Path:
        """The environment file of the deployment group."""
        return self.bundle / "k8s" / "environments" / f"{self.group}.yaml"

    @property
    def group_directory(self) -> Path:
        """Where the deployments of this group leave their state."""
        return _groups(self.root) / self.group

    @property
    def current(self) -> Path:
        """The link to the bundle that is deployed."""
        return self.root / "opt" / "wpdeploy" / "current"

    @property
    def state_directory(self) -> Path:
        """Where this deployment leaves its state."""
        return self.group_directory / self.deployment_id

    def shown(self, path: Path) -> str:
        """The path as a person of this bundle knows it."""
        return str(path.relative_to(self.bundle)) if path.is_relative_to(self.bundle) else str(path)


def from_environ(
    environ: Mapping[str, str], bundle: Path, group: str | None, release: str | None
) -> DeploymentContext:
    """The context of this process; the group must be one that has an environment file."""
    root = Path(environ.get("WPDEPLOY_ROOT") or "/")
    name = group or environ.get("DEPLOYMENT_GROUP_NAME") or _only_group(root)
    if not name:
        raise UsageError(
            "wpdeploy", "no deployment group", "pass --group, or set DEPLOYMENT_GROUP_NAME"
        )
    deployment_id = environ.get("DEPLOYMENT_ID") or BY_HAND
    if not _DEPLOYMENT_ID.fullmatch(deployment_id):
        raise UsageError("DEPLOYMENT_ID", f'"{deployment_id[:80]}" is no id of a deployment')
    _check_group(name, bundle)
    return DeploymentContext(
        group=name,
        deployment_id=deployment_id,
        bundle=bundle,
        root=root,
        release_file=Path(release) if release else bundle / "release.json",
    )


def of_no_group(environ: Mapping[str, str], bundle: Path) -> DeploymentContext:
    """The context of a command that deploys nothing."""
    root = Path(environ.get("WPDEPLOY_ROOT") or "/")
    return DeploymentContext("", BY_HAND, bundle, root, bundle / "release.json")


def _groups(root: Path) -> Path:
    return root / "var" / "lib" / "wpdeploy"


def _only_group(root: Path) -> str | None:
    """The group of this host's deployments, where they are all of one group."""
    try:
        names = [path.name for path in _groups(root).iterdir() if path.is_dir()]
    except OSError:
        return None
    return names[0] if len(names) == 1 else None


def _check_group(name: str, bundle: Path) -> None:
    # The name is compared with the files that exist and never joined to a path before.
    groups = sorted(path.stem for path in (bundle / "k8s" / "environments").glob("*.yaml"))
    if name not in groups:
        raise ConfigurationError(
            "k8s/environments",
            f'there is no environment for the deployment group "{name[:80]}"',
            f"there are {', '.join(groups) or 'none'}; adding one is adding {name[:80]}.yaml",
        )
