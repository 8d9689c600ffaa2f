"""The connection that a step makes to its cluster."""

from wpdeploy.cli import Invocation
from wpdeploy.kube import Cluster
from wpdeploy.target import Target


def connect(invocation: Invocation, target: Target) -> Cluster:
    """The target's API server."""
    # Half of a step's imports: only whoever goes by a kubeconfig pays for it.
    from wpdeploy import kubeconfig  # noqa: PLC0415

    access = kubeconfig.access(target.kubeconfig, target.context)
    return Cluster(access, invocation.clock, invocation.console.line)
