"""Whose a presigned request is, by STS: moto's, and what moto leaves out.

moto takes a presigned request for one to S3 and verifies no signature. Here the signature is
verified, by the rules of Signature Version 4 with the authentication in the query, and moto is
asked with the same authentication in a header.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import urllib3

from sandbox.aws import Aws

_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()


class StsError(Exception):
    """A request that STS refuses."""


@dataclass(frozen=True)
class Presigned:
    """A presigned GET of `/`; the names of headers are in lower case, `host` is one of them."""

    query: Mapping[str, str]
    headers: Mapping[str, str]


def caller(aws: Aws, request: Presigned) -> str:
    """The ARN of whoever signed the request."""
    _verify(aws, request)
    query = request.query
    parts = {
        "Credential": query["X-Amz-Credential"],
        "SignedHeaders": query["X-Amz-SignedHeaders"],
        "Signature": query["X-Amz-Signature"],
    }
    fields = ", ".join(f"{name}={value}" for name, value in parts.items())
    url = f"{aws.url}/?{urlencode({name: query[name] for name in ('Action', 'Version')})}"
    headers = {"Host": request.headers["host"], "Authorization": f"{_ALGORITHM} {fields}"}
    answer = urllib3.request("GET", url, headers=headers, retries=False)
    found = re.search(r"<Arn>([^<]+)</Arn>", answer.data.decode())
    if found is None:
        raise StsError(f"STS answers {answer.status}: {answer.data.decode()[:200]}")
    return found[1]


def _verify(aws: Aws, request: Presigned) -> None:
    query = request.query
    try:
        key, _, scope = query["X-Amz-Credential"].partition("/")
        signed = query["X-Amz-SignedHeaders"].split(";")
        lines = [f"{name}:{request.headers[name]}\n" for name in signed]
        date, signature = query["X-Amz-Date"], query["X-Amz-Signature"]
    except KeyError as missing:
        raise StsError(f"IncompleteSignature: there is no {missing}") from missing
    owner = aws.credentials.get(key)
    if owner is None or query.get("X-Amz-Security-Token") != owner.session_token:
        raise StsError("InvalidClientTokenId: the security token is invalid")
    region = request.headers["host"].split(".")[1]
    if query.get("X-Amz-Algorithm") != _ALGORITHM or "host" not in signed:
        raise StsError("IncompleteSignature: another algorithm, or the host is not signed")
    if scope != f"{date[:8]}/{region}/sts/aws4_request":
        raise StsError(f"SignatureDoesNotMatch: the credential is scoped to {scope}")
    canonical = ["GET", "/", _canonical(query), "".join(lines), ";".join(signed), _EMPTY]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    wanted = _signature(owner.secret_key, scope, f"{_ALGORITHM}\n{date}\n{scope}\n{digest}")
    if not hmac.compare_digest(wanted, signature):
        raise StsError("SignatureDoesNotMatch: the signature is not that of the request")


def _canonical(query: Mapping[str, str]) -> str:
    """The query as it is signed: without the signature, encoded and in order."""
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in query.items()
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _signature(secret: str, scope: str, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
