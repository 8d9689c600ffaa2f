"""appspec.yml, read by the agent's rules.

Not its rule but the service's, and left to linter.py: the timeouts of an event's scripts add up to
an hour at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from sandbox.codedeploy.generations import Generation

NAME = "appspec.yml"
DEFAULT_TIMEOUT = 3600


class AppSpecError(Exception):
    """An appspec.yml that the agent refuses: where, what, and what to do."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{NAME}: {where}: {problem}" if where else f"{NAME}: {problem}")


class FileExistsBehavior(StrEnum):
    """What Install does where a file is already."""

    DISALLOW = "DISALLOW"
    OVERWRITE = "OVERWRITE"
    RETAIN = "RETAIN"


@dataclass(frozen=True)
class Script:
    """One hook: its path below the archive, seconds until it is ended, the user that `su` makes."""

    location: str
    timeout: int = DEFAULT_TIMEOUT
    runas: str | None = None


@dataclass(frozen=True)
class FileMapping:
    """What Install copies: a path below the archive, and the directory that it is copied into."""

    source: str
    destination: str


@dataclass(frozen=True)
class AppSpec:
    """What appspec.yml says; `hooks` by event, whether or not there is such an event."""

    hooks: Mapping[str, tuple[Script, ...]]
    files: tuple[FileMapping, ...] = ()
    file_exists_behavior: FileExistsBehavior = FileExistsBehavior.DISALLOW


def read(archive: Path, generation: Generation) -> AppSpec:
    """Read appspec.yml at the root of an unpacked archive."""
    try:
        text = (archive / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AppSpecError("", f"there is none at the root of the archive ({archive})") from None
    except UnicodeDecodeError as error:
        raise AppSpecError("", f"byte {error.start} is no UTF-8") from None
    return parse(text, generation)


def parse(text: str, generation: Generation) -> AppSpec:
    """Read its text; the generations differ in what a timeout may be."""
    document = _mapping("", _load(text))
    _check_head(document)
    hooks = _mapping("hooks", document.get("hooks") or {})
    files = _list("files", document.get("files") or [])
    return AppSpec(
        {
            str(event): _scripts(f"hooks: {event}", scripts, generation)
            for event, scripts in hooks.items()
        },
        tuple(_file(f"files: entry {number}", entry) for number, entry in enumerate(files, 1)),
        _behavior(document.get("file_exists_behavior")),
    )


def _load(text: str) -> object:
    try:
        for token in yaml.scan(text):
            if isinstance(token, (yaml.AnchorToken, yaml.AliasToken)):
                line = token.start_mark.line + 1
                raise AppSpecError(f"line {line}", "anchors and aliases are refused: write it out")
        document: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AppSpecError(f"line {line}", f"it is no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise AppSpecError("", f"it is no YAML: {error}") from None
    return document


def _check_head(document: Mapping[Any, Any]) -> None:
    version, system = document.get("version"), document.get("os")
    # The text "0.0" is none, and neither is false, though it equals 0.
    if isinstance(version, bool) or not isinstance(version, (int, float)) or version != 0:
        raise AppSpecError("version", f"{version!r} is not the number 0.0: write version: 0.0")
    if system != "linux":
        raise AppSpecError("os", f"{system!r} is not linux: write os: linux")
    if document.get("permissions"):
        raise AppSpecError("permissions", "the sandbox does not set any: let a hook do it")


def _scripts(where: str, value: object, generation: Generation) -> tuple[Script, ...]:
    entries = enumerate(_list(where, value), 1)
    return tuple(
        _script(f"{where}: script {number}", entry, generation) for number, entry in entries
    )


def _script(where: str, value: object, generation: Generation) -> Script:
    entry = _mapping(where, value)
    location = str(entry.get("location") or "").strip()
    if not location:
        raise AppSpecError(where, "there is no location: write the script's path in the archive")
    if entry.get("sudo"):
        raise AppSpecError(where, "the sandbox does not do sudo: use runas")
    wanted = entry.get("timeout")
    timeout = DEFAULT_TIMEOUT if wanted is None else generation.seconds(wanted)
    if timeout <= 0:
        raise AppSpecError(where, f"the timeout {wanted!r} is refused: write whole seconds from 1")
    return Script(location, timeout, str(entry.get("runas") or "").strip() or None)


def _file(where: str, value: object) -> FileMapping:
    entry = _mapping(where, value)
    for key in ("source", "destination"):
        if not entry.get(key):
            raise AppSpecError(where, f"there is no {key}")
    return FileMapping(str(entry["source"]), str(entry["destination"]))


def _behavior(value: object) -> FileExistsBehavior:
    if value is None:
        return FileExistsBehavior.DISALLOW
    try:
        return FileExistsBehavior(str(value))
    except ValueError:
        known = ", ".join(FileExistsBehavior)
        raise AppSpecError("file_exists_behavior", f"{value!r} is none of {known}") from None


def _mapping(where: str, value: object) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise AppSpecError(where, "a mapping is wanted here")
    return value


def _list(where: str, value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise AppSpecError(where, "a list is wanted here")
    return value
