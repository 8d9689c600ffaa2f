"""Lists: what is selected, and page by page."""

import base64
import json

from sandbox.kubernetes import objects, selectors, statuses
from sandbox.kubernetes.calls import Call
from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.watches import Selection


def selection(where: Route, call: Call) -> Selection:
    """What a request's selectors choose; 400 for those that cannot be read."""
    resource = where.resource
    try:
        labels = selectors.label_matcher(call.query.get("labelSelector", ""))
        fields = selectors.field_matcher(call.query.get("fieldSelector", ""), resource.fields)
    except selectors.SelectorError as error:
        raise statuses.bad_request(str(error)) from error

    def matches(item: Json) -> bool:
        return labels(item["metadata"].get("labels") or {}) and fields(item)

    return Selection(resource, where.namespace, matches)


def listed(resource: Resource, items: list[Json], metadata: Json) -> Json:
    """A list as it is answered; its items do not say their kind."""
    bare = [
        {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
        for item in items
    ]
    kind = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
    return {**kind, "metadata": metadata, "items": bare}


def page(items: list[Json], call: Call, version: str) -> tuple[list[Json], Json]:
    """The page that limit and continue ask for, and the list's metadata."""
    token = _token(call.query.get("continue", ""))
    if token:
        after, version = tuple(token["after"]), token["version"]
        items = [item for item in items if _place(item) > after]
    found, left = objects.chunks(items, int(call.query.get("limit") or 0))
    metadata: Json = {"resourceVersion": version}
    if left:
        following = {"after": _place(found[-1]), "version": version}
        metadata["continue"] = base64.urlsafe_b64encode(json.dumps(following).encode()).decode()
        if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
            metadata["remainingItemCount"] = left
    return found, metadata


def _token(text: str) -> Json:
    try:
        found: Json = json.loads(base64.urlsafe_b64decode(text)) if text else {}
    except ValueError as error:
        message = f"continue key is not valid: {error}"
        raise statuses.bad_request(message) from error
    return found


def _place(item: Json) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
