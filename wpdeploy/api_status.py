"""The API server's Status answers, told to a person: which request, why, what to do."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from wpdeploy.errors import ClusterError, Exit
from wpdeploy.redaction import redacted, redacted_in

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, GONE = 401, 403, 404, 409, 410
INVALID, TOO_MANY, SERVER_ERROR = 422, 429, 500
# A 500 with which servers before 1.22 answer an object whose types are wrong: no retry helps.
_WRONG_TYPE = re.compile(
    r"failed to create typed patch object|failed to convert|cannot convert int"
)
# What an authorizer says; admission (a quota, a namespace that ends) refuses with 403 as well.
_NOT_ALLOWED = re.compile(r'User "[^"]*" cannot ')
# What to do where a right is missing, or the namespace.
ROLE = "have an administrator run bootstrap, and see that the user has the group wpdeploy"
BOOTSTRAP = "have an administrator run bootstrap: docs/bootstrap.md"
# Not all kinds say it in the same words.
_IMMUTABLE = re.compile(r"immutable|updates to \w+ are forbidden|cannot change roleRef")
# All that it says to who may apply to an object, and not create it.
_NOT_CREATED = re.compile(r"^(?P<plural>[a-z]+)\b.* is forbidden:\s*$", re.DOTALL)
# What to do when the API server does not know who is asking, whoever it is.
RENEW = "renew the credentials"
_MANAGER = re.compile(r'conflict with "(?P<manager>[^"]+)"')


class Conflict(NamedTuple):
    """A field that another field manager owns."""

    manager: str
    field: str


class ApiError(ClusterError):
    """The API server refused a request; `code` is the HTTP status, `status` its Status object."""

    def __init__(
        self, where: str, problem: str, hint: str, code: int, status: Mapping[str, Any]
    ) -> None:
        super().__init__(where, problem, hint)
        self.code = code
        self.status = status
        if is_wrong_type(code, str(status.get("message", ""))):
            self.exit_code = Exit.MANIFEST

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """The fields that other field managers own, of an apply that was refused for them."""
        causes = _details(self.status).get("causes") or []
        return [
            Conflict(match["manager"], cause.get("field", ""))
            for cause in causes
            if cause.get("reason") == "FieldManagerConflict"
            and (match := _MANAGER.search(cause.get("message", "")))
        ]


def is_wrong_type(code: int, message: str) -> bool:
    """Whether a 500 says that the object sent cannot be read, which is the template's fault."""
    return code == SERVER_ERROR and bool(_WRONG_TYPE.search(message))


def may_pass(error: ApiError) -> bool:
    """Whether the same request may be answered otherwise later."""
    if error.code == TOO_MANY:
        return True
    wrong = is_wrong_type(error.code, str(error.status.get("message", "")))
    return error.code >= SERVER_ERROR and not wrong


def parse(body: str, secrets: Iterable[str] = ()) -> Mapping[str, Any]:
    """The Status object of an answer, or its text as the message; without the secrets."""
    try:
        document = redacted_in(json.loads(body), secrets)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    return {"message": redacted(body, secrets)[:200].strip()}


def _details(status: Mapping[str, Any]) -> Mapping[str, Any]:
    details = status.get("details")
    return details if isinstance(details, dict) else {}


def error(
    where: str, method: str, code: int, status: Mapping[str, Any], unknown: str = RENEW
) -> ApiError:
    """The error for a refused request on `where`, an object or a path; `unknown` is for a 401."""
    message = str(status.get("message") or f"HTTP {code} without a reason")
    problem, hint = _told(where, code, message, status)
    hint = unknown if code == UNAUTHORIZED else hint
    return ApiError(where, problem or f"{method} refused ({code}): {message}", hint, code, status)


def _forbidden(message: str) -> str:
    """What an authorizer says, with the right that is missing; else nothing."""
    if match := _NOT_CREATED.match(message):
        return f'{message.rstrip()} cannot create resource "{match["plural"]}"'
    return message if _NOT_ALLOWED.search(message) else ""


def _told(where: str, code: int, message: str, status: Mapping[str, Any]) -> tuple[str, str]:
    details = _details(status)
    problem, hint = "", ""
    if code == UNAUTHORIZED:
        problem = "the API server does not know who is asking (401)"
    elif code == FORBIDDEN and (why := _forbidden(message)):
        problem, hint = f"forbidden: {why}", ROLE
    elif code == NOT_FOUND and details.get("kind") == "namespaces":
        name = details.get("name")
        problem, hint = f'the namespace "{name}" does not exist', BOOTSTRAP
    elif code == NOT_FOUND and not details.get("name"):
        problem = f"the API server has no such API for {where}"
        hint = "switch the object off in the environment file, or upgrade the cluster"
    elif code == INVALID and _IMMUTABLE.search(message):
        problem = f"invalid: {message}"
        hint = "keep the immutable field's value, or delete the object before"
    elif code == INVALID or is_wrong_type(code, message):
        problem, hint = f"invalid: {message}", "correct its template in k8s"
    return problem, hint
