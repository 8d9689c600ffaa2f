"""Release: what is deployed. release.json of the bundle says it."""

import json
import re
from dataclasses import dataclass

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
    keys = list(Release.__dataclass_fields__)
    if not isinstance(document, dict):
        raise ConfigurationError(where, f"must be an object with {', '.join(keys)}")
    problems = [
        f'"{key}" must be a string that is not empty'
        for key in keys
        if not (isinstance(document.get(key), str) and document[key])
    ]
    problems += [f'has the unknown key "{key}"' for key in document if key not in keys]
    if not problems and not _DIGEST.fullmatch(document["image"]):
        problems.append(
            f'"image" must end in a digest, REPOSITORY@sha256:..., not {document["image"]}'
        )
    if problems:
        raise ConfigurationError(where, problems)
    return Release(**document)
