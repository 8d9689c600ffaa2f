"""`unlock`: free the lock that a deployment left behind, by hand.

What is freed is what was shown: a Lease that was renewed or taken since stays as it is.
"""

from wpdeploy import api_status, lock, settings
from wpdeploy.api_status import ApiError
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, Locked
from wpdeploy.kube import Cluster
from wpdeploy.lease import Lease, Place
from wpdeploy.report import Report
from wpdeploy.steps import locking
from wpdeploy.steps.asking import agreed
from wpdeploy.steps.connection import connect, located


def run(invocation: Invocation) -> Report:
    """Show who holds the environment's lock, ask, free it."""
    target = located(invocation, settings.read(invocation.context))
    cluster = connect(invocation, target)
    place = locking.place(invocation, target)
    found = lock.look(cluster, place)
    if found is None or not found.holder.identity:
        return Report(Exit.SUCCESS, f"{place.title}: nobody holds it")
    since = found.since.isoformat() if found.since else None
    data = {"holder": found.holder.identity, "since": since}
    told = f"{place.title}: {found.told(cluster.server_time())}"
    if not agreed(invocation, told, "free it", "free it, because that deployment is dead?"):
        return Report(Exit.LOCKED, f"not freed: {told}", data=data)
    _free(cluster, place, found)
    return Report(Exit.SUCCESS, f"freed: {told}", data=data)


def _free(cluster: Cluster, place: Place, found: Lease) -> None:
    try:
        lock.free(cluster, place, found)
    except ApiError as error:
        if error.code not in {api_status.CONFLICT, api_status.NOT_FOUND}:
            raise
        hint = "somebody is at work; run unlock again to see who holds it now"
        identity, problem = found.holder.identity, "it is no longer as it was shown: not freed"
        raise Locked(place.title, problem, hint, identity, None) from error
