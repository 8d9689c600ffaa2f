"""How AWS refuses what no policy allows: the words, and the form that each service has for them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from sandbox.iam.policy import Decision, Request

_CODE = "AccessDenied"
# What SSM adds to the words of the services that it asks in the caller's name.
_BY_SSM: Mapping[str, str] = {
    "kms": "{} (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; "
    "Request ID: 00000000-0000-0000-0000-000000000000; Proxy: null)",
    "secretsmanager": "An error occurred (AccessDeniedException) when referencing Secrets "
    "Manager: {}",
}


@dataclass(frozen=True)
class Refusal:
    """An answer of a service to a request that it refuses."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: str

    def send(self, start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer by WSGI."""
        body = self.body.encode()
        headers = {**self.headers, "Content-Length": str(len(body))}
        start(f"{self.status.value} {self.status.phrase}", list(headers.items()))
        return [body]


def denied(caller: str, request: Request, decision: Decision) -> str:
    """The words of the IAM User Guide."""
    why = (
        "with an explicit deny in an identity-based policy"
        if decision.by
        else f"because no identity-based policy allows the {request.action} action"
    )
    on = "" if request.resource == "*" else f" on resource: {request.resource}"
    return f"User: {caller} is not authorized to perform: {request.action}{on} {why}"


def refusal(service: str, action: str, words: str) -> Refusal:
    """The answer of a service which was asked for the action, itself or by way of another."""
    asked = action.partition(":")[0]
    if service == "ssm" and asked in _BY_SSM:
        words = _BY_SSM[asked].format(words)
    return _FORMS.get(service, _json)(words)


def _json(words: str) -> Refusal:
    body = json.dumps({"__type": f"{_CODE}Exception", "Message": words})
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return Refusal(HTTPStatus.BAD_REQUEST, headers, body)


def _rest_json(words: str) -> Refusal:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": f"{_CODE}Exception"}
    return Refusal(HTTPStatus.FORBIDDEN, headers, json.dumps({"message": words}))


def _s3(words: str) -> Refusal:
    body = f"<Error><Code>{_CODE}</Code><Message>{escape(words)}</Message></Error>"
    return Refusal(HTTPStatus.FORBIDDEN, {"Content-Type": "application/xml"}, body)


def _query(words: str) -> Refusal:
    error = f"<Error><Type>Sender</Type><Code>{_CODE}</Code><Message>{escape(words)}</Message>"
    body = f"<ErrorResponse>{error}</Error></ErrorResponse>"
    return Refusal(HTTPStatus.FORBIDDEN, {"Content-Type": "text/xml"}, body)


_FORMS: Mapping[str, Callable[[str], Refusal]] = {
    "eks": _rest_json,
    "s3": _s3,
    "sts": _query,
}
