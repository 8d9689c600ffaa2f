"""How a step restores a record: its own Secret and ConfigMap, its objects but Jobs, a verdict."""

from dataclasses import replace

from wpdeploy import apply
from wpdeploy.cli import Invocation
from wpdeploy.kinds import without_jobs
from wpdeploy.kube import Cluster
from wpdeploy.record import Record, Result
from wpdeploy.report import Report
from wpdeploy.steps import recording, settling
from wpdeploy.steps.apply import applied_at
from wpdeploy.steps.configuring import configuration
from wpdeploy.steps.judging import Trial
from wpdeploy.steps.locking import identity
from wpdeploy.target import Target

# Seconds that are left, after the longest wait, to record the end and to say it.
_RESERVE = 60


def restore(
    invocation: Invocation, cluster: Cluster, target: Target, goal: Record, *, force: bool = False
) -> Report:
    """Apply the record, wait for the rollout and judge it, as a deployment with its own record."""
    own = configuration(invocation, cluster, target, goal)
    everything = (*own, *without_jobs(goal.manifests))
    live = apply.rehearse(cluster, everything, force=force)
    records = recording.records(invocation, cluster, target)
    begun = records.begin(_anew(invocation, cluster, goal))
    with recording.ended_by_errors(invocation, cluster, target, begun.number):
        result = apply.apply(cluster, everything, live, force=force)
        note = applied_at(result, target.name)
        records.write(replace(begun, applied=note))
        report = Trial(invocation, cluster, target).judge(note, _seconds(invocation, target))
        settling.end(invocation, cluster, target, begun.number, report)
    return report


def _seconds(invocation: Invocation, target: Target) -> int:
    """How long to wait at most: after a rollout that failed late, for what is left of the time."""
    left = invocation.ends - invocation.clock.monotonic() - _RESERVE
    return int(max(min(invocation.options.timeout or target.deadline, left), 1))


def _anew(invocation: Invocation, cluster: Cluster, goal: Record) -> Record:
    """The record of the rollback itself, before it has a number."""
    return replace(
        goal,
        number=0,
        deployment_id=identity(invocation),
        group=invocation.context.group,
        result=Result.APPLYING,
        started=cluster.server_time().replace(microsecond=0),
        ended=None,
        reason="",
        restores=goal.number,
        applied=None,
    )
