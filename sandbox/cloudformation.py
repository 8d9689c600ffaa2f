"""Templates of CloudFormation: read, and the intrinsic functions of a part of them resolved.

Not the stack is made here: whoever asks says what its resources are. A function or a reference
that is not known is an error, and never a guess.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_REFERENCE = re.compile(r"\$\{(!?)([^}]*)\}")
# What takes no `Fn::` before its name.
_PLAIN = {"Ref", "Condition"}
_NO_VALUE = "AWS::NoValue"


class TemplateError(Exception):
    """A template that cannot be read, or a part of it that cannot be resolved."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags as functions in their long form."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> Mapping[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        # The short form has the attribute after the first dot.
        value = value.split(".", 1) if suffix == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {suffix if suffix in _PLAIN else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)
# A date is a text: the Version of a policy.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(file: Path) -> Mapping[str, Any]:
    """The template of a file, short forms of functions as long ones."""
    found = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  # a SafeLoader
    if not isinstance(found, Mapping) or "Resources" not in found:
        raise TemplateError(f"{file.name}: there are no Resources")
    return found


@dataclass(frozen=True)
class Stack:
    """A template with what its references mean.

    `values` has what Ref gives by logical id or pseudo parameter, and what GetAtt gives by
    `LogicalId.Attribute`; a parameter that is not there has its default.
    """

    template: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        """The properties of a resource."""
        found = self.template["Resources"].get(logical_id)
        if found is None:
            raise TemplateError(f"there is no resource {logical_id}")
        resolved: Mapping[str, Any] = self.resolved(found.get("Properties", {}))
        return resolved

    def resolved(self, value: Any) -> Any:
        """A part of the template, its functions replaced by what they give."""
        if isinstance(value, list):
            return [each for each in map(self.resolved, value) if each is not _ABSENT]
        if not isinstance(value, Mapping):
            return value
        [name, *others] = value or [""]
        if not others and (name in _PLAIN or name.startswith("Fn::")):
            return self._called(name, value[name])
        pairs = ((key, self.resolved(each)) for key, each in value.items())
        return {key: each for key, each in pairs if each is not _ABSENT}

    def holds(self, condition: Any) -> bool:
        """Whether a condition, by its name or written out, is met."""
        if isinstance(condition, str):
            named = self.template.get("Conditions", {})
            if condition not in named:
                raise TemplateError(f"there is no condition {condition}")
            return self.holds(named[condition])
        [(name, operands)] = condition.items()
        if name == "Condition":
            return self.holds(operands)
        if name not in _CONDITIONS:
            raise TemplateError(f"unknown condition function {name}")
        return _CONDITIONS[name](self, operands)

    def _called(self, name: str, argument: Any) -> Any:
        if name not in _FUNCTIONS:
            raise TemplateError(f"unknown intrinsic function {name}")
        return _FUNCTIONS[name](self, argument)

    def _ref(self, name: str) -> Any:
        if name == _NO_VALUE:
            return _ABSENT
        if name in self.values:
            return self.values[name]
        parameter = self.template.get("Parameters", {}).get(name, {})
        if "Default" not in parameter:
            raise TemplateError(f"nobody says what {name} is")
        return parameter["Default"]

    def _get_att(self, argument: Any) -> Any:
        return self._ref(".".join(map(str, argument)))

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def replaced(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            return str(self.resolved(own[name]) if name in own else self._ref(name))

        return _REFERENCE.sub(replaced, text)

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        return str(separator).join(map(str, self.resolved(parts)))

    def _if(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self.resolved(then if self.holds(condition) else otherwise)

    def _equals(self, operands: Any) -> bool:
        first, second = self.resolved(operands)
        return bool(str(first) == str(second))


class _Absent:
    """What AWS::NoValue gives."""


_ABSENT = _Absent()
_FUNCTIONS: Mapping[str, Callable[[Stack, Any], Any]] = {
    "Ref": Stack._ref,  # noqa: SLF001
    "Fn::GetAtt": Stack._get_att,  # noqa: SLF001
    "Fn::Sub": Stack._sub,  # noqa: SLF001
    "Fn::Join": Stack._join,  # noqa: SLF001
    "Fn::If": Stack._if,  # noqa: SLF001
}
_CONDITIONS: Mapping[str, Callable[[Stack, Any], bool]] = {
    "Fn::Equals": Stack._equals,  # noqa: SLF001
    "Fn::Not": lambda stack, operands: not stack.holds(operands[0]),
    "Fn::And": lambda stack, operands: all(map(stack.holds, operands)),
    "Fn::Or": lambda stack, operands: any(map(stack.holds, operands)),
}
