"""`render`: all that can fail before a pod changes fails here.

Settings, release, the lock, parameters, manifests, a rehearsal on the API server; last, the
release's Secret and ConfigMap, which nothing uses until a pod refers to them.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from wpdeploy import (
    apply,
    aws,
    manifests,
    parameters,
    release,
    settings,
    site_config,
    ssm,
    state,
)
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, ManifestError
from wpdeploy.kinds import Manifest, labels, title
from wpdeploy.parameters import Parameter
from wpdeploy.report import Report
from wpdeploy.settings import Settings
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.locking import hold
from wpdeploy.template_values import template_values


def run(invocation: Invocation) -> Report:
    """Prepare the deployment: leave deployment.json, the Secret and the ConfigMap."""
    context, line = invocation.context, invocation.console.line
    env = settings.read(context)
    rel = release.read(context)
    line(f"{context.group}: {rel.image}, commit {rel.commit}")
    target = located(invocation, env)
    cluster = connect(invocation, target)
    lock = hold(invocation, cluster, target, waits=True)
    read = _parameters(invocation, env)
    line(f"parameters: {len(read)} read from {env.parameters.path}")
    config = site_config.make(read, env.env, env.name, labels(env.name))
    rendered = _manifests(invocation, env, template_values(env, rel, config))
    line(f"manifests: {', '.join(title(manifest) for manifest in rendered)}")
    own = manifests.stamp((config.secret, config.config_map), env.namespace, labels(env.name))

    force = invocation.options.force_conflicts
    live = apply.rehearse(cluster, (*own, *rendered), force=force)
    line("dry-run: the API server accepts all of them")
    state.write(
        context,
        state.Deployment(
            group=context.group,
            deployment_id=context.deployment_id,
            release=rel,
            target=target,
            config=config.name,
            parameters={parameter.name: _version(parameter) for parameter in read},
            manifests=rendered,
        ),
    )
    apply.apply(cluster, own, live, force=force)
    lock.keep()
    return _report(rendered, config.name)


def _parameters(invocation: Invocation, env: Settings) -> tuple[Parameter, ...]:
    known = parameters.specs(invocation.context)
    parameters.check(invocation.context, env, known)
    region = aws.region(env.region, invocation.environ)
    store = ssm.Ssm(region, invocation.clock, invocation.console.line)
    return parameters.read(env, known, store)


def _manifests(
    invocation: Invocation, env: Settings, values: dict[str, object]
) -> tuple[Manifest, ...]:
    rendered = manifests.render(invocation.context, values)
    if f"Deployment {env.name}" not in map(title, rendered):
        raise ManifestError("k8s/wordpress", f"no template makes the Deployment {env.name}")
    return manifests.stamp(rendered, env.namespace, labels(env.name))


def _version(parameter: Parameter) -> dict[str, Any]:
    kept = dataclasses.asdict(parameter.stored)
    del kept["value"]
    return kept


def _report(rendered: Sequence[Manifest], config: str) -> Report:
    names = [title(manifest) for manifest in rendered]
    sentence = f"{len(names)} objects rehearsed; Secret and ConfigMap {config} are there"
    return Report(Exit.SUCCESS, sentence, data={"objects": names, "config": config})
