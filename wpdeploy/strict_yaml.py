"""YAML without YAML 1.1's surprises.

`no` is a string, `1:30` and `010` are strings, a key that occurs twice is an error: only JSON's
scalars (and `~`, `null` or nothing for null) are anything but strings. Keys are strings, and tags
beyond JSON's types are refused.
"""

import math
import re
from collections.abc import Iterator

import yaml

_TAG = "tag:yaml.org,2002:"
_NUMBERS = {_TAG + "int", _TAG + "float"}
_DIGITS = 300  # more than any number that JSON's readers can hold


class StrictYamlError(Exception):
    """Text that is no YAML, or YAML that this reader refuses: `problem`, and `line` from 1."""

    def __init__(self, problem: str, line: int) -> None:
        self.problem = problem
        self.line = line
        super().__init__(f"line {line}: {problem}")


class _Loader(yaml.CSafeLoader):  # type: ignore[misc,unused-ignore]  # types-PyYAML has it as Any
    """libyaml's parser with JSON's scalars."""


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), list(_first))
_Loader.yaml_implicit_resolvers[""] = _Loader.yaml_implicit_resolvers.pop("\0")
_RESOLVER = _Loader("")


def compose(text: str) -> yaml.Node | None:
    """The node tree of the one document in `text` (None for an empty one)."""
    nodes = list(_documents(text))
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        raise StrictYamlError("a second document starts here; one file holds one", line)
    return nodes[0] if nodes else None


def construct(node: yaml.Node) -> object:
    """The Python value of a composed node: dict, list, str, int, float, bool or None."""
    loader = _Loader("")
    try:
        value: object = loader.construct_document(node)
    finally:
        loader.dispose()
    return value


def load(text: str) -> object:
    """The value of the one document in `text`; None for an empty one."""
    node = compose(text)
    return None if node is None else construct(node)


def load_all(text: str) -> list[object]:
    """The values of all documents in `text`, without empty ones."""
    values = [construct(node) for node in _documents(text)]
    return [value for value in values if value is not None]


def _documents(text: str) -> Iterator[yaml.Node]:
    try:
        for node in yaml.compose_all(text, _Loader):
            _check(node, (), set())
            yield node
    except RecursionError:
        raise StrictYamlError("it is nested too deeply", 1) from None
    except yaml.YAMLError as error:
        raise _explained(error, text) from None


def _check(node: yaml.Node, path: tuple[int, ...], seen: set[int]) -> None:
    line = node.start_mark.line + 1
    if id(node) in path:
        raise StrictYamlError("an alias stands inside of its own anchor", line)
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.tag not in _tags(node):
        raise StrictYamlError(f"the tag {node.tag} is not supported", line)
    if isinstance(node, yaml.ScalarNode):
        _check_number(node, line)
        return
    children = node.value
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
        children = [value for _, value in node.value]
    for child in children:
        _check(child, (*path, id(node)), seen)


def _tags(node: yaml.Node) -> tuple[str, ...]:
    """The tags that a node may have: its own, and `!!str`, which says what it means."""
    if isinstance(node, yaml.ScalarNode):
        plain = not node.style
        own = _RESOLVER.resolve(yaml.ScalarNode, node.value, (plain, not plain))  # type: ignore[no-untyped-call]
        return own, _TAG + "str"
    return (_TAG + ("map" if isinstance(node, yaml.MappingNode) else "seq"),)


def _check_number(node: yaml.ScalarNode, line: int) -> None:
    if node.tag in _NUMBERS and (len(node.value) > _DIGITS or math.isinf(float(node.value))):
        raise StrictYamlError(f"the number {node.value[:20]}... is too large", line)


def _check_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag != _TAG + "str":
            raise StrictYamlError("a key must be a string: put it in quotes", line)
        if key.value in lines:
            first = lines[key.value]
            raise StrictYamlError(f'the key "{key.value}" is here already in line {first}', line)
        lines[key.value] = line


def _explained(error: yaml.YAMLError, text: str) -> StrictYamlError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return StrictYamlError(str(error.problem), error.problem_mark.line + 1)
    # A character that YAML does not take: the reader knows its byte, not its line.
    line = text.encode().count(b"\n", 0, getattr(error, "position", 0)) + 1
    return StrictYamlError(str(getattr(error, "reason", error)), line)
