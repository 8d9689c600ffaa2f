"""`apply`: rehearse once more, then apply in order what `render` made."""

import dataclasses

from wpdeploy import apply, current, state
from wpdeploy.apply import Applied, ApplyResult
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.report import Report
from wpdeploy.steps.connection import connect
from wpdeploy.steps.locking import hold


def run(invocation: Invocation) -> Report:
    """Apply the manifests of deployment.json; note when, and the Deployment's generation."""
    deployment = state.required(invocation.context)
    target, line = deployment.target, invocation.console.line
    cluster = connect(invocation, target)
    lock = hold(invocation, cluster, target, waits=False)
    force = invocation.options.force_conflicts
    live = apply.rehearse(cluster, deployment.manifests, force=force)
    current.switch(invocation.context, invocation.console)
    result = apply.apply(cluster, deployment.manifests, live, force=force)
    for applied in result.objects:
        line(f"{applied.title} {applied.action}")
    generation = _generation(result, target.name)
    note = state.AppliedAt(result.since.replace(microsecond=0), generation)
    state.write(invocation.context, dataclasses.replace(deployment, applied=note))
    lock.keep()
    return _report(result.objects)


def _generation(result: ApplyResult, name: str) -> int:
    return next(item.generation for item in result.objects if item.title == f"Deployment {name}")


def _report(objects: tuple[Applied, ...]) -> Report:
    counts = [
        f"{sum(item.action == action for item in objects)} {action}"
        for action in ("created", "changed", "unchanged")
    ]
    data = {"objects": [dataclasses.asdict(item) for item in objects]}
    return Report(Exit.SUCCESS, f"{len(objects)} objects: {', '.join(counts)}", data=data)
