"""Parameters: what the site needs to know that is not in the source, with its versions.

k8s/parameters.yaml names each one; the environment file says where the Parameter Store has it. A
value is held in memory only and shown by nothing: not by repr(), not by an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from wpdeploy import checks, schema
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError, ParameterError
from wpdeploy.settings import Settings


@dataclass(frozen=True)
class ParameterSpec:
    """One entry of k8s/parameters.yaml; a parameter is required and secret unless it says not."""

    env: Annotated[str, checks.env_name]
    secret: bool = True
    required: bool = True


@dataclass(frozen=True)
class _ParameterFile:
    parameters: Mapping[str, ParameterSpec]

    def __post_init__(self) -> None:
        for name in self.parameters:
            checks.parameter_name(name)
        names = [spec.env for spec in self.parameters.values()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"feeds {', '.join(twice)} from more than one parameter")


@dataclass(frozen=True)
class StoredParameter:
    """What the Parameter Store answers for one name; `modified` is ISO 8601 in UTC."""

    name: str
    value: str = field(repr=False)
    version: int
    modified: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of the site: its spec, and the version that was read."""

    name: str
    spec: ParameterSpec
    stored: StoredParameter


class ParameterStore(Protocol):
    """The Parameter Store, as far as wpdeploy uses it."""

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        """The decrypted parameters by the name asked for; those that do not exist are left out."""


def specs(context: DeploymentContext) -> Mapping[str, ParameterSpec]:
    """The entries of k8s/parameters.yaml, by name."""
    path = context.bundle / "k8s" / "parameters.yaml"
    return schema.read(path, context.shown(path), _ParameterFile).parameters


def check(
    context: DeploymentContext, settings: Settings, known: Mapping[str, ParameterSpec]
) -> None:
    """Raise a ConfigurationError where the environment file and parameters.yaml disagree."""
    unknown = [name for name in settings.parameters.names if name not in known]
    problems = [
        f'parameters.names has "{name}", which is not in parameters.yaml' for name in unknown
    ]
    fed = {spec.env: name for name, spec in known.items()}
    problems += [
        f"env has {variable}, which the parameter {fed[variable]} feeds"
        for variable in settings.env
        if variable in fed
    ]
    if problems:
        raise ConfigurationError(context.shown(context.environment_file), problems)


def read(
    settings: Settings, known: Mapping[str, ParameterSpec], store: ParameterStore
) -> tuple[Parameter, ...]:
    """The parameters that exist, by as few calls as the store allows; all required ones do."""
    names = {name: settings.parameters.of(name) for name in known}
    found = store.get(sorted(set(names.values())))
    missing, unusable = list(_missing(known, names, found)), list(_unusable(names, found))
    if missing or unusable:
        create = "create it, or map its name under parameters.names in the environment file"
        raise ParameterError("SSM Parameter Store", missing + unusable, create if missing else "")
    return tuple(
        Parameter(name, known[name], found[path]) for name, path in names.items() if path in found
    )


def _missing(
    known: Mapping[str, ParameterSpec],
    names: Mapping[str, str],
    found: Mapping[str, StoredParameter],
) -> Iterator[str]:
    for name, path in names.items():
        if known[name].required and path not in found:
            yield f"{path} does not exist"


def _unusable(names: Mapping[str, str], found: Mapping[str, StoredParameter]) -> Iterator[str]:
    for path in names.values():
        if path in found and "\0" in found[path].value:
            yield f"{path} holds a NUL byte, which no environment variable can hold"
