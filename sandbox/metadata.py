"""The instance metadata of a host (IMDSv2): its region, and the credentials of its role.

A hook on EC2 has neither from its environment: CodeDeploy's agent passes no AWS_ variables on.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PREFIX = "/latest/"
_TOKEN = "the-token-of-a-session"  # noqa: S105  # it keeps nothing secret: who asks has just got it
_CREDENTIALS = "/latest/meta-data/iam/security-credentials/"
_LIFETIME = timedelta(hours=1)


def application(
    region: str, role: str, credentials: Callable[[], Mapping[str, str]]
) -> Application:
    """A WSGI application; `credentials` gives AccessKeyId, SecretAccessKey and Token."""

    def document() -> str:
        expiration = (datetime.now(UTC) + _LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps(
            {"Code": "Success", "Type": "AWS-HMAC", "Expiration": expiration, **credentials()}
        )

    answers: Mapping[str, Callable[[], str]] = {
        "/latest/meta-data/placement/availability-zone/": lambda: f"{region}a",
        _CREDENTIALS: lambda: role,
        _CREDENTIALS + role: document,
    }

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, body = _answer(environ, answers)
        start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def _answer(
    environ: Mapping[str, Any], answers: Mapping[str, Callable[[], str]]
) -> tuple[str, bytes]:
    path = environ["PATH_INFO"]
    if (environ["REQUEST_METHOD"], path) == ("PUT", "/latest/api/token"):
        return "200 OK", _TOKEN.encode()
    if environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN") != _TOKEN:
        return "401 Unauthorized", b""
    found = answers.get(path)
    return ("200 OK", found().encode()) if found else ("404 Not Found", b"")
