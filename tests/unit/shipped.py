"""The objects that the repository's own templates make, without a file being written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wpdeploy import manifests, parameters, settings, site_config
from wpdeploy.context import DeploymentContext
from wpdeploy.kinds import Manifest, labels
from wpdeploy.parameters import Parameter, StoredParameter
from wpdeploy.release import Release
from wpdeploy.settings import Settings
from wpdeploy.site_config import SiteConfig
from wpdeploy.template_values import template_values

ROOT = Path(__file__).parent.parent.parent
RELEASE = Release(
    image=f"registry.example/wordpress@sha256:{'a' * 64}",
    commit="c0ffee",
    build="wordpress:17",
    time="2026-11-01T12:00:00Z",
)


@dataclass(frozen=True)
class Shipped:
    """An environment of the repository with some of its sections replaced, and its objects."""

    env: Settings
    config: SiteConfig
    objects: Mapping[str, Manifest]

    @property
    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """Every pod template with the kind that it belongs to."""
        yield "Deployment", self.objects["Deployment"]["spec"]["template"]
        if job := self.objects.get("CronJob"):
            yield "CronJob", job["spec"]["jobTemplate"]["spec"]["template"]


def shipped(group: str = "Test", release: Release = RELEASE, **sections: Any) -> Shipped:
    """The objects by kind: each template of the repository makes a kind of its own."""
    context = DeploymentContext(group, "d-1", ROOT, ROOT, ROOT / "release.json")
    env = replace(settings.read(context), **sections)
    known = parameters.specs(context)
    read = [Parameter(name, spec, stored(name)) for name, spec in known.items()]
    config = site_config.make(read, env.env, env.name, labels(env.name))
    rendered = manifests.render(context, template_values(env, release, config))
    stamped = manifests.stamp(rendered, env.namespace, labels(env.name))
    objects = {manifest["kind"]: manifest for manifest in stamped}
    assert len(objects) == len(stamped)
    return Shipped(env, config, objects)


def stored(name: str) -> StoredParameter:
    """A parameter whose value can be told from everything else."""
    return StoredParameter(f"/wordpress/{name}", f"value of {name}", 1, "2026-11-01T12:00:00Z")
