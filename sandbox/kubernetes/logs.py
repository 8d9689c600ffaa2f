"""pods/log: what is asked of a node's kubelet, and how its answers are handed on."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus

import aiohttp
from aiohttp import web

from sandbox.kubernetes import statuses
from sandbox.kubernetes.calls import Call
from sandbox.kubernetes.causes import wrong
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.statuses import Cause, Named, StatusError
from sandbox.kubernetes.store import Store

_FLAGS = ("follow", "previous", "timestamps")
_PASSED_ON = ("sinceSeconds", "sinceTime", "tailLines", "limitBytes")
# The least value of each option that is a number.
_LEAST = {"tailLines": 0, "sinceSeconds": 1, "limitBytes": 1}


async def answered(
    session: aiohttp.ClientSession, store: Store, route: Route, call: Call
) -> web.StreamResponse:
    """The log of a container, from its kubelet."""
    if call.method != "GET":
        raise statuses.method_not_allowed()
    numbers = {option: call.number(option) for option in _LEAST if option in call.query}
    pod = store.get(("/pods", route.namespace, route.name))
    if pod is None:
        raise statuses.not_found(Named("", "pods", route.name))
    container = _container(pod, call.query.get("container", ""))
    if causes := list(_wrong_options(call.query, numbers)):
        raise statuses.invalid(Named("", "PodLogOptions", route.name), causes)
    node = store.get(("/nodes", "", pod["spec"].get("nodeName", "")))
    if node is None:
        # A pod without a node has no log yet.
        return web.Response(status=HTTPStatus.NO_CONTENT)
    host, port = _kubelet(node)
    where = f"containerLogs/{route.namespace}/{route.name}/{container}"
    query = {key: call.query[key] for key in _PASSED_ON if key in call.query}
    query |= {key: "true" for key in _FLAGS if call.flag(key)}
    return await _fetched(session, f"https://{host}:{port}/{where}", query, route)


async def _fetched(
    session: aiohttp.ClientSession, url: str, query: Mapping[str, str], route: Route
) -> web.Response:
    try:
        async with session.get(url, params=query, ssl=False) as answer:
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise StatusError(500, "", f'Get "{url}": {error}') from error
    if answer.status != HTTPStatus.OK:
        raise _kubelet_error(answer.status, text.decode(errors="replace"), route)
    return web.Response(body=text, headers={"Content-Type": "text/plain"})


def _container(pod: Json, wanted: str) -> str:
    name, spec = pod["metadata"]["name"], pod["spec"]
    main = [each["name"] for each in spec["containers"]]
    names = [each["name"] for each in spec.get("initContainers", ())] + main
    if not wanted and len(main) == 1:
        return str(main[0])
    if not wanted:
        choice = f"choose one of: [{' '.join(names)}]"
        raise statuses.bad_request(f"a container name must be specified for pod {name}, {choice}")
    if wanted not in names:
        raise statuses.bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _wrong_options(query: Mapping[str, str], numbers: Mapping[str, int]) -> Iterator[Cause]:
    for option, number in numbers.items():
        if number < _LEAST[option]:
            least = "or equal to 0" if _LEAST[option] == 0 else "0"
            yield wrong(option, str(number), f"must be greater than {least}")
    if "sinceTime" in query and "sinceSeconds" in query:
        why = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        yield Cause("[]", "FieldValueForbidden", f"Forbidden: {why}")


def _kubelet(node: Json) -> tuple[str, int]:
    status = node["status"]
    addresses = {each["type"]: each["address"] for each in status.get("addresses", ())}
    return addresses["InternalIP"], status["daemonEndpoints"]["kubeletEndpoint"]["Port"]


def _kubelet_error(code: int, text: str, route: Route) -> StatusError:
    if code == HTTPStatus.BAD_REQUEST:
        return statuses.bad_request(_message(text))
    subject = Named("", "pods/log", route.name)
    if code == HTTPStatus.NOT_FOUND:
        message = f"the server could not find the requested resource ( {subject.kind} {route.name})"
        return StatusError(404, "NotFound", message, subject.details)
    return StatusError(code, "InternalError", _message(text), {})


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text
