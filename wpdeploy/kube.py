"""Kubernetes, from outside: raw JSON over one connection pool.

How to reach an API server and as whom is an Access; eks.py and kubeconfig.py make them.
"""

import json
import logging
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError
from urllib3.util import Timeout

from wpdeploy import __version__, answer, api_status, json_in_yaml
from wpdeploy.answer import Answer
from wpdeploy.api_status import ApiError
from wpdeploy.clock import Clock
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import FIELD_MANAGER, Manifest, path_of, title
from wpdeploy.redaction import redacted
from wpdeploy.retries import ATTEMPTS, Transient, retrying
from wpdeploy.watch import Watch

_LOG = logging.getLogger(__name__)
_APPLY = "application/apply-patch+yaml"  # the API server has no such type for JSON
_JSON_PATCH = "application/json-patch+json"
_JSON = "application/json"
_FIRST_ERROR = 400
_BROKE_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_TIMEOUT = Timeout(connect=5, read=30)
_BRIEF = Timeout(total=2)
# A watch is opened anew after this time, so that a connection that died unnoticed is found.
_WATCH_SECONDS = 60
# Bytes: of a page, its head says what it is; a log is asked for by lines.
_LONGEST_ANSWER = 1 << 20


@dataclass(frozen=True)
class Access:
    """How to reach an API server; `authorization` gives the header's value, not one just refused.

    `unknown` is what to do when the API server does not know who is asking.
    """

    url: str
    pool: urllib3.PoolManager = field(repr=False)
    authorization: Callable[[str | None], str | None] = field(repr=False)
    unknown: str = field(default=api_status.RENEW, repr=False)


