"""What somebody wants to do, as the rules of access name it: read from the path alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.kubernetes.calls import Call
from sandbox.kubernetes.schema import Json

_METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_NAMESPACES = {"status", "finalize"}
_ONE_NAME = re.compile(r"(?:^|,)metadata\.name==?([^,]+)")


@dataclass(frozen=True)
class Action:
    """A verb on a resource, with its subresource after a slash; or on a plain path."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def action(call: Call) -> Action:
    """What a request wants to do; nothing need be served there."""
    steps = [unquote(step) for step in call.path.strip("/").split("/")]
    group = ""
    if steps[0] == "apis" and len(steps) > 3:  # noqa: PLR2004
        group, steps = steps[1], steps[3:]
    elif steps[0] == "api" and len(steps) > 2:  # noqa: PLR2004
        steps = steps[2:]
    else:
        return Action(call.method.lower(), path=call.path)
    namespace = ""
    if steps[0] == "namespaces" and len(steps) > 1:
        namespace = steps[1]
        if len(steps) > 2 and steps[2] not in _OF_NAMESPACES:  # noqa: PLR2004
            steps = steps[2:]
    resource, name, sub = [*steps, "", ""][:3]
    name = name or _chosen_name(call)
    resource += f"/{sub}" if sub else ""
    return Action(_verb(call, of_one=bool(steps[1:])), group, resource, namespace, name)


def _verb(call: Call, *, of_one: bool) -> str:
    verb = _METHODS.get(call.method, "get")
    if of_one:
        return verb
    if verb == "get":
        return "watch" if call.flag("watch") else "list"
    return "deletecollection" if verb == "delete" else verb


def _chosen_name(call: Call) -> str:
    """The only name that a list or a watch asks for."""
    match = _ONE_NAME.search(call.query.get("fieldSelector", ""))
    return match[1] if match else ""


def reviewed(review: Json) -> Action:
    """What a SelfSubjectAccessReview asks about."""
    spec = review.get("spec", {})
    if path := spec.get("nonResourceAttributes"):
        return Action(path.get("verb", ""), path=path.get("path", ""))
    wanted: Mapping[str, str] = spec.get("resourceAttributes") or {}
    resource, sub = wanted.get("resource", ""), wanted.get("subresource", "")
    return Action(
        wanted.get("verb", ""),
        wanted.get("group", ""),
        f"{resource}/{sub}" if sub else resource,
        wanted.get("namespace", ""),
        wanted.get("name", ""),
    )
