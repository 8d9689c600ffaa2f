"""The agent's directories: <root>/<group id>/<deployment id>, and what it knows of each group."""

import shutil
from pathlib import Path

KEPT = 5


class DeploymentRoot:
    """Where the agent keeps deployments, of all groups."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._instructions = self._root / "deployment-instructions"
        self.host = self._root / "host"
        """Stands for `/`: what `files` installs is below it."""

    def deployment(self, group_id: str, deployment_id: str) -> Path:
        """The directory of a deployment, made if need be."""
        directory = self._root / group_id / deployment_id
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def cleanup_file(self, group_id: str) -> Path:
        """Where it is written what the group's last Install made."""
        self._instructions.mkdir(exist_ok=True)
        return self._instructions / f"{group_id}-cleanup"

    def last_installed(self, group_id: str) -> Path | None:
        """The last deployment whose Install finished, whatever became of it afterwards."""
        try:
            return Path(self._pointer(group_id).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def installed(self, group_id: str, deployment: Path) -> None:
        """Remember the deployment as the last whose Install finished."""
        self._instructions.mkdir(exist_ok=True)
        self._pointer(group_id).write_text(str(deployment), encoding="utf-8")

    def make_room(self, deployment: Path) -> None:
        """Remove the group's oldest deployments, so that five are kept with the new one.

        The last one that was installed is never removed.
        """
        others = [path for path in deployment.parent.iterdir() if path != deployment]
        extra = len(others) - KEPT + 1
        spared = self.last_installed(deployment.parent.name)
        removable = sorted(
            (path for path in others if path != spared), key=lambda path: path.stat().st_mtime
        )
        for path in removable[: max(extra, 0)]:
            shutil.rmtree(path)

    def _pointer(self, group_id: str) -> Path:
        return self._instructions / f"{group_id}_last_successful_install"
