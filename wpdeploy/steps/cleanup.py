"""`cleanup`: earlier deployments leave no more than the evidence of the last five.

Standard library only: it runs before anything of the bundle is known to work.
"""

import shutil
from pathlib import Path

from wpdeploy import current
from wpdeploy.cli import Invocation
from wpdeploy.errors import ConfigurationError, Exit
from wpdeploy.report import Console, Report

KEPT = 5


def run(invocation: Invocation) -> Report:
    """Remove the state of earlier deployments of this group, but that of the last five."""
    current.switch_if_lost(invocation.context, invocation.console)
    directory = invocation.context.group_directory
    earlier = _earlier(invocation)
    removed = [path for path in earlier[KEPT:] if _remove(path, invocation.console)]
    kept = len(earlier) - len(removed)
    sentence = f"removed {len(removed)} earlier deployments from {directory}, kept {kept}"
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


def _remove(path: Path, console: Console) -> bool:
    try:
        shutil.rmtree(path)
    except OSError as error:
        # What an earlier deployment left is no reason to stop this one.
        console.line(f"{path} cannot be removed: {error.strerror}")
        return False
    return True
