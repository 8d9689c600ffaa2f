"""Requests as they come, and what becomes of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.kubernetes import statuses
from sandbox.kubernetes.routes import Route
from sandbox.kubernetes.schema import Json
from sandbox.kubernetes.targets import Asked
from sandbox.kubernetes.watches import Watch

_LONGEST_MANAGER = 128


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    def flag(self, name: str) -> bool:
        """A query parameter that is true or not there."""
        return self.query.get(name, "").lower() in ("true", "1")

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


def asked(call: Call) -> Asked:
    """Who asks, and for how much."""
    dry_run = call.query.get("dryRun", "")
    return Asked(_manager(call), dry_run=bool(dry_run), force=call.flag("force"))


def asked_to_delete(call: Call) -> Asked:
    """The same of a deletion, whose options are in the body or in the query."""
    options: Json = dict(call.json() or {})
    for name in ("gracePeriodSeconds", "propagationPolicy", "dryRun"):
        if name in call.query:
            text = call.query[name]
            options[name] = int(text) if text.isdigit() else text
    return Asked(_manager(call), dry_run=bool(options.get("dryRun")), options=options)


def _manager(call: Call) -> str:
    agent = call.headers.get("User-Agent", "").partition("/")[0][:_LONGEST_MANAGER]
    return call.query.get("fieldManager") or agent or "unknown"
