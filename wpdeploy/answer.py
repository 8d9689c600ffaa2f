"""What a container says through the API server: a page behind its proxy, or a log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from wpdeploy.errors import ClusterError


@dataclass(frozen=True)
class Answer:
    """An answer of any code; the headers' names are in lower case, `body` may be cut off.

    `is_own`: it is the API server's own Status, and not the container's.
    """

    code: int
    headers: Mapping[str, str]
    body: bytes
    is_own: bool


def read(response: urllib3.BaseHTTPResponse, path: str, longest: int) -> Answer:
    """The answer, with so many bytes of its body at most."""
    try:
        body = response.read(longest, decode_content=True)
    except HTTPError as error:
        raise ClusterError(path, f"the answer broke off: {error}") from error
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, body, _is_status(body))


def _is_status(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("kind") == "Status"
