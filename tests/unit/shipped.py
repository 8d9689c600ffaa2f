"""The objects that the repository's own templates make, without a file being written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wpdeploy import manifests, parameters, settings, site_config
from wpdeploy.context import DeploymentContext
from wpdeploy.kinds import Manifest, labels
from wpdeploy.parameters import StoredParameter, StoredSecret
from wpdeploy.release import Release
from wpdeploy.settings import Settings
from wpdeploy.site_config import Configs
from wpdeploy.template_values import template_values

ROOT = Path(__file__).parent.parent.parent
RELEASE = Release(
    image=f"registry.example/wordpress@sha256:{'a' * 64}",
    commit="c0ffee",
    build="wordpress:17",
    time="2026-11-01T12:00:00Z",
)


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1f2e-AbCdEf"
ADMINISTRATOR = '{"username": "admin", "password": "value of the administrator"}'


@dataclass(frozen=True)
class Shipped:
    """An environment of the repository with some of its sections replaced, and its objects."""

    env: Settings
    configs: Configs
    objects: Mapping[str, Manifest]

    @property
    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """Every pod template with the kind that it belongs to."""
        yield "Deployment", self.objects["Deployment"]["spec"]["template"]
        if cron := self.objects.get("CronJob"):
            yield "CronJob", cron["spec"]["jobTemplate"]["spec"]["template"]
        for name in ("Job install", "Job upgrade"):
            if job := self.objects.get(name):
                yield name, job["spec"]["template"]


def shipped(group: str = "Test", release: Release = RELEASE, **sections: Any) -> Shipped:
    """The objects by kind, Jobs by their containers as well."""
    context = DeploymentContext(group, "d-1", ROOT, ROOT, ROOT / "release.json")
    env = replace(settings.read(context), **sections)
    known = parameters.specs(context)
    store = {path: stored(name) for name, path in parameters.names(env, known).items()}
    read = parameters.read(env, known, Store(store), lambda _: StoredSecret("v1", ADMINISTRATOR))
    configs = site_config.of_release(read, env.env, env.name, labels(env.name))
    rendered = manifests.render(context, template_values(env, release, configs))
    stamped = manifests.stamp(rendered, env.namespace, labels(env.name))
    objects = {called(manifest): manifest for manifest in stamped}
    assert len(objects) == len(stamped)
    return Shipped(env, configs, objects)


def called(manifest: Manifest) -> str:
    """The kind, and of a Job its container."""
    if manifest["kind"] != "Job":
        return str(manifest["kind"])
    return f"Job {manifest['spec']['template']['spec']['containers'][0]['name']}"


class Store:
    """A Parameter Store that has these."""

    def __init__(self, held: Mapping[str, StoredParameter]) -> None:
        self._held = held

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        """Those that are there."""
        return {name: self._held[name] for name in names if name in self._held}


def stored(name: str) -> StoredParameter:
    """A parameter whose value can be told from everything else."""
    value = SECRET if name == "mysql_admin_secret" else f"value of {name}"
    return StoredParameter(f"/wordpress/{name}", value, 1, "2026-11-01T12:00:00Z")
