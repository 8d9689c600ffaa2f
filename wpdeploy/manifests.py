"""Manifests: the templates of k8s/wordpress, rendered, read and checked.

A value enters a template as JSON, which YAML reads as one scalar, list or mapping, whatever it
holds: that only works where `{{ value }}` stands alone as a value, so a template in which it does
not is refused.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError, Undefined

from wpdeploy import files, json_in_yaml, strict_yaml
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import KINDS, RANK, Manifest, title
from wpdeploy.strict_yaml import StrictYamlError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_BEFORE = re.compile(r"(?:^|[-:\[{,])\s+\Z|[\[{,]\Z", re.MULTILINE)
_AFTER = re.compile(r"[ \t]*(?:\Z|\n|[\]},]|#)| +#")


def render(context: DeploymentContext, values: Mapping[str, object]) -> tuple[Manifest, ...]:
    """The objects of all templates in the order of applying; a template may render to none."""
    directory = context.bundle / "k8s" / "wordpress"
    templates = sorted(directory.glob("*.yaml.j2"))
    if not templates:
        raise ManifestError(context.shown(directory), "there is no template (*.yaml.j2)")
    problems: list[str] = []
    found: list[tuple[str, Manifest]] = []
    for template in templates:
        try:
            found += _objects(template, values)
        except _TemplateFault as fault:
            problems.append(f"{template.name}: {fault}")
    problems += _duplicates(found)
    if problems:
        raise ManifestError(context.shown(directory), problems)
    return tuple(sorted((manifest for _, manifest in found), key=_order))


def stamp(
    manifests: Sequence[Manifest], namespace: str, labels: Mapping[str, str]
) -> tuple[Manifest, ...]:
    """The manifests with the namespace and the labels by which wpdeploy knows its own."""
    return tuple(_stamped(manifest, namespace, labels) for manifest in manifests)


class _TemplateFault(Exception):
    """What is wrong with one template."""


def _order(manifest: Manifest) -> tuple[int, str]:
    return RANK[manifest["kind"]], manifest["metadata"]["name"]


def _objects(template: Path, values: Mapping[str, object]) -> Iterator[tuple[str, Manifest]]:
    text = _rendered(template, values)
    try:
        document = strict_yaml.load(text)
    except StrictYamlError as error:
        line = (
            text.split("\n")[error.line - 1].strip() if error.line <= text.count("\n") + 1 else ""
        )
        raise _TemplateFault(f"rendered line {error.line}, `{line}`: {error.problem}") from None
    if document is not None:
        yield template.name, _checked(document)


def _rendered(template: Path, values: Mapping[str, object]) -> str:
    environment = Environment(  # noqa: S701  # its escaping is for HTML; _as_json is ours
        undefined=StrictUndefined, finalize=_as_json, trim_blocks=True, lstrip_blocks=True
    )
    try:
        source = files.read_text(template)
        _check_places(environment, source)
        return environment.from_string(source).render(values)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or _line_of(error)
        raise _TemplateFault(f"line {line}: {error.message}") from None
    except (ValueError, TypeError) as error:
        raise _TemplateFault(str(error)) from None


def _line_of(error: BaseException) -> int:
    """The template's line on which the error rose; jinja2 puts template frames in tracebacks."""
    frame, line = error.__traceback__, 0
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _as_json(value: object) -> object:
    if isinstance(value, Undefined):
        return value  # jinja2 raises the error when it is put into the text
    return json_in_yaml.dumps(value, default=dataclasses.asdict)


def _check_places(environment: Environment, source: str) -> None:
    tokens = list(environment.lex(source))
    for index, (line, kind, _) in enumerate(tokens):
        if kind == "variable_begin":
            before = tokens[index - 1] if index else (1, "data", "")
            if before[1] != "data" or not _BEFORE.search("\n" + before[2]):
                raise _TemplateFault(
                    f"line {line}: {{{{ ... }}}} must stand alone as a value, {_HOW}"
                )
        if kind == "variable_end" and index + 1 < len(tokens):
            after = tokens[index + 1]
            if after[1] == "variable_begin" or (after[1] == "data" and not _AFTER.match(after[2])):
                raise _TemplateFault(f"line {line}: something follows {{{{ ... }}}}; {_HOW}")


_HOW = 'unquoted and unjoined; join inside of it: {{ name ~ "-cron" }}'


def _checked(document: object) -> Manifest:
    if not isinstance(document, dict):
        raise _TemplateFault("is not an object with apiVersion, kind and metadata")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise _TemplateFault(f"kind is {kind!r}, but must be one of {', '.join(KINDS)}")
    if document.get("apiVersion") not in KINDS[kind].api_versions:
        known = " or ".join(KINDS[kind].api_versions)
        raise _TemplateFault(
            f"apiVersion of a {kind} is {document.get('apiVersion')!r}, not {known}"
        )
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _TemplateFault(f"metadata.name is {name!r}, which is no name of an object")
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
    given = metadata.get("namespace", namespace)
    if given != namespace:
        raise ManifestError(
            title(manifest),
            f'metadata.namespace is "{given}", but the environment\'s namespace is "{namespace}"',
            "leave it out: wpdeploy fills it in",
        )
    own = metadata.get("labels") or {}
    return manifest | {"metadata": metadata | {"namespace": namespace, "labels": {**own, **labels}}}
