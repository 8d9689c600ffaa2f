"""Lists: what is selected, at which version, and page by page."""

import base64
import json
from itertools import islice
from typing import NamedTuple

from sandbox.kubernetes import selectors, statuses
from sandbox.kubernetes.calls import Call
from sandbox.kubernetes.label_selectors import SelectorError, label_matcher
from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause, Named, StatusError
from sandbox.kubernetes.store import Store
from sandbox.kubernetes.watches import Selection

_FORMAT = "meta.k8s.io/v1"
_MATCHES = ("Exact", "NotOlderThan")
# In a token: whatever there is now.
_INCONSISTENT = -1


class _Token(NamedTuple):
    """Where a list goes on: after this place, at this version."""

    version: int
    after: tuple[str, str]


def selection(where: Route, call: Call) -> Selection:
    """What a request's selectors choose; 400 for those that cannot be read."""
    resource = where.resource
    try:
        labels = label_matcher(call.query.get("labelSelector", ""))
        text = call.query.get("fieldSelector", "")
        fields = selectors.field_matcher(text, resource.kind, resource.fields)
    except SelectorError as error:
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


def page(store: Store, chosen: Selection, call: Call) -> tuple[list[Json], Json]:
    """The page that is asked for, and the list's metadata; 410 for what is forgotten."""
    check_version(call)
    token = _token(call.query.get("continue", ""), chosen.namespace)
    limit = call.number("limit")
    if call.query.get("resourceVersion") == "0":
        # From the cache, which knows no pages.
        limit = 0
    with store.lock:
        version, items = _snapshot(store, chosen, call, token)
    items = [item for item in items if token is None or _place(item) > token.after]
    numbers = (number for number, item in enumerate(items) if chosen.matches(item))
    taken = list(islice(numbers, limit)) if limit > 0 else list(numbers)
    found = [items[number] for number in taken]
    metadata: Json = {"resourceVersion": str(version)}
    left = items[taken[-1] + 1 :] if taken else []
    if limit > 0 and len(found) == limit and left:
        following = _Token(version, _place(found[-1]))
        metadata["continue"] = _written(following, chosen.namespace)
        if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(left)
    return found, metadata


def _snapshot(
    store: Store, chosen: Selection, call: Call, token: _Token | None
) -> tuple[int, list[Json]]:
    """The objects at the version that is asked for."""
    storage, namespace = chosen.resource.storage, chosen.namespace
    wanted = int(call.query.get("resourceVersion") or 0)
    if wanted > store.version:
        raise _too_large(wanted, store.version)
    exact = call.query.get("resourceVersionMatch") == "Exact"
    version = token.version if token else wanted if exact else store.version
    if token and token.version == _INCONSISTENT:
        version = store.version
    items = store.items_at(version, storage, namespace)
    if items is not None:
        return version, items
    if token:
        raise _expired(token, namespace)
    raise statuses.gone("The resourceVersion for the provided list is too old.")


def check_version(call: Call) -> None:
    """500 or 422 for a version that is none, as the API server has it."""
    version, match = (
        call.query.get(key, "") for key in ("resourceVersion", "resourceVersionMatch")
    )
    if version and not version.isdigit():
        raise statuses.internal(
            f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing '
            f'"{version}": invalid syntax'
        )
    problems = []
    if match and call.flag("watch"):
        problems.append("resourceVersionMatch is forbidden for watch")
    if match and not version:
        problems.append("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match == "Exact" and version == "0":
        problems.append('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    causes = [_cause("FieldValueForbidden", f"Forbidden: {each}") for each in problems]
    if match and match not in _MATCHES:
        supported = ", ".join(f'"{each}"' for each in (*_MATCHES, ""))
        told = f'Unsupported value: "{match}": supported values: {supported}'
        causes.append(_cause("FieldValueNotSupported", told))
    if causes:
        raise statuses.invalid(Named("meta.k8s.io", "ListOptions"), causes)


def _cause(reason: str, message: str) -> Cause:
    return Cause("resourceVersionMatch", reason, message)


def _too_large(wanted: int, current: int) -> StatusError:
    why = "Too large resource version"
    cause = {"reason": "ResourceVersionTooLarge", "message": why}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    message = f"Timeout: {why}: {wanted}, current: {current}"
    return StatusError(504, "Timeout", message, details)


def _expired(token: _Token, namespace: str) -> StatusError:
    again = _written(_Token(_INCONSISTENT, token.after), namespace)
    return statuses.gone(
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter, or use the continue token in this "
        "response to retrieve the remainder of the results. Continuing with the provided token "
        "results in an inconsistent list - objects that were created, modified, or deleted "
        "between the time the first chunk was returned and now may show up in the list.",
        {"continue": again},
    )


def _written(token: _Token, namespace: str) -> str:
    place = token.after[1] if namespace else "/".join(token.after)
    content = {"v": _FORMAT, "rv": token.version, "start": f"{place}\0"}
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _token(text: str, namespace: str) -> _Token | None:
    if not text:
        return None
    try:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, start = content["v"], content.get("start", "").rstrip("\0")
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid_token(str(error)) from error
    if version != _FORMAT:
        raise _invalid_token(f'server does not recognize this encoded version "{version}"')
    if not content.get("rv"):
        raise _invalid_token(f"incorrect encoded start resourceVersion (version {_FORMAT})")
    place, _, name = start.rpartition("/")
    return _Token(content["rv"], (namespace or place, name))


def _invalid_token(why: str) -> StatusError:
    message = f"invalid continue token: continue key is not valid: {why}"
    return statuses.bad_request(message)


def _place(item: Json) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
