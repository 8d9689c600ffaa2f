"""Provision: which parameters of an environment there are, and who makes those that are missing.

A value that is made here goes to the Parameter Store and nowhere else.
"""

import secrets
import shlex
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wpdeploy import parameters
from wpdeploy.parameters import ParameterSpec
from wpdeploy.settings import Settings

SECURE = "SecureString"
# Neither a shell nor SQL, PHP or a URL takes one of them for more than it is.
_CHARACTERS = string.ascii_letters + string.digits
_ALIAS = "alias/"


@dataclass(frozen=True)
class Held:
    """What the Parameter Store says of a parameter, without its value."""

    type: str
    version: int


class State(StrEnum):
    """How a parameter stands."""

    THERE = "there"
    GENERATED = "to be generated"
    MISSING = "missing"
    NOT_NEEDED = "missing, not required"


@dataclass(frozen=True)
class Entry:
    """A parameter of the environment: its own name, that in SSM, and what SSM has of it."""

    name: str
    path: str
    spec: ParameterSpec
    held: Held | None

    @property
    def state(self) -> State:
        """How it stands."""
        if self.held:
            return State.THERE
        if self.spec.generate:
            return State.GENERATED
        return State.MISSING if self.spec.required else State.NOT_NEEDED


@dataclass(frozen=True)
class Place:
    """Where the parameters are, and the key that encrypts the secret ones."""

    group: str
    region: str
    key: str


def entries(
    env: Settings, known: Mapping[str, ParameterSpec], held: Mapping[str, Held]
) -> tuple[Entry, ...]:
    """The parameters that a deployment needs; `held` is what there is, by the name in SSM."""
    wanted = parameters.names(env, known)
    return tuple(Entry(name, path, known[name], held.get(path)) for name, path in wanted.items())


def value(entry: Entry) -> str:
    """A value for a parameter that may be generated, of a cryptographic generator."""
    length = entry.spec.generate or 0
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))


def maker(entry: Entry, place: Place) -> str:
    """Who makes a missing parameter."""
    if entry.spec.generate:
        return "made by `params init`"
    if not entry.spec.secret and entry.path == f"/wordpress/{place.group}/{entry.name}":
        return "made by the environment's stack (cloudformation/environment.yml), else by hand"
    return "made by hand"


def command(entry: Entry, place: Place) -> str:
    """What a person makes it by: a secret value is typed, so that no history keeps it."""
    value_of = "tr -d '\\n'" if entry.spec.secret else "printf %s 'VALUE'"
    kind = ["--type", SECURE, "--key-id", place.key] if entry.spec.secret else ["--type", "String"]
    words = ["aws", "ssm", "put-parameter", "--region", place.region, "--name", entry.path, *kind]
    # From its input: the older AWS CLI fetches a value that is a URL, and `ps` shows arguments.
    return f"{value_of} | {shlex.join([*words, '--value', 'file:///dev/stdin'])}"


def warnings(entry: Entry, place: Place, keys: Mapping[str, str]) -> Iterator[str]:
    """What is not well about a parameter that is there; `keys` has its key, by the name in SSM."""
    if entry.held is None or not entry.spec.secret:
        return
    if entry.held.type != SECURE:
        yield (
            f"it is a {entry.held.type} and no {SECURE}: whoever may read parameters can read it, "
            "without the key; a type cannot be changed, so delete it and make it anew"
        )
    elif _is_other(keys.get(entry.path), place.key):
        yield f"it is encrypted with {keys[entry.path]}, and not with {place.key}"


def _is_other(found: str | None, wanted: str) -> bool:
    """Whether one is certainly another key; an alias and an id may be two names of one."""
    if found is None:
        return False
    one, other = _short(found), _short(wanted)
    return one != other and one.startswith(_ALIAS) == other.startswith(_ALIAS)


def _short(key: str) -> str:
    """The key's alias or id, without what an ARN has before it."""
    last = key.rpartition(":")[2]
    return last.removeprefix("key/")


def missing(found: Iterable[Entry], place: Place) -> Mapping[str, list[str]]:
    """The names of parameters that are required and missing, by who makes them."""
    by_maker: dict[str, list[str]] = {}
    for entry in found:
        if entry.held is None and entry.spec.required:
            by_maker.setdefault(maker(entry, place), []).append(entry.name)
    return by_maker


def counted(found: Sequence[Entry]) -> str:
    """How many stand how."""
    states = [entry.state for entry in found]
    return ", ".join(f"{states.count(state)} {state}" for state in State if state in states)
