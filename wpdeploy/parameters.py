"""Parameters: what the site needs to know that is not in the source, with its versions.

k8s/parameters.yaml names each one; the environment file says where the Parameter Store has it. A
value is held in memory only and shown by nothing: not by repr(), not by an error.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

from wpdeploy import checks, schema
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError, ParameterError
from wpdeploy.settings import Settings

_SECRET_ARN = re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@!-]+")
# SSM's limit for a standard parameter.
_LONGEST = 4096


@dataclass(frozen=True)
class ParameterSpec:
    """One entry of k8s/parameters.yaml; a parameter is required and secret unless it says not.

    It feeds the variable `env`; or it holds the ARN of a secret of Secrets Manager, a JSON object
    whose keys feed the variables in `secretsmanager`. What is `only` for a Job the site's pods do
    not get. `params init` can `generate` a value of so many characters.
    """

    env: Annotated[str, checks.env_name] = ""
    secretsmanager: Mapping[str, Annotated[str, checks.env_name]] = field(default_factory=dict)
    secret: bool = True
    required: bool = True
    only: Literal["install"] | None = None
    generate: Annotated[int, checks.whole(16, _LONGEST)] | None = None

    def __post_init__(self) -> None:
        if bool(self.env) == bool(self.secretsmanager):
            raise ValueError("must have one of env and secretsmanager, and not both")
        if self.generate and (self.secretsmanager or not self.secret):
            raise ValueError("has generate, which is for a secret that feeds an env")

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that it feeds."""
        return (self.env,) if self.env else tuple(self.secretsmanager.values())


@dataclass(frozen=True)
class _ParameterFile:
    parameters: Mapping[str, ParameterSpec]

    def __post_init__(self) -> None:
        for name in self.parameters:
            checks.parameter_name(name)
        fed = [name for spec in self.parameters.values() for name in spec.variables]
        twice = sorted({name for name in fed if fed.count(name) > 1})
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
class StoredSecret:
    """What Secrets Manager answers for a secret; `text` is None where it is not wanted."""

    version: str
    text: str | None = field(repr=False)


# Asks Secrets Manager for a secret by its ARN.
AskSecret = Callable[[str], StoredSecret]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the site: its spec, which has an `env`, and the version that was read."""

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
    fed = {variable: name for name, spec in known.items() for variable in spec.variables}
    problems += [
        f"env has {variable}, which the parameter {fed[variable]} feeds"
        for variable in settings.env
        if variable in fed
    ]
    if problems:
        raise ConfigurationError(context.shown(context.environment_file), problems)


def names(settings: Settings, known: Mapping[str, ParameterSpec]) -> Mapping[str, str]:
    """The names in SSM of the parameters that a deployment needs, by their own."""
    return {
        name: settings.parameters.of(name)
        for name, spec in known.items()
        if spec.only is None or settings.install.enabled
    }


def read(
    settings: Settings,
    known: Mapping[str, ParameterSpec],
    store: ParameterStore,
    ask: AskSecret,
) -> tuple[Parameter, ...]:
    """The parameters that exist, by as few calls as the store allows; all required ones do."""
    wanted = names(settings, known)
    found = store.get(sorted(set(wanted.values())))
    missing = list(_missing(known, wanted, found))
    unusable = list(_unusable(known, wanted, found))
    if missing or unusable:
        create = (
            "create it (`params check` says how), "
            "or map its name under parameters.names in the environment file"
        )
        raise ParameterError("SSM Parameter Store", missing + unusable, create if missing else "")
    there = (
        Parameter(name, known[name], found[path]) for name, path in wanted.items() if path in found
    )
    return tuple(each for parameter in there for each in _fed(parameter, ask))


def _fed(parameter: Parameter, ask: AskSecret) -> Iterator[Parameter]:
    """The parameter; or, of one that names a secret, one for each of the secret's keys."""
    keys, arn = parameter.spec.secretsmanager, parameter.stored.value
    if not keys:
        yield parameter
        return
    secret = ask(arn)
    values = dict.fromkeys(keys, "") if secret.text is None else _values(arn, keys, secret.text)
    for key, env in keys.items():
        # By the key and the version, in the form that ECS has for it.
        name = f"{arn}:{key}::{secret.version}"
        spec = ParameterSpec(env, only=parameter.spec.only)
        yield Parameter(f"{parameter.name}.{key}", spec, StoredParameter(name, values[key], 0, ""))


def _values(arn: str, keys: Mapping[str, str], text: str) -> Mapping[str, str]:
    """The values of the keys; nothing of the text is shown where there are none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    held = document if isinstance(document, dict) else {}
    problems = [
        f'it has no "{key}" with a text' for key in keys if not isinstance(held.get(key), str)
    ]
    if document is not held:
        problems = ["it is not a JSON object"]
    if problems:
        hint = "name the secret that RDS manages, or one of the same form"
        raise ParameterError(f"secret {arn}", problems, hint)
    return {key: held[key] for key in keys}


def _missing(
    known: Mapping[str, ParameterSpec],
    wanted: Mapping[str, str],
    found: Mapping[str, StoredParameter],
) -> Iterator[str]:
    for name, path in wanted.items():
        if known[name].required and path not in found:
            yield f"{path} does not exist"


def _unusable(
    known: Mapping[str, ParameterSpec],
    wanted: Mapping[str, str],
    found: Mapping[str, StoredParameter],
) -> Iterator[str]:
    for name, path in wanted.items():
        value = found[path].value if path in found else ""
        if "\0" in value:
            yield f"{path} holds a NUL byte, which no environment variable can hold"
        # Of one that is encrypted and was not decrypted nobody knows.
        elif value and known[name].secretsmanager and not _SECRET_ARN.fullmatch(value):
            yield f"{path} does not hold the ARN of a secret of Secrets Manager"
