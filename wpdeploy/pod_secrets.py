"""Which Secrets a pod's containers have values from, and which values those are."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from wpdeploy.parts import required_time

_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105  # a type of Secrets
# What such a Secret holds beside the token: every pod's log may have it.
_PUBLIC = {"ca.crt", "namespace"}
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def names(spec: Mapping[str, Any]) -> list[str]:
    """The names of the Secrets that a pod's spec refers to."""
    found = [*_of_containers(spec), *_of_volumes(spec)]
    return sorted({name for name in found if name})


def values(secret: Mapping[str, Any]) -> Iterator[str]:
    """The values of a Secret: whole, line by line, and as it has them, in base64."""
    is_token = secret.get("type") == _TOKEN_TYPE
    for key, encoded in (secret.get("data") or {}).items():
        if is_token and key in _PUBLIC:
            continue
        value = b64decode(encoded).decode("utf-8", "backslashreplace")
        yield from (encoded, value)
        # A log has one line after the other, and no line end of a file that became a value.
        yield from (line.strip() for line in value.splitlines())


def changed(secret: Mapping[str, Any]) -> datetime:
    """When a Secret was last changed; what it held before that nobody knows."""
    metadata = secret["metadata"]
    times = [metadata["creationTimestamp"]]
    if not secret.get("immutable"):
        times += [entry.get("time") for entry in metadata.get("managedFields") or []]
    return max(required_time(text) for text in times if text)


def _of_containers(spec: Mapping[str, Any]) -> Iterator[str]:
    for kind in _CONTAINERS:
        for container in spec.get(kind) or []:
            for source in container.get("envFrom") or []:
                yield (source.get("secretRef") or {}).get("name", "")
            for variable in container.get("env") or []:
                origin = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
                yield origin.get("name", "")


def _of_volumes(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in spec.get("volumes") or []:
        yield (volume.get("secret") or {}).get("secretName", "")
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield (source.get("secret") or {}).get("name", "")
