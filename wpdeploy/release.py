"""Release: what is deployed. release.json of the bundle says it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from wpdeploy import files
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError

_DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Release:
    """An image, by digest, and where it comes from; `time` is ISO 8601."""

    image: str
    commit: str
    build: str
    time: str


_SHORT = 12
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
        raise ConfigurationError(where, f"must be an object with {', '.join(_KEYS)}")
    found = problems(document)
    if found:
        raise ConfigurationError(where, found)
    return Release(**document)


def problems(document: Mapping[str, object]) -> list[str]:
    """All that is wrong with it as a release; nothing if `Release(**document)` is one."""
    found = [
        f'"{key}" must be a string that is not empty'
        for key in _KEYS
        if not (isinstance(document.get(key), str) and document[key])
    ]
    found += [f'has the unknown key "{key}"' for key in document if key not in _KEYS]
    if not found and not _DIGEST.fullmatch(str(document["image"])):
        found.append(
            f'"image" must end in a digest, REPOSITORY@sha256:..., not {document["image"]}'
        )
    return found


def text(release: Release) -> str:
    """The content of release.json."""
    return json.dumps(asdict(release), indent=2) + "\n"


def short(image: str) -> str:
    """An image for people: without its registry, and with the beginning of its digest."""
    name, at, digest = image.rpartition("/")[2].partition("@sha256:")
    return name + at + digest[:_SHORT]
