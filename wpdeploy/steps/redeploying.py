"""A revision that CodeDeploy deploys again: its own rollback, or somebody's wish."""

from wpdeploy import rollback
from wpdeploy.cli import Invocation
from wpdeploy.context import BY_HAND
from wpdeploy.kube import Cluster
from wpdeploy.record import Record
from wpdeploy.release import Release
from wpdeploy.steps import recording
from wpdeploy.steps.configuring import parameter_store
from wpdeploy.target import Target


def restored_by(
    invocation: Invocation, cluster: Cluster, target: Target, release: Release
) -> Record | None:
    """The record that CodeDeploy's own rollback restores; None for every other deployment."""
    line, deployment_id = invocation.console.line, invocation.context.deployment_id
    if deployment_id == BY_HAND:
        return None
    known = recording.records(invocation, cluster, target).all()
    others = [record for record in known if record.deployment_id != deployment_id]
    found = rollback.of_codedeploy(others, release)
    if found is None:
        return None
    failed, good = found
    names = sorted({parameter.name for parameter in good.parameters.values()})
    today = parameter_store(invocation, target.region, decrypts=False).get(names)
    changed = rollback.changed_since(failed, good, tuple(today.values()))
    if changed:
        why = f"{', '.join(changed)} was changed after #{failed.number} failed"
        line(f"no rollback to #{good.number}, today's parameters: {why}")
        return None
    why = f"CodeDeploy's rollback after #{failed.number} failed"
    line(f"{why}: restores {rollback.told(good)}, with its parameters")
    return good
