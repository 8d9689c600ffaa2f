"""A mapping of a YAML file made into a frozen dataclass, with every fault and its line.

The dataclass is the schema: its fields are the keys, their types and defaults are the rules. A
field may be `str int bool`, a `Literal`, `X | None`, `tuple[X, ...]`, `Mapping[str, X]`,
`object` (anything), another such dataclass, or `Annotated[X, check]`, where `check` returns the
value to keep or raises a ValueError that says what is wrong. A dataclass's `__post_init__` may
raise one as well, for what concerns several fields.
"""

import dataclasses
import difflib
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import yaml

from wpdeploy import files, strict_yaml
from wpdeploy.errors import ConfigurationError
from wpdeploy.strict_yaml import StrictYamlError

T = TypeVar("T")
_WORDS: Mapping[object, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
}


class Fault(NamedTuple):
    """What is wrong, and in which line of the file (from 1)."""

    line: int
    problem: str


class _Entry(NamedTuple):
    """A key and its value as nodes: an unknown key is reported where the key stands."""

    key: yaml.Node
    value: yaml.Node


class SchemaError(Exception):
    """The faults of a file, in the order of its lines."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults)
        self.problems = [f"line {line}: {problem}" for line, problem in self.faults]
        super().__init__("; ".join(self.problems))


def read(path: Path, shown: str, schema: type[T]) -> T:
    """The file as a `schema`; a ConfigurationError that calls it `shown` and has all its faults."""
    try:
        return parse(files.read_text(path), schema)
    except ValueError as error:
        raise ConfigurationError(shown, str(error)) from None
    except SchemaError as error:
        raise ConfigurationError(shown, error.problems) from None


def parse(text: str, schema: type[T]) -> T:
    """The one YAML document in `text` as a `schema`; raises SchemaError with all its faults."""
    try:
        node = strict_yaml.compose(text)
    except StrictYamlError as error:
        raise SchemaError([Fault(error.line, error.problem)]) from None
    if node is None:
        raise SchemaError([Fault(1, "the file is empty")])
    reader = _Reader()
    value: T = reader.read(node, schema, "")
    if reader.faults:
        raise SchemaError(reader.faults)
    return value


class _Reader:
    """Walks nodes and types together; a fault is noted and the walk goes on."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def read(self, node: yaml.Node, kind: Any, path: str) -> Any:
        origin = get_origin(kind)
        if origin is Annotated:
            return self._checked(node, kind, path)
        if origin in {types.UnionType, Union, Literal}:
            return self._choice(node, kind, path)
        if dataclasses.is_dataclass(kind):
            return self._dataclass(node, kind, path)
        if origin is tuple:
            return self._sequence(node, get_args(kind)[0], path)
        if origin is Mapping:
            return self._mapping(node, get_args(kind)[1], path)
        return self._scalar(node, kind, path)

    def _fault(self, node: yaml.Node, path: str, problem: str) -> None:
        where = f"{path} " if path else "the file "
        self.faults.append(Fault(node.start_mark.line + 1, where + problem))

    def _checked(self, node: yaml.Node, kind: Any, path: str) -> Any:
        known = len(self.faults)
        base, check = get_args(kind)
        value = self.read(node, base, path)
        return value if len(self.faults) > known else self._call(node, path, check, value)

    def _call(self, node: yaml.Node, path: str, function: Callable[..., Any], value: Any) -> Any:
        try:
            return function(value)
        except ValueError as error:
            self._fault(node, path, str(error))
            return None

    def _choice(self, node: yaml.Node, kind: Any, path: str) -> Any:
        choices = get_args(kind)
        if get_origin(kind) is Literal:
            if isinstance(node, yaml.ScalarNode) and node.value in choices:
                return node.value
            return self._fault(node, path, f"must be {' or '.join(choices)}{_found(node)}")
        inner = next(choice for choice in choices if choice is not types.NoneType)
        is_null = isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
        return None if is_null else self.read(node, inner, path)

    def _dataclass(self, node: yaml.Node, kind: Any, path: str) -> Any:
        known = len(self.faults)
        hints = get_type_hints(kind, include_extras=True)
        given = self._entries(node, path)
        fields = {field.name: field for field in dataclasses.fields(kind)}
        for key in given.keys() - fields.keys():
            self._unknown(given[key].key, key, path, fields)
        for name, field in fields.items():
            if name not in given and _is_required(field) and isinstance(node, yaml.MappingNode):
                self._fault(node, path, f'lacks the key "{name}"')
        read = {
            key: self.read(entry.value, hints[key], f"{path}.{key}".lstrip("."))
            for key, entry in given.items()
            if key in fields
        }
        if len(self.faults) > known:
            return None
        return self._call(node, path, lambda arguments: kind(**arguments), read)

    def _unknown(self, node: yaml.Node, key: str, path: str, fields: Mapping[str, object]) -> None:
        near = difflib.get_close_matches(key, fields, n=1)
        guess = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(fields)}"
        self._fault(node, path, f'has the unknown key "{key}": {guess}')

    def _entries(self, node: yaml.Node, path: str) -> dict[str, _Entry]:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, path, f"must be a mapping{_found(node)}")
            return {}
        return {key.value: _Entry(key, value) for key, value in node.value}

    def _sequence(self, node: yaml.Node, kind: Any, path: str) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self._fault(node, path, f"must be a list{_found(node)}")
        return tuple(
            self.read(item, kind, f"{path}[{index}]") for index, item in enumerate(node.value)
        )

    def _mapping(self, node: yaml.Node, kind: Any, path: str) -> Any:
        entries = self._entries(node, path)
        return {
            key: self.read(entry.value, kind, f"{path}.{key}") for key, entry in entries.items()
        }

    def _scalar(self, node: yaml.Node, kind: Any, path: str) -> Any:
        value = strict_yaml.construct(node)
        if kind is object or type(value) is kind:
            return value
        found = _found(node)
        if kind is str and isinstance(node, yaml.ScalarNode) and not found.endswith("nothing"):
            found += ": put it in quotes"
        return self._fault(node, path, f"must be {_WORDS[kind]}{found}")


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _found(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return ", found a mapping"
    if isinstance(node, yaml.SequenceNode):
        return ", found a list"
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return ", found nothing"
    shown = node.value if len(node.value) <= 40 else node.value[:40] + "..."  # noqa: PLR2004
    return f', found the string "{shown}"' if kind == "str" else f", found {shown}"
