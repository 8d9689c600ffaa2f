"""Image references, by the grammar that container runtimes use."""

import re
from dataclasses import dataclass

_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?", re.ASCII)
_REMAINDER = re.compile(
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}))?",
    re.ASCII,
)


class InvalidReferenceError(ValueError):
    """A text that is no image reference, in the runtime's words."""


@dataclass(frozen=True)
class Image:
    """A parsed reference; without tag and digest the tag is `latest`."""

    repository: str
    tag: str
    digest: str


def parse(reference: str) -> Image:
    """Take a reference apart: registry:5000/path:tag@sha256:digest."""
    domain, remainder = _split(reference)
    path = remainder.partition(":")[0]
    if path != path.lower():
        raise InvalidReferenceError("invalid reference format: repository name must be lowercase")
    match = _REMAINDER.fullmatch(remainder)
    if match is None or (domain and not _DOMAIN.fullmatch(domain)):
        raise InvalidReferenceError("invalid reference format")
    tag, digest = match["tag"] or "", match["digest"] or ""
    repository = f"{domain}/{match['path']}" if domain else match["path"]
    return Image(repository, tag or ("" if digest else "latest"), digest)


def _split(reference: str) -> tuple[str, str]:
    first, slash, rest = reference.partition("/")
    # `team/app` has no domain; only a dot, a port or `localhost` makes the first part one.
    if slash and (set(first) & {".", ":"} or first == "localhost"):
        return first, rest
    return "", reference
