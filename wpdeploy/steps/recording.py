"""How a step records the deployment: begun before its first change, settled when it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager

from wpdeploy.cli import Invocation
from wpdeploy.errors import Locked, WpdeployError
from wpdeploy.kube import Cluster
from wpdeploy.record import Result
from wpdeploy.records import Records
from wpdeploy.target import Target


def records(invocation: Invocation, cluster: Cluster, target: Target) -> Records:
    """The environment's records."""
    return Records(cluster, target.namespace, target.name, invocation.console.line)


@contextmanager
def ended_by_errors(
    invocation: Invocation, cluster: Cluster, target: Target, number: int
) -> Iterator[None]:
    """Record an error that ends the block as why the deployment failed.

    Who lost the lock writes nothing more.
    """
    try:
        yield
    except Locked:
        raise
    except WpdeployError as error:
        try:
            # What the API server does not answer now must not hold up the error for long.
            last = records(invocation, cluster.brief(), target)
            last.settle(number, Result.FAILED, cluster.server_time(), str(error))
        except WpdeployError as why:
            invocation.console.line(f"record #{number} does not tell how it ended: {why}")
        raise
