"""Manifests: the objects that the templates of k8s/wordpress make, checked and in order."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wpdeploy import files, templates
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import JOB, KINDS, RANK, Manifest, title
from wpdeploy.templates import TemplateFault

_KINDS = [kind for kind in KINDS if kind != "Secret"]
_ON_DISK = (
    "a template makes no Secret: what is rendered is written to disk; "
    "name the value in k8s/parameters.yaml"
)
# A Job's name is a label of its pods.
_LONGEST_JOB_NAME = 63
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def render(context: DeploymentContext, values: Mapping[str, object]) -> tuple[Manifest, ...]:
    """The objects of all templates in the order of applying; a template may render to none.

    The name of a Job ends in a hash over its content.
    """
    directory = context.bundle / "k8s" / "wordpress"
    found_files = sorted(directory.glob("*.yaml.j2"))
    if not found_files:
        raise ManifestError(context.shown(directory), "there is no template (*.yaml.j2)")
    problems = [
        f"{path.name}: is no template: its name must end in .yaml.j2"
        for path in sorted(directory.glob("*.y*ml"))
    ]
    found: list[tuple[str, Manifest]] = []
    for template in found_files:
        try:
            found += _objects(template, values)
        except TemplateFault as fault:
            problems.append(f"{template.name}: {fault}")
    problems += _duplicates(found)
    if problems:
        raise ManifestError(context.shown(directory), problems)
    return tuple(sorted((_unique(manifest) for _, manifest in found), key=_order))


def stamp(
    manifests: Sequence[Manifest], namespace: str, labels: Mapping[str, str]
) -> tuple[Manifest, ...]:
    """The manifests with the namespace and the labels by which wpdeploy knows its own."""
    return tuple(_stamped(manifest, namespace, labels) for manifest in manifests)


def _unique(manifest: Manifest) -> Manifest:
    """A Job with a hash over all of it in its name: a Job is immutable, so another is a new one."""
    if manifest["kind"] != JOB:
        return manifest
    metadata = manifest["metadata"]
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:10]
    start = metadata["name"][: _LONGEST_JOB_NAME - len(digest) - 1].rstrip("-.")
    return manifest | {"metadata": metadata | {"name": f"{start}-{digest}"}}


def _order(manifest: Manifest) -> tuple[int, str]:
    return RANK[manifest["kind"]], manifest["metadata"]["name"]


def _objects(template: Path, values: Mapping[str, object]) -> Iterator[tuple[str, Manifest]]:
    try:
        document = templates.load(files.read_text(template), values)
    except ValueError as error:
        raise TemplateFault(str(error)) from None
    if document is not None:
        yield template.name, _checked(document)


def _checked(document: object) -> Manifest:
    if not isinstance(document, dict):
        raise TemplateFault("is not an object with apiVersion, kind and metadata")
    kind = document.get("kind")
    if kind == "Secret":
        raise TemplateFault(_ON_DISK)
    if not isinstance(kind, str) or kind not in KINDS:
        raise TemplateFault(f"kind is {kind!r}, but must be one of {', '.join(_KINDS)}")
    if document.get("apiVersion") not in KINDS[kind].api_versions:
        known = " or ".join(KINDS[kind].api_versions)
        raise TemplateFault(
            f"apiVersion of a {kind} is {document.get('apiVersion')!r}, not {known}"
        )
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise TemplateFault(f"metadata.name is {name!r}, which is no name of an object")
    labels = document["metadata"].get("labels") or {}
    if not isinstance(labels, dict):
        raise TemplateFault(f"metadata.labels is {labels!r}, but must be a mapping")
    return document


def _duplicates(found: Sequence[tuple[str, Manifest]]) -> Iterator[str]:
    first: dict[str, str] = {}
    for template, manifest in found:
        name = title(manifest)
        if name in first:
            yield f"{template}: {name} is already in {first[name]}"
        first.setdefault(name, template)


def _stamped(manifest: Manifest, namespace: str, labels: Mapping[str, str]) -> Manifest:
    metadata: dict[str, Any] = manifest["metadata"]
    given = metadata.get("namespace")
    if given is not None and given != namespace:
        raise ManifestError(
            title(manifest),
            f'metadata.namespace is "{given}", but the environment\'s namespace is "{namespace}"',
            "leave it out: wpdeploy fills it in",
        )
    own = metadata.get("labels") or {}
    return manifest | {"metadata": metadata | {"namespace": namespace, "labels": {**own, **labels}}}
