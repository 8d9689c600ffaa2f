"""`validate`: wait for the rollout, and judge it.

With --settle it judges what `apply` noted in deployment.json, records how the deployment ended, and
frees its lock. Without, it changes nothing and needs no earlier step: it judges what the newest
record in the cluster says was applied, or, where that says nothing of what runs now, what is
current.
"""

from wpdeploy import ages, state
from wpdeploy.cli import Invocation
from wpdeploy.errors import UsageError
from wpdeploy.kinds import collection
from wpdeploy.kube import Cluster
from wpdeploy.record import AppliedAt
from wpdeploy.report import Report
from wpdeploy.state import Deployment
from wpdeploy.steps import recording, settling
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.judging import Trial
from wpdeploy.steps.locking import hold
from wpdeploy.target import Target

_ONE = "give one of the two"


def run(invocation: Invocation) -> Report:
    """Judge the rollout of the environment's Deployment."""
    settles, watches = invocation.options.settle, invocation.options.watch
    if settles and watches:
        raise UsageError("validate", "--watch only looks, and --settle ends a deployment", _ONE)
    deployment = _applied(invocation) if settles else None
    target = deployment.target if deployment else _located(invocation)
    cluster = connect(invocation, target)
    seconds = invocation.options.timeout or target.deadline
    if settles:
        hold(invocation, cluster, target, waits=False)
    if deployment is None or deployment.number is None:
        applied = _recorded(invocation, cluster, target)
        trial = Trial(invocation, cluster, target)
        return _watched(trial, applied, seconds) if watches else trial.judge(applied, seconds)
    with recording.ended_by_errors(invocation, cluster, target, deployment.number):
        trial = Trial(invocation, cluster, target, writes=True)
        report = trial.judge(deployment.applied, seconds)
        return settling.settle(invocation, cluster, target, deployment.number, report)


def _watched(trial: Trial, applied: AppliedAt | None, seconds: int) -> Report:
    """Judge it, and go on."""
    from wpdeploy.steps import staying  # noqa: PLC0415  # an operator's way, as below

    until = staying.ends(trial.invocation)
    verdict, snapshot = trial.wait(applied, seconds)
    return staying.stay(trial, verdict, trial.conclude(verdict, snapshot), until=until)


def _applied(invocation: Invocation) -> Deployment | None:
    """What this deployment's `apply` left."""
    deployment = state.read(invocation.context)
    if deployment and deployment.applied:
        return deployment
    invocation.console.line("no apply of this deployment is known: no record is settled")
    return None


def _located(invocation: Invocation) -> Target:
    # An operator's way: the hooks do not pay for reading the environment file again.
    from wpdeploy import settings  # noqa: PLC0415

    return located(invocation, settings.read(invocation.context))


def _recorded(invocation: Invocation, cluster: Cluster, target: Target) -> AppliedAt | None:
    """What the newest record says was applied, if it is what runs now."""
    line = invocation.console.line
    newest = next(iter(recording.records(invocation, cluster, target).all()), None)
    if newest is None:
        line("there is no record of a deployment: judging what is current")
        return None
    whose = f"{newest.told} of {newest.group}"
    since = ages.told(cluster.server_time() - newest.started)
    if newest.applied is None:
        line(f"{whose}, {since} ago, did not apply everything: judging what is current")
        return None
    if _generation(cluster, target) > newest.applied.generation:
        line(f"changed after {whose}, {since} ago: judging what is current")
        return None
    line(f"judging {whose}, {since} ago: {newest.result}")
    return newest.applied


def _generation(cluster: Cluster, target: Target) -> int:
    path = f"{collection('apps/v1', 'deployments', target.namespace)}/{target.name}"
    live = cluster.get(path, f"Deployment {target.name}")
    found: int = live["metadata"]["generation"] if live else 0
    return found
