"""State: what one hook leaves for the next, in one file without a parameter's value.

The hooks of a deployment are separate processes. deployment.json, in a directory of its own with
mode 0700, holds what `apply` and `validate` need, so that they read no template, no environment
file and no parameter again.
"""

import dataclasses
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wpdeploy import record
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError
from wpdeploy.grace import Grace
from wpdeploy.kinds import Manifest, without_jobs
from wpdeploy.record import AppliedAt, RecordedParameter
from wpdeploy.release import Release
from wpdeploy.smoke import Smoke
from wpdeploy.target import EksCluster, KubeconfigCluster, Target

_FILE = "deployment.json"
# A cluster is of the type that has its keys.
_CLUSTERS: Mapping[frozenset[str], type[EksCluster | KubeconfigCluster]] = {
    frozenset(kind.__dataclass_fields__): kind for kind in (EksCluster, KubeconfigCluster)
}


@dataclass(frozen=True)
class Deployment:
    """A deployment between its hooks; what `render` leaves, and what `apply` adds to it.

    `env` has the environment file's plain variables, `number` is the one of its record, `restores`
    that of the record that it restores, if it is a rollback.
    """

    group: str
    deployment_id: str
    release: Release
    target: Target
    config: str
    env: Mapping[str, str]
    parameters: Mapping[str, RecordedParameter]
    manifests: tuple[Manifest, ...]
    restores: int | None = None
    number: int | None = None
    applied: AppliedAt | None = None

    @property
    def to_apply(self) -> tuple[Manifest, ...]:
        """The manifests; those of a rollback without the Jobs."""
        return self.manifests if self.restores is None else without_jobs(self.manifests)


def write(context: DeploymentContext, deployment: Deployment) -> None:
    """Write deployment.json."""
    document = dataclasses.asdict(deployment)
    write_file(context, _FILE, json.dumps(document, default=datetime.isoformat))


def write_file(context: DeploymentContext, name: str, text: str) -> Path:
    """Write a file of the deployment as a whole or not at all, for its owner alone; its path."""
    directory = context.state_directory
    # One name: what a step that was killed left is replaced and does not stay.
    temporary = directory / f".{name}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        return temporary.replace(directory / name)
    except OSError as error:
        hint = "the user of the CodeDeploy agent must be able to write there; see WPDEPLOY_ROOT"
        problem = f"cannot be written: {error.strerror}"
        raise ConfigurationError(str(directory), problem, hint) from error
    finally:
        with suppress(OSError):
            temporary.unlink()  # what is left of a write that failed


def read(context: DeploymentContext) -> Deployment | None:
    """What an earlier step of this deployment left; None where there was none."""
    path = context.state_directory / _FILE
    try:
        document = json.loads(path.read_text())
        return _deployment(document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        hint = "run the deployment again from its first step, as the user of the CodeDeploy agent"
        problem = f"is not readable: {type(error).__name__}"
        raise ConfigurationError(str(path), problem, hint) from error


def required(context: DeploymentContext) -> Deployment:
    """What `render` left; a ConfigurationError where it did not run."""
    deployment = read(context)
    if deployment is None:
        where = str(context.state_directory / _FILE)
        raise ConfigurationError(where, "there is no such file", "run `render` first")
    return deployment


def _deployment(document: dict[str, Any]) -> Deployment:
    applied, parameters = document["applied"], document["parameters"]
    own = {
        "release": Release(**document["release"]),
        "target": _target(document["target"]),
        "parameters": {name: record.parameter(value) for name, value in parameters.items()},
        "manifests": tuple(document["manifests"]),
        "applied": record.applied_at(applied) if applied else None,
    }
    return Deployment(**(document | own))


def _target(document: dict[str, Any]) -> Target:
    cluster = document["cluster"]
    own = {
        "cluster": _CLUSTERS[frozenset(cluster)](**cluster),
        "grace": Grace(**document["grace"]),
        "smoke": Smoke(**document["smoke"]),
    }
    return Target(**(document | own))
