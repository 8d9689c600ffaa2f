"""`apply`: rehearse once more, then apply in order what `render` made.

It comes past a Job only when that is complete: what follows is not applied after one that failed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from wpdeploy import apply, current, kinds, state
from wpdeploy.apply import Applied, ApplyResult, Live
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.kube import Cluster
from wpdeploy.record import AppliedAt, Record, Result
from wpdeploy.report import Report
from wpdeploy.state import Deployment
from wpdeploy.steps import recording
from wpdeploy.steps.connection import connect
from wpdeploy.steps.locking import hold, identity
from wpdeploy.target import Target


def run(invocation: Invocation) -> Report:
    """Apply the manifests of deployment.json; record it, when, and the Deployment's generation."""
    deployment = state.required(invocation.context)
    target = deployment.target
    cluster = connect(invocation, target)
    lock = hold(invocation, cluster, target, waits=False)
    force = invocation.options.force_conflicts
    live = apply.rehearse(cluster, deployment.to_apply, force=force)
    records = recording.records(invocation, cluster, target)
    new = _record(deployment, identity(invocation), cluster.server_time())
    begun = records.begin(new)
    with recording.ended_by_errors(invocation, cluster, target, begun.number):
        current.switch(invocation.context, invocation.console)
        result = _in_order(invocation, cluster, deployment, live)
        if isinstance(result, Report):
            return _failed(invocation, cluster, target, begun.number, result)
        note = applied_at(result, target.name)
        records.write(replace(begun, applied=note))
        after = replace(deployment, number=begun.number, applied=note)
        state.write(invocation.context, after)
    lock.keep()
    return _report(result.objects)


def _in_order(
    invocation: Invocation, cluster: Cluster, deployment: Deployment, live: Live
) -> ApplyResult | Report:
    """What was done to all objects; `since` is when the Jobs were done, or the report of one."""
    phases, force = kinds.phases(deployment.to_apply), invocation.options.force_conflicts
    before = apply.apply(cluster, phases.before, live, force=force)
    _tell(invocation, before.objects)
    ran = []
    for job in phases.jobs:
        # A deployment without a Job does not pay for what waits for one.
        from wpdeploy.steps import running  # noqa: PLC0415

        done = running.run(invocation, cluster, deployment.target, job)
        if isinstance(done, Report):
            return done
        ran.append(done)
    if ran:  # they took their time
        live = apply.rehearse(cluster, phases.after, force=force)
    after = apply.apply(cluster, phases.after, live, force=force)
    _tell(invocation, after.objects)
    return ApplyResult(after.since, (*before.objects, *ran, *after.objects))


def _failed(
    invocation: Invocation, cluster: Cluster, target: Target, number: int, report: Report
) -> Report:
    """Record that a Job failed; nothing that serves was changed, so nothing is rolled back."""
    from wpdeploy.steps import settling  # noqa: PLC0415  # see above

    kept = replace(target, on_failure="keep")
    return settling.settle(invocation, cluster, kept, number, report)


def _tell(invocation: Invocation, objects: Sequence[Applied]) -> None:
    for applied in objects:
        invocation.console.line(f"{applied.title} {applied.action}")


def _record(deployment: Deployment, deployment_id: str, now: datetime) -> Record:
    """The record before it has a number."""
    return Record(
        number=0,
        deployment_id=deployment_id,
        group=deployment.group,
        result=Result.APPLYING,
        started=now.replace(microsecond=0),
        ended=None,
        reason="",
        restores=deployment.restores,
        release=deployment.release,
        config=deployment.config,
        env=deployment.env,
        parameters=deployment.parameters,
        manifests=deployment.manifests,
        applied=None,
    )


def applied_at(result: ApplyResult, name: str) -> AppliedAt:
    """When the apply began, in whole seconds, and what it made of the Deployment of that name."""
    titled = f"Deployment {name}"
    found = next(item for item in result.objects if item.title == titled)
    return AppliedAt(result.since.replace(microsecond=0), found.generation, found.images)


def _report(objects: tuple[Applied, ...]) -> Report:
    counts = [
        f"{sum(item.action == action for item in objects)} {action}"
        for action in ("created", "changed", "unchanged")
    ]
    told = ("title", "action", "generation")
    data = {"objects": [{key: getattr(item, key) for key in told} for item in objects]}
    return Report(Exit.SUCCESS, f"{len(objects)} objects: {', '.join(counts)}", data=data)
