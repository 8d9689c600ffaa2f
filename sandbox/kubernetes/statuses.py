"""The API server's refusals, in its own words."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sandbox.kubernetes.schema import Json


class StatusError(Exception):
    """A refusal: the HTTP status and the Status object of the answer."""

    def __init__(
        self, code: int, reason: str, message: str, details: Json | None = None,
        metadata: Json | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    @property
    def status(self) -> Json:
        """The Status object."""
        found: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            found["reason"] = self.reason
        if self.details is not None:
            found["details"] = self.details
        return found | {"code": self.code}


class NoSuchGroup(Exception):
    """404 for a path that nobody has heard of: not even a Status."""


class Named(NamedTuple):
    """What a message is about: API group, plural (or kind), name."""

    group: str
    kind: str
    name: str = ""

    @property
    def qualified(self) -> str:
        """As messages write it: `deployments.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def details(self) -> Json:
        """As the details of a Status have it."""
        found = {"name": self.name, "group": self.group, "kind": self.kind}
        return {key: value for key, value in found.items() if value}


class Cause(NamedTuple):
    """One thing that is invalid: the field, what kind of error, the text."""

    field: str
    reason: str
    message: str

    @property
    def text(self) -> str:
        """As the message of the whole lists it."""
        return f"{self.field}: {self.message}"


def not_found(subject: Named) -> StatusError:
    """404 for an object."""
    message = f'{subject.qualified} "{subject.name}" not found'
    return StatusError(404, "NotFound", message, subject.details)


def no_such_path() -> StatusError:
    """404 for a resource that a group does not have."""
    message = "the server could not find the requested resource"
    return StatusError(404, "NotFound", message, {})


def already_exists(subject: Named, *, going: bool = False) -> StatusError:
    """409 for a create."""
    message = f'{subject.qualified} "{subject.name}" already exists'
    message = f"object is being deleted: {message}" if going else message
    return StatusError(409, "AlreadyExists", message, subject.details)


def conflict(subject: Named, why: str) -> StatusError:
    """409 for a stale version or another uid."""
    where = f'{subject.qualified} "{subject.name}"'
    message = f"Operation cannot be fulfilled on {where}: {why}"
    return StatusError(409, "Conflict", message, subject.details)


def modified(subject: Named) -> StatusError:
    """409 for a stale version."""
    return conflict(
        subject,
        "the object has been modified; please apply your changes to the latest version and "
        "try again",
    )


def apply_conflict(message: str, pairs: Sequence[tuple[str, str]]) -> StatusError:
    """409 for fields of other managers."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {shown}",
            "field": path,
        }
        for shown, path in pairs
    ]
    text = f"Apply failed with {message}"
    return StatusError(409, "Conflict", text, {"causes": causes})


def forbidden(subject: Named, why: str) -> StatusError:
    """403."""
    name = f' "{subject.name}"' if subject.name else ""
    message = f"{subject.qualified}{name} is forbidden: {why}"
    return StatusError(403, "Forbidden", message, subject.details)


def invalid(subject: Named, causes: Iterable[Cause]) -> StatusError:
    """422; `subject` has the kind in the place of the plural."""
    found = list(causes)
    texts = list(dict.fromkeys(cause.text for cause in found))
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = subject.details | {"causes": [_cause(cause) for cause in found]}
    message = f'{subject.qualified} "{subject.name}" is invalid: {told}'
    return StatusError(422, "Invalid", message, details)


def _cause(cause: Cause) -> Json:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}


def bad_request(message: str) -> StatusError:
    """400."""
    return StatusError(400, "BadRequest", message)


def internal(message: str) -> StatusError:
    """500, as the API server answers an error that it did not expect."""
    return StatusError(500, "", message)


def gone(message: str, metadata: Json | None = None) -> StatusError:
    """410."""
    return StatusError(410, "Expired", message, metadata=metadata)


def unauthorized() -> StatusError:
    """401."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> StatusError:
    """405."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def unsupported_media_type() -> StatusError:
    """415."""
    return StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def unreadable_media_type() -> StatusError:
    """415 for the body of an object."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml"
    )
    return StatusError(415, "UnsupportedMediaType", message)


def success(subject: Named, uid: str) -> Json:
    """The answer to a deletion that left nothing."""
    details: Any = subject.details | {"uid": uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }
