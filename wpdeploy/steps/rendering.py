"""What `render` makes ready and `diff` compares: the release's parameters and manifests."""

from collections.abc import Sequence

from wpdeploy import manifests, parameters, site_config
from wpdeploy.cli import Invocation
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import Manifest, labels, title
from wpdeploy.parameters import Parameter
from wpdeploy.record import RecordedParameter
from wpdeploy.release import Release
from wpdeploy.settings import Settings
from wpdeploy.site_config import Configs
from wpdeploy.steps.configuring import ask_secret, parameter_store
from wpdeploy.template_values import template_values


def read_parameters(
    invocation: Invocation, env: Settings, *, decrypted: bool = True
) -> tuple[Parameter, ...]:
    """The environment's parameters; what is encrypted has its value only if it is decrypted."""
    known = parameters.specs(invocation.context)
    parameters.check(invocation.context, env, known)
    store = parameter_store(invocation, env.region, decrypts=decrypted)
    ask = ask_secret(invocation, env.region, decrypts=decrypted)
    return parameters.read(env, known, store, ask)


def configs(env: Settings, read: Sequence[Parameter]) -> Configs:
    """What the parameters make: the Secrets and ConfigMaps."""
    return site_config.of_release(read, env.env, env.name, labels(env.name))


def render_manifests(
    invocation: Invocation, env: Settings, rel: Release, made: Configs
) -> tuple[Manifest, ...]:
    """The environment's own objects of the release, its Deployment among them."""
    rendered = manifests.render(invocation.context, template_values(env, rel, made))
    if f"Deployment {env.name}" not in map(title, rendered):
        raise ManifestError("k8s/wordpress", f"no template makes the Deployment {env.name}")
    return manifests.stamp(rendered, env.namespace, labels(env.name))


def recorded(read: Sequence[Parameter]) -> dict[str, RecordedParameter]:
    """The site's parameters by name as a record has them, without a value.

    Those of the Job alone are not in it: a rollback runs no Job.
    """
    return {each.name: _recorded(each) for each in read if not each.spec.only}


def _recorded(parameter: Parameter) -> RecordedParameter:
    spec, stored = parameter.spec, parameter.stored
    return RecordedParameter(spec.env, spec.secret, stored.name, stored.version, stored.modified)
