"""`render`: all that can fail before a pod changes fails here.

Settings, release, the lock, parameters, manifests, a rehearsal on the API server; last, the
release's Secret and ConfigMap, which nothing uses until a pod refers to them.
"""

from typing import NamedTuple

from wpdeploy import apply, manifests, release, settings, state
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.kinds import Manifest, labels, title
from wpdeploy.kube import Cluster
from wpdeploy.record import Record
from wpdeploy.release import Release
from wpdeploy.report import Report, fitted
from wpdeploy.settings import Settings
from wpdeploy.state import Deployment
from wpdeploy.steps import checking
from wpdeploy.steps.configuring import configuration
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.locking import hold
from wpdeploy.steps.redeploying import restored_by
from wpdeploy.steps.rendering import configs, read_parameters, recorded, render_manifests
from wpdeploy.target import Target


def run(invocation: Invocation) -> Report:
    """Prepare the deployment: leave deployment.json, the Secret and the ConfigMap."""
    context, line = invocation.context, invocation.console.line
    env = settings.read(context)
    rel = release.read(context)
    line(fitted(f"{context.group}: {release.told(rel)}"))
    line(f"image: {rel.image}")
    target = located(invocation, env)
    cluster = connect(invocation, target)
    lock = hold(invocation, cluster, target, waits=True)
    goal = restored_by(invocation, cluster, target, rel)
    if goal:
        deployment, own = _restored(invocation, cluster, target, goal)
    else:
        deployment, own = _rendered(invocation, env, target, rel)
    force = invocation.options.force_conflicts
    live = apply.rehearse(cluster, (*own, *deployment.to_apply), force=force)
    line("dry-run: the API server accepts all of them")
    checking.foresee(invocation.console, cluster, env, deployment, live)
    state.write(context, deployment)
    apply.apply(cluster, own, live, force=force)
    lock.keep()
    return _report(deployment)


class _Prepared(NamedTuple):
    """What the next steps need, and the Secret and ConfigMap that must be there before."""

    deployment: Deployment
    own: tuple[Manifest, ...]


def _rendered(invocation: Invocation, env: Settings, target: Target, rel: Release) -> _Prepared:
    context, line = invocation.context, invocation.console.line
    read = read_parameters(invocation, env)
    line(f"parameters: {len(read)} read from {env.parameters.path}")
    made = configs(env, read)
    rendered = render_manifests(invocation, env, rel, made)
    line(f"manifests: {', '.join(title(manifest) for manifest in rendered)}")
    deployment = Deployment(
        group=context.group,
        deployment_id=context.deployment_id,
        release=rel,
        target=target,
        config=made.site.name,
        env=env.env,
        parameters=recorded(read),
        manifests=rendered,
    )
    return _Prepared(deployment, manifests.stamp(made.objects, env.namespace, labels(env.name)))


def _restored(invocation: Invocation, cluster: Cluster, target: Target, goal: Record) -> _Prepared:
    deployment = Deployment(
        group=invocation.context.group,
        deployment_id=invocation.context.deployment_id,
        release=goal.release,
        target=target,
        config=goal.config,
        env=goal.env,
        parameters=goal.parameters,
        manifests=goal.manifests,
        restores=goal.number,
    )
    return _Prepared(deployment, configuration(invocation, cluster, target, goal))


def _report(deployment: Deployment) -> Report:
    names, config = [title(manifest) for manifest in deployment.manifests], deployment.config
    sentence = f"{len(names)} objects rehearsed; Secret and ConfigMap {config} are there"
    return Report(Exit.SUCCESS, sentence, data={"objects": names, "config": config})
