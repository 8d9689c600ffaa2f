"""What a container says: a page, or a log; through the API server, or through the Ingress."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from wpdeploy.errors import ClusterError


@dataclass(frozen=True)
class Answer:
    """An answer of any code; the headers' names are in lower case.

    `is_own`: it is the API server's own Status, and not the container's. `is_cut`: the body is
    longer than what was read of it.
    """

    code: int
    headers: Mapping[str, str]
    body: bytes
    is_own: bool
    is_cut: bool = False


class Late(ClusterError):
    """There was no answer in the time that was given."""


class BrokenOff(ClusterError):
    """The answer began and did not end."""


def read(response: urllib3.BaseHTTPResponse, path: str, longest: int) -> Answer:
    """The answer, with so many bytes of its body at most."""
    try:
        body = response.read(longest, decode_content=True)
    except ReadTimeoutError as error:
        raise Late(path, "the answer did not end in time") from error
    except HTTPError as error:
        raise BrokenOff(path, f"the answer broke off: {error}") from error
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, body, _is_status(body), len(body) >= longest)


def _is_status(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("kind") == "Status"
