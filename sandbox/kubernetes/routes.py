"""Paths of the API, read."""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from sandbox.kubernetes.resources import Catalog, Resource
from sandbox.kubernetes.statuses import NoSuchGroup, no_such_path

_CORE = "api"
_GROUPS = "apis"
_NAMESPACES = "namespaces"
_OF_NAMESPACES = {"status", "finalize"}


@dataclass(frozen=True)
class Route:
    """What a path leads to; `rest` is what follows a proxy subresource."""

    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""
    rest: str = ""


class _Parts(NamedTuple):
    group: str
    version: str
    steps: list[str]


def route(catalog: Catalog, path: str) -> Route:
    """The route of a path; 404 where nothing is served."""
    parts = _split(path)
    if parts.group not in catalog.groups():
        raise NoSuchGroup
    steps, namespace = parts.steps, ""
    inside = len(steps) > 2 and steps[2] not in _OF_NAMESPACES  # noqa: PLR2004
    if steps and steps[0] == _NAMESPACES and inside:
        namespace, steps = steps[1], steps[2:]
    resource = catalog.find(parts.group, parts.version, steps[0]) if steps else None
    if resource is None or (namespace and not resource.namespaced):
        raise no_such_path()
    padded = [*steps[1:], "", ""][:2]
    return Route(resource, namespace, padded[0], padded[1], "/".join(steps[3:]))


def _split(path: str) -> _Parts:
    steps = [unquote(step) for step in path.split("/")[1:]]
    if steps and not steps[-1] and "proxy" not in steps:
        steps.pop()
    if steps[:1] == [_CORE] and len(steps) > 2:  # noqa: PLR2004
        return _Parts("", steps[1], steps[2:])
    if steps[:1] == [_GROUPS] and len(steps) > 3:  # noqa: PLR2004
        return _Parts(steps[1], steps[2], steps[3:])
    raise NoSuchGroup
