"""The body of a server-side apply: read, and refused where its types are wrong."""

from typing import Any

import yaml

from sandbox.kubernetes import typed
from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import bad_request, internal

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def apply_body(resource: Resource, body: bytes, profile: str, namespace: str) -> Json:
    """The configuration that is applied; 400 or 500 as the API server answers."""
    patch = _read(body)
    version = patch.get("apiVersion", "")
    if version != resource.api_version:
        raise bad_request(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{version}, expected: {resource.api_version}"
        )
    if patch.get("metadata", {}).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if problems := typed.problems(resource.type, patch):
        told = problems[0] if len(problems) == 1 else "errors:\n  " + "\n  ".join(problems)
        where = "" if profile == "1.20" else _where(resource, patch, namespace)
        raise internal(f"failed to create typed patch object{where}: {told}")
    return patch


def _read(body: bytes) -> Json:
    try:
        found: Any = yaml.load(body, Loader=_LOADER)  # noqa: S506  # a safe loader, in C
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {_told(error)}") from error
    if not isinstance(found, dict):
        raise bad_request("error decoding YAML: error unmarshaling JSON: the body is no object")
    return found


def _told(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", error)
    line = f"line {mark.line}: " if mark else ""
    return f"error converting YAML to JSON: yaml: {line}{problem}"


def _where(resource: Resource, patch: Json, namespace: str) -> str:
    name = patch.get("metadata", {}).get("name", "")
    place = f"{namespace}/{name}" if namespace else name
    return f" ({place}; {resource.api_version}, Kind={resource.kind})"
