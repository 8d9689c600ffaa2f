"""Objects on their way in and out: decoded, defaulted, shown in the version that was asked for."""

import random
import uuid
from typing import Any

from sandbox.kubernetes import defaults
from sandbox.kubernetes.codec import DecodeError, normalized
from sandbox.kubernetes.conversion import converted
from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.schema import Json, with_metadata
from sandbox.kubernetes.statuses import StatusError, bad_request, internal

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX = 5


def decoded(resource: Resource, body: Any) -> Json:
    """An object from a request's body, complete with its defaults; raises 400."""
    if not isinstance(body, dict):
        raise bad_request("couldn't get version/kind; json parse error: the body is no object")
    _check_kind(resource, body)
    try:
        return completed(resource, body)
    except DecodeError as error:
        raise _cannot_be_handled(resource, error) from error


def completed(resource: Resource, value: Json) -> Json:
    """A value in the API server's form, with its defaults."""
    item: Json = normalized(resource.type, value)
    defaults.fill(resource.type, item)
    return item | {"kind": resource.kind, "apiVersion": resource.api_version}


def applied(resource: Resource, merged: Json) -> Json:
    """An object that a server-side apply has made; 500 for what no type can hold."""
    try:
        return completed(resource, merged)
    except DecodeError as error:
        raise internal(
            "failed to convert new object to proper version: unable to convert unstructured "
            f"object to {resource.api_version}, Kind={resource.kind}: {error.problem}"
        ) from error


def blank(resource: Resource) -> Json:
    """An object of which nothing is said."""
    empty: Json = normalized(resource.type, {})
    return empty | {"kind": resource.kind, "apiVersion": resource.api_version}


def patched(resource: Resource, value: Json) -> Json:
    """An object that a patch has made; that it says nothing of managers is not forgotten."""
    item = decoded(resource, value)
    if value["metadata"].get("managedFields") in ([], [{}]):
        item["metadata"]["managedFields"] = []
    return item


def _check_kind(resource: Resource, body: Json) -> None:
    version = body.get("apiVersion") or resource.api_version
    kind = body.get("kind") or resource.kind
    unusable = f'{kind} in version "{version}" cannot be handled as a {resource.kind}: '
    if version != resource.api_version:
        raise bad_request(
            f'{unusable}no kind "{kind}" is registered for version "{version}" in scheme '
            '"pkg/api/legacyscheme/scheme.go:30"'
        )
    if kind != resource.kind:
        package = resource.struct.partition(".")[0].removesuffix("beta")
        raise bad_request(
            f"{unusable}converting ({resource.version}.{kind}) to ({package}.{resource.kind}): "
            "unknown conversion"
        )


def _cannot_be_handled(resource: Resource, error: DecodeError) -> StatusError:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a '
        f"{resource.kind}: {error}"
    )


def shown(resource: Resource, item: Json) -> Json:
    """A stored object in the version of the resource."""
    if item["apiVersion"] == resource.api_version:
        return item
    return converted(item, resource.api_version)


def without_managers(item: Json) -> Json:
    """A copy without its managedFields."""
    return with_metadata(item, managedFields=None)


def clone(item: Json) -> Json:
    """A copy that may be changed."""
    found: Json = _cloned(item)
    return found


def _cloned(value: Any) -> Any:
    # JSON is a tree: a fraction of the time of copy.deepcopy, which looks out for cycles.
    if isinstance(value, dict):
        return {key: _cloned(item) for key, item in value.items()}
    return [_cloned(item) for item in value] if isinstance(value, list) else value


def generated(prefix: str) -> str:
    """A name by metadata.generateName."""
    return prefix + "".join(random.choices(_ALPHABET, k=_SUFFIX))


def new_uid() -> str:
    """A new identity."""
    return str(uuid.uuid4())


def same(left: Json, right: Json) -> bool:
    """Whether nothing but the version differs."""
    return with_metadata(left, resourceVersion=None) == with_metadata(right, resourceVersion=None)


def owner(item: Json) -> Json | None:
    """The reference to the object's controller."""
    references = item["metadata"].get("ownerReferences") or ()
    return next((each for each in references if each.get("controller")), None)


def reference(item: Json) -> Json:
    """A controller's reference to itself, for what it makes."""
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "uid": item["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
