"""Release: what is deployed. release.json of the bundle says it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from wpdeploy import files
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError

_DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
# Without a user and a password: it is shown to everybody.
_LINK = re.compile(r"https?://[^\s/?#@]+([/?#]\S*)?", re.ASCII)


@dataclass(frozen=True)
class Release:
    """An image, by digest, and where it comes from; `time` is ISO 8601.

    `subject` is that of the commit, `link` the build's page, `versions` those of what the bundle
    has and is made for. What stands behind `time` may be empty: who writes a release by hand, and
    records of earlier versions, leave it out.
    """

    image: str
    commit: str
    build: str
    time: str
    branch: str = ""
    subject: str = ""
    link: str = ""
    versions: dict[str, str] = field(default_factory=dict)


_SHORT = 12
_SUBJECT, _LONGEST = 200, 500
_REQUIRED = ("image", "commit", "build", "time")
_KEYS = tuple(Release.__dataclass_fields__)


def read(context: DeploymentContext) -> Release:
    """The release in the context's release file."""
    where = context.shown(context.release_file)
    hint = "CodeBuild writes it into the bundle; by hand, pass --release FILE"
    try:
        document = json.loads(files.read_text(context.release_file))
    except json.JSONDecodeError as error:
        raise ConfigurationError(where, f"is not JSON: {error}", hint) from None
    except RecursionError:
        raise ConfigurationError(where, "is nested too deeply", hint) from None
    except ValueError as error:
        raise ConfigurationError(where, str(error), hint) from None
    return _checked(document, where)


def _checked(document: object, where: str) -> Release:
    if not isinstance(document, dict):
        raise ConfigurationError(where, f"must be an object with {', '.join(_REQUIRED)}")
    found = problems(document)
    if found:
        raise ConfigurationError(where, found)
    return Release(**document)


def problems(document: Mapping[str, object]) -> list[str]:
    """All that is wrong with it as a release; nothing if `Release(**document)` is one."""
    found = [f'"{key}" must be a string that is not empty' for key in _missing(document)]
    given = [item for item in document.items() if item[0] not in _missing(document)]
    found += [f'"{key}" {problem}' for key, value in given if (problem := _problem(key, value))]
    return found + [f'has the unknown key "{key}"' for key in document if key not in _KEYS]


def _missing(document: Mapping[str, object]) -> list[str]:
    values = {key: document.get(key) for key in _REQUIRED}
    return [key for key, value in values.items() if not isinstance(value, str) or not value]


def _problem(key: str, value: object) -> str:
    """What is wrong with the value of a key; of the keys that a release has."""
    if key not in _KEYS:
        return ""
    if key == "versions":
        return "" if _are_versions(value) else "must be an object of short strings"
    if not isinstance(value, str):
        return "must be a string"
    if key == "image" and not _DIGEST.fullmatch(value):
        return f"must end in a digest, REPOSITORY@sha256:..., not {value}"
    if key == "link" and value and not _LINK.fullmatch(value):
        return "must be a URL, https://..., without a password"
    return "" if _is_line(value) else f"must be one line of at most {_LONGEST} printable characters"


def _are_versions(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(version, str) and _is_line(version) for version in value.values()
    )


def _is_line(value: str) -> bool:
    return len(value) <= _LONGEST and value.isprintable()


def text(release: Release) -> str:
    """The content of release.json."""
    return json.dumps(asdict(release), indent=2) + "\n"


def short(image: str) -> str:
    """An image for people: without its registry, and with the beginning of its digest."""
    name, at, digest = image.rpartition("/")[2].partition("@sha256:")
    return name + at + digest[:_SHORT]


def subject(message: str) -> str:
    """The subject of a commit's message: its first line that is not blank.

    What is not printable is a space in it; it ends after 200 characters.
    """
    for line in message.splitlines():
        words = "".join(char if char.isprintable() else " " for char in line).split()
        if words:
            found = " ".join(words)
            return found if len(found) <= _SUBJECT else f"{found[: _SUBJECT - 3]}..."
    return ""


def short_commit(release: Release) -> str:
    """The beginning of the commit's hash, by which people know it."""
    return release.commit[:_SHORT]


def told(release: Release) -> str:
    """The release for people, by its commit: `commit c0ffee120034 on main: Larger logo`."""
    branch = f" on {release.branch}" if release.branch else ""
    about = f": {release.subject}" if release.subject else ""
    return f"commit {short_commit(release)}{branch}{about}"
