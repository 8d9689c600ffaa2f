"""Requests as they come, and what becomes of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from multidict import MultiMapping

from sandbox.kubernetes import statuses
from sandbox.kubernetes.access import ANONYMOUS, User
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.watches import Watch


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: MultiMapping[str]
    body: bytes = b""
    user: User = ANONYMOUS

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    def flag(self, name: str) -> bool:
        """A query parameter that is true, as all are that do not say no."""
        return self.query.get(name, "0").lower() not in ("false", "0")

    def number(self, name: str, default: int = 0) -> int:
        """A query parameter that is a whole number; 400 for another."""
        text = self.query.get(name) or str(default)
        try:
            return int(text)
        except ValueError as error:
            message = f'strconv.ParseInt: parsing "{text}": invalid syntax'
            raise statuses.bad_request(message) from error

    def json(self) -> Any:
        """The body; 415 for what is neither JSON nor YAML."""
        if self.content_type.endswith("protobuf"):
            raise statuses.unreadable_media_type()
        if self.content_type.endswith("yaml"):
            return yaml.safe_load(self.body)
        try:
            return json.loads(self.body) if self.body else {}
        except ValueError as error:
            raise statuses.bad_request(
                "the object provided is unrecognized: couldn't get version/kind; json parse "
                f"error: {error}"
            ) from error


@dataclass(frozen=True)
class Answer:
    """A whole answer: JSON, or text."""

    status: int
    body: Json | str


@dataclass(frozen=True)
class Stream:
    """A watch that is to be served."""

    watch: Watch
    seconds: float
    bookmarks: bool


@dataclass(frozen=True)
class Connect:
    """A request that somebody else answers: a kubelet, a pod."""

    route: Route
    call: Call


Response = Answer | Stream | Connect
