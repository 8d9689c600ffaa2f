"""`cleanup`: earlier deployments leave no more than the evidence of the last five.

Standard library only: it runs before anything of the bundle is known to work.
"""

import shutil
from pathlib import Path

from wpdeploy.cli import Invocation
from wpdeploy.errors import ConfigurationError, Exit
from wpdeploy.report import Report

KEPT = 5


def run(invocation: Invocation) -> Report:
    """Remove the state of earlier deployments of this group, but that of the last five."""
    directory = invocation.context.group_directory
    removed = [path for path in _earlier(invocation)[KEPT:] if _remove(path)]
    sentence = f"removed {len(removed)} earlier deployments from {directory}, kept the last {KEPT}"
    return Report(Exit.SUCCESS, sentence, data={"removed": [path.name for path in removed]})


def _earlier(invocation: Invocation) -> list[Path]:
    """The state directories of other deployments of the group, the newest first."""
    own = invocation.context.state_directory
    try:
        found = [path for path in own.parent.iterdir() if path != own and _is_directory(path)]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(str(own.parent), f"cannot be read: {error.strerror}") from error


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove(path: Path) -> bool:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise ConfigurationError(str(path), f"cannot be removed: {error.strerror}") from error
    return True
