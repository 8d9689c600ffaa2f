"""`status`: how the site stands, on one screen; it only reads, and needs no earlier step."""

from contextlib import closing

from wpdeploy import lock, screen, settings, status
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, WpdeployError
from wpdeploy.kinds import collection
from wpdeploy.kube import Cluster
from wpdeploy.observation import Observation
from wpdeploy.observed import Snapshot
from wpdeploy.record import Record
from wpdeploy.report import Report
from wpdeploy.status import Newer, Service, Status
from wpdeploy.steps import locking, recording
from wpdeploy.steps.configuring import parameter_store
from wpdeploy.steps.connection import connect, located
from wpdeploy.target import Target


def run(invocation: Invocation) -> Report:
    """Show the site's release, pods, deployments, lock and parameters."""
    target = located(invocation, settings.read(invocation.context))
    found = _status(invocation, connect(invocation, target), target)
    for line in screen.lines(found):
        invocation.console.listed(line)
    sentence = f"the status is read; Deployment {target.name} is {found.service}"
    return Report(Exit.SUCCESS, sentence, data=screen.document(found))


def _status(invocation: Invocation, cluster: Cluster, target: Target) -> Status:
    live = cluster.get(_path(target), f"Deployment {target.name}")
    snapshot = _snapshot(invocation, cluster, target) if live else None
    records = recording.records(invocation, cluster, target).all()
    held = lock.look(cluster, locking.place(invocation, target))
    holder = held.holder.identity if held else ""
    current = status.current(records)
    service, sentence = status.service(snapshot) if snapshot else _ABSENT
    return Status(
        instance=target.name,
        now=cluster.server_time(),
        service=service,
        sentence=sentence,
        revision=snapshot.workload.revision if snapshot and snapshot.workload else 0,
        images=status.images(live) if live else {},
        pods=status.pods(snapshot) if snapshot else (),
        current=current,
        deployments=tuple((item, item.standing(holder)) for item in records[: screen.DEPLOYMENTS]),
        drift=status.drift(live, current, target.name) if live else (),
        lock=held if holder else None,
        newer=_newer(invocation, target, current) if current else (),
    )


_ABSENT = (Service.ABSENT, "there is no such object in the namespace")


def _path(target: Target) -> str:
    return f"{collection('apps/v1', 'deployments', target.namespace)}/{target.name}"


def _snapshot(invocation: Invocation, cluster: Cluster, target: Target) -> Snapshot:
    line = invocation.console.line
    with closing(Observation(cluster, target, None, invocation.clock, line)) as observation:
        return observation.snapshot()


def _newer(invocation: Invocation, target: Target, current: Record) -> tuple[Newer, ...] | str:
    names = sorted({parameter.name for parameter in current.parameters.values()})
    try:
        store = parameter_store(invocation, target.region, decrypts=False)
        return status.newer(current, store.get(names))
    except WpdeployError as error:
        # All the rest can be shown to somebody who may not look there.
        return f"not readable: {error}"
