"""A signed request to AWS, as far as its authorization goes: who asks, and for which operation."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

_CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/\s]+)/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request"
)


@dataclass(frozen=True)
class Signed:
    """A request with the scope that it was signed for."""

    access_key: str
    region: str
    service: str
    method: str
    path: str
    query: Mapping[str, str]
    target: str
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of a service that names it: in X-Amz-Target, or as Action."""
        if self.target:
            return self.target.rpartition(".")[2]
        return {**self.query, **self._form}.get("Action", "")

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """What a JSON body says."""
        found: Mapping[str, Any] = json.loads(self.body or b"{}")
        return found

    @property
    def _form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("latin-1"))) if self.method == "POST" else {}


def signed(environ: dict[str, Any]) -> Signed | None:
    """The request of a WSGI environment, whose body can still be read; None: it is not signed."""
    scope = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return Signed(
        scope["key"],
        scope["region"],
        scope["service"],
        environ["REQUEST_METHOD"],
        # WSGI has the bytes of a path as characters.
        environ["PATH_INFO"].encode("latin-1").decode(),
        dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        environ.get("HTTP_X_AMZ_TARGET", ""),
        body,
    )
