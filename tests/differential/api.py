"""Requests to either API server, and answers made comparable."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

import urllib3

Json = dict[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

# Fields of a kind that are not compared, on purpose.
LEFT_OUT = {
    # No token Secrets are made for ServiceAccounts: nobody reads them. In the real cluster they
    # come when they come.
    "secrets": "ServiceAccount",
}
# Headers of an answer that are compared.
_TELLING = ("Content-Type", "Location", "Retry-After", "Warning")
_PATIENCE = 60.0
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ADDRESS = re.compile(r"\b10\.(?:96|244)\.\d+\.\d+\b")
# The hash of a template, the suffixes of generated names.
_HASHED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
_END = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
_NODE = re.compile(r"(?<= to )node-\d+\b")
_CONTAINER = re.compile(r"containerd://[0-9a-f]{64}")
_HASH = re.compile(r"(?<![a-z])[bcdfghjklmnpqrstvwxz2456789]{8,10}\b")
_VERSIONED = {"resourceVersion"}
# Lists in no order: of one second, or of a map in Go.
_UNORDERED = {"managedFields", "causes"}
_OPAQUE = {"continue", "ca.crt"}
_TEMPLATE = re.compile(r"core\.PodTemplateSpec\{.*\}(?=: field is immutable)")
# The versions that a refusal names.
_RECORD = re.compile(r"(?<=precondition \()\d+|(?<=record \()\d+|(?<=current: )\d+")
# What a decoder says of a wrong type: of the text around it, in words of its own.
_DECODER = re.compile(r"(cannot be handled as a \w+: )(?!no kind|converting).*", re.DOTALL)
_CONTROLLERS = {"kube-controller-manager", "kube-scheduler"}
_EVENT_NAME = re.compile(r"\.[0-9a-f]{14,16}\b")


class Reply(NamedTuple):
    """An answer: its HTTP status, its body, and the headers that tell something."""

    status: int
    body: Any
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Step:
    """A request of a script; a body that is a function is made of the replies before it."""

    method: str
    path: str
    body: Any = None
    kind: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What reports call it."""
        query = "?" + urlencode(self.query) if self.query else ""
        return f"{self.method} {self.path}{query}"


class Api:
    """One API server, asked as an administrator."""

    def __init__(
        self, url: str, pool: urllib3.PoolManager, namespace: str, token: str = ""
    ) -> None:
        self.url = url
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self.namespace = namespace
        self._pool = pool

    def send(self, step: Step, seen: list[Reply] | None = None) -> Reply:
        """Send a step; `NS` in its path is this server's namespace."""
        body = step.body(seen) if callable(step.body) else step.body
        own = {
            key: value.replace(":NS:", f":{self.namespace}:") for key, value in step.headers.items()
        }
        headers = {"User-Agent": "differential/1", **self._authorization, **own}
        if body is not None:
            headers["Content-Type"] = step.kind or "application/json"
        data = body if isinstance(body, bytes) or body is None else self._encoded(body)
        url = self.url + step.path.replace("NS", self.namespace)
        url += "?" + urlencode(step.query) if step.query else ""
        answer = self._pool.request(step.method, url, body=data, headers=headers, redirect=False)
        told = {key: answer.headers[key] for key in _TELLING if key in answer.headers}
        return Reply(answer.status, _decoded(answer.data), told)

    def _encoded(self, body: Any) -> bytes:
        return json.dumps(body).replace('"NS"', json.dumps(self.namespace)).encode()

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def await_admission(self) -> None:
        """Wait until the namespace admits pods: its ServiceAccount takes a moment."""
        container = {"name": "probe", "image": "probe"}
        pod = {"metadata": {"name": "probe"}, "spec": {"containers": [container]}}
        probe = Step("POST", "/api/v1/namespaces/NS/pods", pod, query={"dryRun": "All"})
        config = Step("GET", "/api/v1/namespaces/NS/configmaps/kube-root-ca.crt")
        self.eventually(lambda: self.send(probe).status == 201 and self.send(config).status == 200)

    def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.05)

    def get(self, path: str, **query: str) -> Json:
        """The object or list at a path."""
        body: Json = self.send(Step("GET", path, query=query)).body
        return body

    def watched(self, path: str, query: Mapping[str, str]) -> list[Json]:
        """The events of a watch until its end."""
        body = self.send(Step("GET", path, query={"watch": "true", **query})).body
        lines = body if isinstance(body, str) else json.dumps(body)
        return [json.loads(line) for line in lines.splitlines() if line]


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def comparable(value: Any, namespace: str) -> Any:
    """A value without what is by chance: identities, times, versions, addresses, hashes."""
    if isinstance(value, dict):
        return {
            _text(key, namespace): _field(key, item, namespace)
            for key, item in value.items()
            if key not in LEFT_OUT or value.get("kind") != LEFT_OUT[key]
        }
    if isinstance(value, list):
        return [comparable(item, namespace) for item in value]
    return _text(value, namespace) if isinstance(value, str) else value


def _field(key: str, value: Any, namespace: str) -> Any:
    if key in _VERSIONED and isinstance(value, str):
        return "<version>" if value else ""
    if key == "nodeName":
        return "<node>"
    if key == "nodePort" and isinstance(value, int):
        return "<port>"
    if key in _UNORDERED and isinstance(value, list):
        entries = comparable(value, namespace)
        return sorted(entries, key=lambda each: json.dumps(each, sort_keys=True))
    if key in _OPAQUE and value:
        return f"<{key}>"
    return comparable(value, namespace)


def _text(text: str, namespace: str) -> str:
    found = _UID.sub("<uid>", text.replace(namespace, "NS"))
    found = _DECODER.sub(r"\1<decoder>", _RECORD.sub("<version>", found))
    found = _CONTAINER.sub("<container>", _TEMPLATE.sub("<template>", _NODE.sub("<node>", found)))
    found = _ADDRESS.sub("<address>", _TIME.sub("<time>", found))
    found = _END.sub("-<end>", _HASH.sub("<hash>", _HASHED.sub("-<hash>-<end>", found)))
    return _EVENT_NAME.sub(".<event>", found)


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """Where two comparable values differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in sorted(left.keys() | right.keys()):
            inner = f"{path}.{key}"
            if key not in right:
                found.append(f"{inner}: real only: {_short(left[key])}")
            elif key not in left:
                found.append(f"{inner}: simulated only: {_short(right[key])}")
            else:
                found += differences(left[key], right[key], inner)
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [each for n, (one, two) in pairs for each in differences(one, two, f"{path}[{n}]")]
    if left == right and type(left) is type(right):
        return []
    return [f"{path}: real {_short(left)}, simulated {_short(right)}"]


def _short(value: Any) -> str:
    return json.dumps(value)[:600]


def unsettled(value: Any) -> Any:
    """A value without what a controller may or may not have written by now."""
    if isinstance(value, list):
        return [
            unsettled(item)
            for item in value
            if not (isinstance(item, dict) and item.get("manager") in _CONTROLLERS)
        ]
    if isinstance(value, dict):
        return {key: unsettled(item) for key, item in value.items() if key != "status"}
    return value