@dataclass(frozen=True)
class Request:
    """One HTTP request; `where` is what messages call its object.

    `secrets` are the values in its body: an answer that cites them is redacted. `changes`: each
    attempt comes after the cluster's `before_change`.
    """

    method: str
    path: str
    where: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    content_type: str = ""
    timeout: Timeout = _TIMEOUT
    secrets: tuple[str, ...] = field(default=(), repr=False)
    changes: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class Cluster:
    """Requests to one API server, as JSON; `server_time` is by its own clock.

    `before_change` is called before each attempt to apply or patch, which it may prevent.
    """

    def __init__(
        self, access: Access, clock: Clock, notice: Callable[[str], None], *, is_brief: bool = False
    ) -> None:
        self.before_change: Callable[[], None] = lambda: None
        self._access = access
        self._clock = clock
        self._notice = notice
        self._is_brief = is_brief
        self._retrying = retrying(clock, notice, 1 if is_brief else ATTEMPTS)
        self._seen: tuple[datetime, float] | None = None
        self._noting = threading.Lock()
        self._lost = False

    def brief(self) -> "Cluster":
        """The same API server for last words: each request is tried once, for 2 s at most."""
        return Cluster(self._access, self._clock, self._notice, is_brief=True)

    @property
    def url(self) -> str:
        """Its address."""
        return self._access.url

    @property
    def has_answered(self) -> bool:
        """Whether it has answered at all, were it by a refusal."""
        return self._seen is not None

    def server_time(self) -> datetime:
        """Now by the API server's clock, by at most a second too early; it never goes back."""
        if self._seen is None:
            self.request(Request("GET", "/version", "version"))
        if self._seen is None:
            raise ClusterError(self._access.url, "answers without a Date header")
        date, at = self._seen
        return date + timedelta(seconds=self._clock.monotonic() - at)

    def _note_time(self, response: urllib3.BaseHTTPResponse) -> None:
        """Learn from a Date header, which has no fractions: the server's time is that or later."""
        with suppress(ValueError), self._noting:
            date = parsedate_to_datetime(response.headers.get("Date", ""))
            if self._seen is None or date > self.server_time():
                self._seen = date, self._clock.monotonic()

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Manifest | None:
        """The object or list at the path; None where there is none, or no such API."""
        return self._found(Request("GET", path, where, query or {}))

    def apply(
        self,
        manifest: Manifest,
        *,
        dry_run: bool = False,
        force: bool = False,
        manager: str = FIELD_MANAGER,
    ) -> Manifest:
        """Server-side apply; the object as it then is, or would be."""
        query = {"fieldManager": manager, "force": str(force).lower()}
        if dry_run:
            query["dryRun"] = "All"
        body = json_in_yaml.dumps(manifest).encode()
        path, where = path_of(manifest), title(manifest)
        secrets, changes = _secrets(manifest), not dry_run
        own = Request("PATCH", path, where, query, body, _APPLY, secrets=secrets, changes=changes)
        return self.request(own)

    def patch(self, manifest: Manifest, operations: Sequence[Manifest]) -> Manifest:
        """A JSON patch (RFC 6902) of the object; a resourceVersion in it guards it."""
        body = json.dumps(operations).encode()
        path, where = path_of(manifest), title(manifest)
        return self.request(Request("PATCH", path, where, {}, body, _JSON_PATCH, changes=True))

    def write(self, method: str, path: str, manifest: Manifest) -> Manifest:
        """POST an object to a collection, or PUT it in its place; 409: it is there, or newer."""
        body = json.dumps(manifest).encode()
        return self.request(Request(method, path, title(manifest), {}, body, _JSON))

    def review(self, path: str, question: Manifest) -> Manifest:
        """POST a question that is stored nowhere; the same with its answer."""
        body = json.dumps(question).encode()
        return self.request(Request("POST", path, question["kind"], {}, body, _JSON))

    def delete(self, manifest: Manifest) -> None:
        """Delete the object if it has the uid and resourceVersion given (409); gone is as good."""
        guards = {key: manifest["metadata"].get(key) for key in ("uid", "resourceVersion")}
        # Without a policy, some kinds leave what they have made.
        body = json.dumps({"propagationPolicy": "Background", "preconditions": guards}).encode()
        path, where = path_of(manifest), title(manifest)
        self._found(Request("DELETE", path, where, {}, body, _JSON, changes=True))

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """The stream of a watch; whatever ends it early is a Transient or an ApiError."""
        asked = {**query, "watch": "true", "allowWatchBookmarks": "true"}
        asked["timeoutSeconds"] = str(_WATCH_SECONDS)
        timeout = Timeout(connect=5, read=_WATCH_SECONDS + 15)
        return Watch(self._send(Request("GET", path, path, asked, timeout=timeout)), path)

    def fetch(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], seconds: float
    ) -> Answer:
        """What a container says, by one attempt; a ClusterError where there is no answer."""
        asked = Request("GET", path, path, query, timeout=Timeout(total=seconds), headers=headers)
        try:
            return answer.read(self._known(asked), path, _LONGEST_ANSWER)
        except Transient as error:
            if isinstance(error.__cause__, ReadTimeoutError):
                raise answer.Late(path, f"no answer within {seconds:g} s") from error
            raise error.cause from error

    def request(self, request: Request) -> Manifest:
        """One request with its retries; the object that the API server answers with."""
        body: bytes = self._retrying.copy()(lambda: self._attempt(request))
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            shown = redacted(body.decode("utf-8", "replace"), request.secrets)[:80]
            problem = f"answers {request.path} with something other than a JSON object: {shown}"
            raise ClusterError(self._access.url, problem)
        return document

    def _found(self, request: Request) -> Manifest | None:
        try:
            return self.request(request)
        except ApiError as error:
            if error.code == api_status.NOT_FOUND:
                return None
            raise

    def _attempt(self, request: Request) -> bytes:
        if request.changes:
            self.before_change()
        return _read(self._send(request), request.path)

    def _known(self, request: Request) -> urllib3.BaseHTTPResponse:
        """The answer to a request, with a new token where the one we have is not taken any more."""
        authorization = self._access.authorization(None)
        response = self._open(request, authorization)
        if response.status == api_status.UNAUTHORIZED:
            response.drain_conn()
            response = self._open(request, self._access.authorization(authorization))
        self._note_time(response)
        return response

    def _send(self, request: Request) -> urllib3.BaseHTTPResponse:
        response = self._known(request)
        if response.status < _FIRST_ERROR:
            self._lost = False
            return response
        told = _read(response, request.path).decode("utf-8", "replace")
        status = api_status.parse(told, request.secrets)
        method, unknown = request.method, self._access.unknown
        error = api_status.error(request.where, method, response.status, status, unknown)
        # An API server that has just started forbids everything until it knows its Roles.
        starting = self._lost and error.code == api_status.FORBIDDEN
        if starting or api_status.may_pass(error):
            raise Transient(error, _retry_after(response))
        raise error

    def _open(self, request: Request, authorization: str | None) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": f"wpdeploy/{__version__}"}
        headers |= request.headers
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if authorization:
            headers["Authorization"] = authorization
        url = self._access.url + request.path
        url += "?" + urlencode(request.query) if request.query else ""
        started = self._clock.monotonic()
        try:
            response = self._access.pool.request(
                request.method,
                url,
                body=request.body,
                headers=headers,
                preload_content=False,
                redirect=False,
                timeout=_BRIEF if self._is_brief else request.timeout,
            )
        except HTTPError as error:
            raise self._unreachable(error) from error
        spent = (self._clock.monotonic() - started) * 1000
        _LOG.info("%s %s: %d, %.0f ms", request.method, url, response.status, spent)
        return response

    def _unreachable(self, error: HTTPError) -> Exception:
        where = f"API server {self._access.url}"
        if isinstance(error, SSLError) and not isinstance(error.args[0], _BROKE_OFF):
            hint = "check the cluster's CA and its address"
            return ClusterError(where, f"TLS failed: {error}", hint)
        self._lost = True
        hint = "check the address, the route and the security groups"
        return Transient(ClusterError(where, f"cannot be reached: {error}", hint))


def _secrets(manifest: Manifest) -> tuple[str, ...]:
    data = manifest.get("data", {}) if manifest["kind"] == "Secret" else {}
    return tuple(b64decode(value).decode() for value in data.values())


def _read(response: urllib3.BaseHTTPResponse, path: str) -> bytes:
    try:
        return response.data
    except HTTPError as error:
        broke = ClusterError(path, f"the answer broke off: {error}")
        raise Transient(broke) from error


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() and value.isascii() else None
