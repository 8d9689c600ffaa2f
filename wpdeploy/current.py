"""/opt/wpdeploy/current: the bundle that is deployed, where an operator finds it.

CodeDeploy's agent unpacks each revision into a directory named by ids, and keeps the last few. The
link is switched when a bundle begins to change the cluster: a release that is refused before that
leaves the operator with the one that runs.
"""

from contextlib import suppress

from wpdeploy.context import DeploymentContext
from wpdeploy.report import Console


def switch(context: DeploymentContext, console: Console) -> None:
    """Point the link to this bundle, atomically; a checkout, which is none, changes nothing."""
    if not (context.bundle / "lib").is_dir():
        return
    link = context.current
    # One name: what a step that was killed left is replaced and does not stay.
    temporary = link.with_name(f".{link.name}")
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(context.bundle)
        temporary.replace(link)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        # A convenience: without it the deployment is as good as with it.
        console.line(f"{link} still points elsewhere: {error.strerror}")


def switch_if_lost(context: DeploymentContext, console: Console) -> None:
    """Point the link to this bundle where it points to none: the first time, or after a loss."""
    if not context.current.exists():
        switch(context, console)
