"""`apply`: rehearse once more, then apply in order what `render` made."""

from dataclasses import asdict, replace
from datetime import datetime

from wpdeploy import apply, current, state
from wpdeploy.apply import Applied, ApplyResult
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.record import AppliedAt, Record, Result
from wpdeploy.report import Report
from wpdeploy.state import Deployment
from wpdeploy.steps import recording
from wpdeploy.steps.connection import connect
from wpdeploy.steps.locking import hold, identity


def run(invocation: Invocation) -> Report:
    """Apply the manifests of deployment.json; record it, when, and the Deployment's generation."""
    deployment = state.required(invocation.context)
    target = deployment.target
    cluster = connect(invocation, target)
    lock = hold(invocation, cluster, target, waits=False)
    force = invocation.options.force_conflicts
    live = apply.rehearse(cluster, deployment.manifests, force=force)
    records = recording.records(invocation, cluster, target)
    new = _record(deployment, identity(invocation), cluster.server_time())
    begun = records.begin(new)
    with recording.ended_by_errors(invocation, cluster, target, begun.number):
        current.switch(invocation.context, invocation.console)
        result = apply.apply(cluster, deployment.manifests, live, force=force)
        note = applied_at(result, target.name)
        records.write(replace(begun, applied=note))
        after = replace(deployment, number=begun.number, applied=note)
        state.write(invocation.context, after)
    lock.keep()
    for applied in result.objects:
        invocation.console.line(f"{applied.title} {applied.action}")
    return _report(result.objects)


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
    data = {"objects": [asdict(item) for item in objects]}
    return Report(Exit.SUCCESS, f"{len(objects)} objects: {', '.join(counts)}", data=data)
