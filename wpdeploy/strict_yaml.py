"""YAML without YAML 1.1's surprises.

`no` is a string, `1:30` and `010` are strings, a key that occurs twice is an error: only JSON's
scalars (and `~`, `null` or nothing for null) are anything but strings. Keys are strings, and tags
beyond JSON's types are refused.
"""

import re
from collections.abc import Iterator

import yaml

_TAG = "tag:yaml.org,2002:"
_TYPES = {_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map")}


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
    except (yaml.YAMLError, ValueError) as error:
        raise _explained(error, node.start_mark.line) from None
    finally:
        loader.dispose()
    return value


def load(text: str) -> object:
    """The value of the one document in `text`; None for an empty one."""
    node = compose(text)
    return None if node is None else construct(node)


def _documents(text: str) -> Iterator[yaml.Node]:
    try:
        for node in yaml.compose_all(text, _Loader):
            _check(node, (), set())
            yield node
    except yaml.YAMLError as error:
        raise _explained(error, 0) from None


def _check(node: yaml.Node, path: tuple[int, ...], seen: set[int]) -> None:
    if id(node) in path:
        raise StrictYamlError("an alias stands inside of its own anchor", node.start_mark.line + 1)
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.tag not in _TYPES:
        raise StrictYamlError(f"the tag {node.tag} is not supported", node.start_mark.line + 1)
    children = node.value if isinstance(node, yaml.SequenceNode) else []
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
        children = [value for _, value in node.value]
    for child in children:
        _check(child, (*path, id(node)), seen)


def _check_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.tag != _TAG + "str":
            raise StrictYamlError("a key must be a string: put it in quotes", line)
        if key.value in lines:
            first = lines[key.value]
            raise StrictYamlError(f'the key "{key.value}" is here already in line {first}', line)
        lines[key.value] = line


def _explained(error: Exception, line: int) -> StrictYamlError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return StrictYamlError(str(problem), (mark.line if mark else line) + 1)
