"""How a step holds its environment's lock."""

import os

from wpdeploy.cli import Invocation
from wpdeploy.context import BY_HAND
from wpdeploy.kube import Cluster
from wpdeploy.lease import Holder, Place
from wpdeploy.lock import Lock
from wpdeploy.target import Target


def place(invocation: Invocation, target: Target) -> Place:
    """Where the environment's Lease is."""
    return Place(invocation.context.group, target.namespace, target.name)


def hold(invocation: Invocation, cluster: Cluster, target: Target, *, waits: bool) -> Lock:
    """The lock, held until the step has ended, and freed then, unless it is kept."""
    where, who = place(invocation, target), _holder(invocation)
    lock = Lock(cluster, where, who, invocation.clock, invocation.console.line)
    # From here on: it may be ours before we are told so.
    invocation.afterwards.callback(lock.leave)
    lock.acquire(waits=waits)
    cluster.before_change = lock.check
    return lock


def identity(invocation: Invocation) -> str:
    """The deployment; by hand the person, whose steps are several processes without an id."""
    environ, deployment_id = invocation.environ, invocation.context.deployment_id
    if deployment_id != BY_HAND:
        return deployment_id
    person = environ.get("SUDO_USER") or environ.get("USER") or str(os.getuid())
    return f"{person}@{os.uname().nodename}"


def _holder(invocation: Invocation) -> Holder:
    context, host = invocation.context, os.uname().nodename
    about = f"{context.group}, {invocation.options.command}, {host}"
    return Holder(identity(invocation), about)
