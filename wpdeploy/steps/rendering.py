"""What `render` makes ready and `diff` compares: the release's parameters and manifests."""

from wpdeploy import manifests, parameters
from wpdeploy.cli import Invocation
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import Manifest, labels, title
from wpdeploy.parameters import Parameter
from wpdeploy.record import RecordedParameter
from wpdeploy.release import Release
from wpdeploy.settings import Settings
from wpdeploy.site_config import SiteConfig
from wpdeploy.steps.configuring import parameter_store
from wpdeploy.template_values import template_values


def read_parameters(
    invocation: Invocation, env: Settings, *, decrypted: bool = True
) -> tuple[Parameter, ...]:
    """The environment's parameters; what is encrypted has its value only if it is decrypted."""
    known = parameters.specs(invocation.context)
    parameters.check(invocation.context, env, known)
    store = parameter_store(invocation, env.region, decrypts=decrypted)
    return parameters.read(env, known, store)


def render_manifests(
    invocation: Invocation, env: Settings, rel: Release, config: SiteConfig
) -> tuple[Manifest, ...]:
    """The environment's own objects of the release, its Deployment among them."""
    rendered = manifests.render(invocation.context, template_values(env, rel, config))
    if f"Deployment {env.name}" not in map(title, rendered):
        raise ManifestError("k8s/wordpress", f"no template makes the Deployment {env.name}")
    return manifests.stamp(rendered, env.namespace, labels(env.name))


def recorded(parameter: Parameter) -> RecordedParameter:
    """The parameter as a record has it, without its value."""
    spec, stored = parameter.spec, parameter.stored
    return RecordedParameter(spec.env, spec.secret, stored.name, stored.version, stored.modified)
