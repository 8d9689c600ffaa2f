"""Record: what the cluster remembers of one deployment, as a ConfigMap.

It has all that a rollback restores and no parameter's value: which parameters in which version, the
name of their Secret, and the manifests, which refer to values by that name alone.
"""

import dataclasses
import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from wpdeploy.errors import ManifestError
from wpdeploy.kinds import Manifest, labels
from wpdeploy.release import Release

# The label by which records are found; its value is the number.
LABEL = "wpdeploy/record"
INTERRUPTED = "interrupted"
_PLAIN, _PACKED = "record.json", "record.json.gz"
# Bytes. What is larger is compressed; the API server takes 1 MiB, for both kinds of data together.
_COMPRESSED_FROM = 16 * 1024
LARGE, LARGEST = 512 * 1024, 1_000_000
# Nothing that wpdeploy writes; more would be made to fill the memory of who reads it.
_LONGEST = 64 * 1024 * 1024
_REASON = 1000
_TEXTS = [key for key in Release.__dataclass_fields__ if key != "versions"]
# What reading something that is no record ends in, beside a ValueError.
_GARBAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, zlib.error)


class Result(StrEnum):
    """How a deployment ended, or that it has not."""

    APPLYING = "applying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class AppliedAt:
    """When the release was applied, by the API server's clock, and what the Deployment was then.

    Its generation, and the images of its pods by container: records of earlier versions have none.
    """

    since: datetime
    generation: int
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedParameter:
    """A parameter without its value: what it feeds, its full name in SSM, which version it was."""

    env: str
    secret: bool
    name: str
    version: int
    modified: str


@dataclass(frozen=True)
class Record:
    """A deployment of an environment; times are the API server's, in whole seconds.

    `config` names its Secret and ConfigMap, which are not among the manifests; `env` has the plain
    variables of that ConfigMap, `parameters` the others by their names in k8s/parameters.yaml.
    `restores` is the number of the record that a rollback restores.
    """

    number: int
    deployment_id: str
    group: str
    result: Result
    started: datetime
    ended: datetime | None
    reason: str
    restores: int | None
    release: Release
    config: str
    env: Mapping[str, str]
    parameters: Mapping[str, RecordedParameter]
    manifests: tuple[Manifest, ...]
    applied: AppliedAt | None

    @property
    def told(self) -> str:
        """How it is called in messages."""
        return f"deployment #{self.number} ({self.deployment_id})"

    def settled(self, result: Result, ended: datetime | None, reason: str = "") -> "Record":
        """The record of the same deployment after its end; None: nobody knows when that was."""
        cut = reason if len(reason) <= _REASON else reason[: _REASON - 3] + "..."
        whole = ended and ended.replace(microsecond=0)
        return dataclasses.replace(self, result=result, ended=whole, reason=cut)

    def standing(self, holder: str) -> str:
        """Its result as people read it: what nobody is at work on any more was interrupted."""
        is_left = self.result is Result.APPLYING and holder != self.deployment_id
        return INTERRUPTED if is_left else self.result.value


def identity(record: Record, namespace: str, instance: str) -> Manifest:
    """The record's ConfigMap without what it holds."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{instance}-record-{record.number}",
            "namespace": namespace,
            "labels": labels(instance) | {LABEL: str(record.number)},
        },
    }


def encode(record: Record, namespace: str, instance: str) -> Manifest:
    """The record's ConfigMap; a ManifestError where it is more than one can hold."""
    content = json.dumps(dataclasses.asdict(record), default=datetime.isoformat).encode()
    data: Manifest = {"data": {_PLAIN: content.decode()}}
    if len(content) > _COMPRESSED_FROM:
        content = gzip.compress(content, mtime=0)
        data = {"binaryData": {_PACKED: b64encode(content).decode()}}
    if len(content) > LARGEST:
        raise _too_large(record, len(content))
    return identity(record, namespace, instance) | data


