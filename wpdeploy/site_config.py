"""The release's Secret and ConfigMap, and how a container refers to them.

They are made here and not by a template, so that a value never meets YAML. Their name comes from a
hash over what feeds them (variable, parameter, version, modification date) and never over a
parameter's value; they are immutable. So a changed parameter changes the pod template and rolls
the pods, while the old ReplicaSet still finds its own.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wpdeploy.kinds import Manifest
from wpdeploy.parameters import Parameter


@dataclass(frozen=True)
class SiteConfig:
    """A Secret and a ConfigMap of one name; `environment` is the container's `env` list."""

    name: str
    secret: Manifest
    config_map: Manifest
    environment: tuple[Manifest, ...]


@dataclass(frozen=True)
class Configs:
    """What the site gets, and what the Job `install` alone gets beside it, if anything."""

    site: SiteConfig
    install: SiteConfig | None

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """The objects; a ConfigMap before its Secret, which pruning finds by it."""
        both = (self.site, self.install) if self.install else (self.site,)
        return tuple(item for config in both for item in (config.config_map, config.secret))

    @property
    def install_environment(self) -> tuple[Manifest, ...]:
        """The `env` list of the Job's container."""
        more = self.install.environment if self.install else ()
        return (*self.site.environment, *more)


def of_release(
    parameters: Sequence[Parameter], plain: Mapping[str, str], name: str, labels: Mapping[str, str]
) -> Configs:
    """The objects for these parameters: what is for the Job alone does not roll the site's pods."""
    apart = [each for each in parameters if each.spec.only]
    site = make([each for each in parameters if not each.spec.only], plain, name, labels)
    return Configs(site, make(apart, {}, f"{name}-install", labels) if apart else None)


def make(
    parameters: Sequence[Parameter], plain: Mapping[str, str], name: str, labels: Mapping[str, str]
) -> SiteConfig:
    """The objects for these parameters and the environment file's plain variables."""
    unique = f"{name}-{_hash(parameters, plain)}"
    secret, config_map = objects(unique, parameters, plain, labels)
    references = [_reference(key, "secretKeyRef", unique) for key in sorted(secret["data"])]
    references += [_reference(key, "configMapKeyRef", unique) for key in sorted(config_map["data"])]
    return SiteConfig(unique, secret, config_map, tuple(references))


def objects(
    unique: str,
    parameters: Sequence[Parameter],
    plain: Mapping[str, str],
    labels: Mapping[str, str],
) -> tuple[Manifest, Manifest]:
    """The Secret and the ConfigMap of that name."""
    secrets = {p.spec.env: p.stored.value for p in parameters if p.spec.secret}
    texts = {p.spec.env: p.stored.value for p in parameters if not p.spec.secret} | dict(plain)
    metadata = {"name": unique, "labels": dict(labels)}
    encoded = {key: _base64(text) for key, text in secrets.items()}
    return _immutable("Secret", metadata, encoded), _immutable("ConfigMap", metadata, texts)


def _hash(parameters: Sequence[Parameter], plain: Mapping[str, str]) -> str:
    fed = sorted(
        (p.spec.env, p.spec.secret, p.stored.name, p.stored.version, p.stored.modified)
        for p in parameters
    )
    text = json.dumps([fed, sorted(plain.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _immutable(kind: str, metadata: Manifest, data: Mapping[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": dict(metadata),
        "immutable": True,
        "data": dict(data),
    }


def _reference(variable: str, source: str, name: str) -> Manifest:
    # A plain `value` would be searched for $(VARIABLE) and $$ by the kubelet; a reference is not.
    return {"name": variable, "valueFrom": {source: {"name": name, "key": variable}}}


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
