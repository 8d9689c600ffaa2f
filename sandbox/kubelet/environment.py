"""The environment of a container, resolved as a kubelet does."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Lookup = Callable[[str, str], Mapping[str, str] | None]
"""Kind (Secret, ConfigMap) and name to the data in the pod's namespace; None: there is no such."""

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
_NAME = re.compile(r"(?!\.$|\.\.)[-._a-zA-Z][-._a-zA-Z0-9]*")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_ENV_FROM = (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))
_KEY_REFS = (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))


class ConfigError(Exception):
    """Why the container cannot be created, in the kubelet's words."""


class LookupUnavailableError(Exception):
    """The API server does not answer now; ask again."""


def resolve(container: Json, pod: Json, lookup: Lookup) -> dict[str, str]:
    """Resolve envFrom and env; raises ConfigError for what is missing and not optional."""
    sources = _Sources(pod["metadata"]["namespace"], lookup)
    environment: dict[str, str] = {}
    for entry in container.get("envFrom") or []:
        environment.update(_from_all(entry, sources))
    for variable in container.get("env") or []:
        value = _value(variable, environment, pod, sources)
        # A missing optional key leaves what envFrom put there.
        if value is not None:
            environment[variable["name"]] = value
    return environment


def expand(value: str, environment: Mapping[str, str]) -> str:
    """Replace $(NAME) where NAME is known, and $$ by $."""

    def replacement(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else environment.get(name, match[0])

    return _REFERENCE.sub(replacement, value)


def decode(kind: str, manifest: Json) -> dict[str, str]:
    """Read the data of a Secret or a ConfigMap."""
    data: dict[str, str] = manifest.get("data") or {}
    if kind == "ConfigMap":
        return data
    return {k: base64.b64decode(v).decode(errors="surrogateescape") for k, v in data.items()}


class _Sources:
    """The Secrets and ConfigMaps of one namespace, each read once."""

    def __init__(self, namespace: str, lookup: Lookup) -> None:
        self.namespace = namespace
        self._lookup = lookup
        self._read: dict[tuple[str, str], Mapping[str, str] | None] = {}

    def data(self, kind: str, reference: Json) -> Mapping[str, str] | None:
        at = kind, reference["name"]
        if at not in self._read:
            self._read[at] = self._lookup(*at)
        if self._read[at] is None and not reference.get("optional"):
            raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
        return self._read[at]

    def value(self, kind: str, reference: Json) -> str | None:
        data, key = self.data(kind, reference), reference["key"]
        if data is None or (key not in data and reference.get("optional")):
            return None
        if key not in data:
            where = f"{kind} {self.namespace}/{reference['name']}"
            raise ConfigError(f"couldn't find key {key} in {where}")
        return data[key]


def _from_all(entry: Json, sources: _Sources) -> dict[str, str]:
    prefix = entry.get("prefix") or ""
    for kind, field in _ENV_FROM:
        if field in entry:
            data = sources.data(kind, entry[field]) or {}
            return {prefix + k: v for k, v in data.items() if _NAME.fullmatch(prefix + k)}
    return {}


def _value(variable: Json, known: Mapping[str, str], pod: Json, sources: _Sources) -> str | None:
    if variable.get("value"):
        return expand(variable["value"], known)
    origin = variable.get("valueFrom") or {}
    for kind, field in _KEY_REFS:
        if field in origin:
            return sources.value(kind, origin[field])
    if "fieldRef" in origin:
        return _field(pod, origin["fieldRef"]["fieldPath"])
    if origin:
        raise ConfigError(f"{variable['name']}: {', '.join(origin)} is not played")
    return ""


def _field(pod: Json, path: str) -> str:
    if match := _SUBSCRIPT.fullmatch(path):
        entries: dict[str, str] = pod["metadata"].get(match[1]) or {}
        return entries.get(match[2], "")
    found: Any = pod
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, str):
        raise ConfigError(f"unsupported fieldPath: {path}")
    return found