def stored_bytes(manifest: Manifest) -> int:
    """How much of a ConfigMap's room the record takes."""
    packed = manifest.get("binaryData", {}).get(_PACKED)
    return len(b64decode(packed)) if packed else len(manifest["data"][_PLAIN].encode())


def decode(manifest: Manifest) -> Record:
    """The record of a ConfigMap; a ValueError for what is none, or cannot be understood."""
    try:
        record = _record(json.loads(_content(manifest)))
        name = manifest["metadata"]["name"]
        if not name.endswith(f"-record-{record.number}"):
            raise ValueError(f"holds the record #{record.number}")
    except _GARBAGE as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return record


def number_of(manifest: Manifest) -> int:
    """The number by the record's label, for what else cannot be read; 0 for what is none."""
    number = manifest["metadata"]["labels"][LABEL]
    return int(number) if number.isdecimal() and number.isascii() else 0


def _too_large(record: Record, size: int) -> ManifestError:
    return ManifestError(
        record.told,
        f"its manifests make a record of {size // 1024} KiB, compressed, and a ConfigMap holds "
        f"{LARGEST // 1024} KiB of it",
        "nothing was changed; make the templates smaller: what is large belongs into the image",
    )


def _content(manifest: Manifest) -> bytes:
    plain = (manifest.get("data") or {}).get(_PLAIN)
    if plain is not None:
        return bytes(plain.encode())
    reader = zlib.decompressobj(wbits=31)
    content = reader.decompress(b64decode(manifest["binaryData"][_PACKED]), _LONGEST)
    if not reader.eof:
        raise ValueError("is cut off, or longer than any record")
    return content


def _record(document: dict[str, Any]) -> Record:
    applied, restores = document["applied"], document["restores"]
    release, parameters = document["release"], document["parameters"]
    return Record(
        number=_number(document["number"]),
        deployment_id=_text(document["deployment_id"]),
        group=_text(document["group"]),
        result=Result(document["result"]),
        started=_time(document["started"]),
        ended=_time(document["ended"]) if document["ended"] else None,
        reason=_text(document["reason"]),
        restores=None if restores is None else _number(restores),
        release=_release(release),
        config=_text(document["config"]),
        env={key: _text(value) for key, value in document["env"].items()},
        parameters={name: parameter(value) for name, value in parameters.items()},
        manifests=tuple(_manifest(item) for item in document["manifests"]),
        applied=applied_at(applied) if applied else None,
    )


def _release(document: Mapping[str, Any]) -> Release:
    """The release that JSON holds: other versions of wpdeploy recorded less of it, or more."""
    versions = {key: _text(value) for key, value in document.get("versions", {}).items()}
    texts = {key: _text(document[key]) for key in _TEXTS if key in document}
    return Release(**texts, versions=versions)


def parameter(document: Mapping[str, Any]) -> RecordedParameter:
    """The parameter that JSON holds; a LookupError or TypeError for what is none."""
    return RecordedParameter(
        env=_text(document["env"]),
        secret=bool(document["secret"]),
        name=_text(document["name"]),
        version=_number(document["version"]),
        modified=_text(document["modified"]),
    )


def applied_at(document: Mapping[str, Any]) -> AppliedAt:
    """The time and generation that JSON holds; a LookupError or TypeError for what is none."""
    since, generation = _time(document["since"]), _number(document["generation"])
    images = document.get("images", {})
    return AppliedAt(since, generation, {key: _text(value) for key, value in images.items()})


def _manifest(document: Any) -> Manifest:
    """A manifest as far as whoever applies or names it relies on it."""
    for value in (document["apiVersion"], document["kind"]):
        _text(value)
    for key in ("name", "namespace"):
        _text(document["metadata"][key])
    found: Manifest = document
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is no text")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r:.80} is no whole number")
    return value


def _time(value: Any) -> datetime:
    return datetime.fromisoformat(_text(value)).astimezone(UTC)
