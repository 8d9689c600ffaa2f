"""Manifests: the objects that the files of k8s/ make, checked and in order."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wpdeploy import files, strict_yaml, templates
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import ADMINISTERED, JOB, KINDS, Kind, Manifest, kind_of, title
from wpdeploy.strict_yaml import StrictYamlError
from wpdeploy.templates import TemplateFault

_ON_DISK = (
    "a template makes no Secret: what is rendered is written to disk; "
    "name the value in k8s/parameters.yaml"
)
_TEMPLATES, _PLAIN = "*.yaml.j2", "*.y*ml"
# A Job's name is a label of its pods.
_LONGEST_JOB_NAME = 63
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def render(context: DeploymentContext, values: Mapping[str, object]) -> tuple[Manifest, ...]:
    """The objects of all templates of k8s/wordpress in the order of applying.

    A template may render to none. The name of a Job ends in a hash over its content.
    """
    directory = context.bundle / "k8s" / "wordpress"
    found = sorted(directory.glob(_TEMPLATES))
    problems = [
        f"{path.name}: is no template: its name must end in .yaml.j2"
        for path in sorted(directory.glob(_PLAIN))
    ]
    rendered = _rendered(context.shown(directory), found, values, KINDS, problems)
    return _ordered(map(_unique, rendered), KINDS)


def render_cluster(
    context: DeploymentContext, values: Mapping[str, object]
) -> tuple[Manifest, ...]:
    """The objects of k8s/cluster in the order of applying: its templates', and plain YAML's."""
    directory = context.bundle / "k8s" / "cluster"
    found = sorted([*directory.glob(_TEMPLATES), *directory.glob(_PLAIN)])
    rendered = _rendered(context.shown(directory), found, values, ADMINISTERED, [])
    return _ordered(rendered, ADMINISTERED)


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


def _ordered(found: Iterable[Manifest], kinds: Mapping[str, Kind]) -> tuple[Manifest, ...]:
    ranks = {kind: rank for rank, kind in enumerate(kinds)}
    return tuple(sorted(found, key=lambda item: (ranks[item["kind"]], item["metadata"]["name"])))


def _rendered(
    where: str,
    sources: Sequence[Path],
    values: Mapping[str, object],
    kinds: Mapping[str, Kind],
    problems: list[str],
) -> list[Manifest]:
    """The objects that the files make; all problems at once, with those known before."""
    if not sources:
        raise ManifestError(where, "there is no template (*.yaml.j2)")
    found: list[tuple[str, Manifest]] = []
    for source in sources:
        try:
            found += [(source.name, _checked(item, kinds)) for item in _documents(source, values)]
        except TemplateFault as fault:
            problems.append(f"{source.name}: {fault}")
    problems += _duplicates(found)
    if problems:
        raise ManifestError(where, problems)
    return [manifest for _, manifest in found]


def _documents(source: Path, values: Mapping[str, object]) -> list[object]:
    try:
        text = files.read_text(source)
        if source.suffix == ".j2":
            document = templates.load(text, values)
            return [] if document is None else [document]
        return strict_yaml.load_all(text)
    except (ValueError, StrictYamlError) as error:
        raise TemplateFault(str(error)) from None


def _checked(document: object, kinds: Mapping[str, Kind]) -> Manifest:
    if not isinstance(document, dict):
        raise TemplateFault("is not an object with apiVersion, kind and metadata")
    kind = document.get("kind")
    if kind == "Secret":
        raise TemplateFault(_ON_DISK)
    if not isinstance(kind, str) or kind not in kinds:
        known = ", ".join(each for each in kinds if each != "Secret")
        raise TemplateFault(f"kind is {kind!r}, but must be one of {known}")
    if document.get("apiVersion") not in kinds[kind].api_versions:
        known = " or ".join(kinds[kind].api_versions)
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
    own = {**(metadata.get("labels") or {}), **labels}
    if not kind_of(manifest).namespaced:
        return manifest | {"metadata": metadata | {"labels": own}}
    given = metadata.get("namespace")
    if given is not None and given != namespace:
        raise ManifestError(
            title(manifest),
            f'metadata.namespace is "{given}", but the environment\'s namespace is "{namespace}"',
            "leave it out: wpdeploy fills it in",
        )
    return manifest | {"metadata": metadata | {"namespace": namespace, "labels": own}}
