"""The text of a labelSelector, read as the API server reads it, and refused in its words."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

Labels = Mapping[str, str]
Matcher = Callable[[Labels], bool]

_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+|$)")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_END, _COMMA, _OPEN, _CLOSE, _NOT = "", ",", "(", ")", "!"
_SYMBOLS = frozenset({_END, _COMMA, _OPEN, _CLOSE, _NOT, "=", "==", "!=", "<", ">"})
_CHARACTERS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. "
)
_NAME_PATTERN = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_NAME_RULE = (
    f"{_CHARACTERS}'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_NAME_PATTERN}')"
)
_QUALIFIED_RULE = (
    f"a qualified name {_NAME_RULE} with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
    f"'my_value',  or '12345', regex used for validation is '({_NAME_PATTERN})?')"
)


class SelectorError(ValueError):
    """It cannot be read."""


class Requirement(NamedTuple):
    """What is asked of one label; `values` is empty for (in)existence."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Labels) -> bool:
        """Whether labels have it."""
        return _OPERATIONS[self.operator](self, labels)


def _compares(requirement: Requirement, labels: Labels, sign: int) -> bool:
    try:
        found, bound = int(labels.get(requirement.key, "")), int(*requirement.values)
    except ValueError:
        return False
    return (found - bound) * sign > 0


_OPERATIONS: Mapping[str, Callable[[Requirement, Labels], bool]] = {
    "in": lambda asked, labels: asked.key in labels and labels[asked.key] in asked.values,
    "notin": lambda asked, labels: labels.get(asked.key) not in asked.values,
    "exists": lambda asked, labels: asked.key in labels,
    "!": lambda asked, labels: asked.key not in labels,
    ">": lambda asked, labels: _compares(asked, labels, 1),
    "<": lambda asked, labels: _compares(asked, labels, -1),
}
_SAME = {"=": "in", "==": "in", "!=": "notin"}


def label_matcher(text: str) -> Matcher:
    """A matcher from the text of labelSelector; raises SelectorError."""
    requirements = list(_Parser(text).requirements())
    return lambda labels: all(each.holds(labels) for each in requirements)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [match[1] for match in _TOKEN.finditer(text)]

    def _take(self) -> str:
        return self._tokens.pop(0) if len(self._tokens) > 1 else _END

    @property
    def _next(self) -> str:
        return self._tokens[0]

    def requirements(self) -> Iterator[Requirement]:
        while self._next != _END:
            if self._next in _SYMBOLS - {_NOT}:
                raise _found(self._next, "!, identifier, or 'end of string'")
            try:
                yield self._requirement()
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from error
            if (token := self._take()) not in (_END, _COMMA):
                raise _found(token, "',' or 'end of string'")
            if token == _COMMA and self._next in _SYMBOLS - {_NOT}:
                raise _found(self._next, "identifier after ','")

    def _requirement(self) -> Requirement:
        absent = self._next == _NOT
        if absent:
            self._take()
        key = self._identifier("identifier")
        _check_key(key)
        if absent or self._next in (_END, _COMMA):
            return Requirement(key, _NOT if absent else "exists")
        operator = self._take()
        if operator not in (*_SAME, "in", "notin", "<", ">"):
            raise _found(operator, "'=', '!=', '==', 'in', notin'")
        values = self._values() if operator in ("in", "notin") else self._value(operator)
        for value in sorted(values):
            _check_value(key, value)
        return Requirement(key, _SAME.get(operator, operator), frozenset(values))

    def _identifier(self, expected: str) -> str:
        token = self._take()
        if token in _SYMBOLS:
            raise _found(token, expected)
        return token

    def _value(self, operator: str) -> set[str]:
        value = "" if self._next in (_END, _COMMA) else self._identifier("identifier")
        if operator in ("<", ">") and not re.fullmatch(r"[+-]?\d+", value):
            raise SelectorError("for 'Gt', 'Lt' operators, the value must be an integer")
        return {value}

    def _values(self) -> set[str]:
        if (token := self._take()) != _OPEN:
            raise SelectorError(f"found '{token}' expected: '('")
        found: set[str] = set()
        while True:
            blank = self._next in (_COMMA, _CLOSE)
            found.add("" if blank else self._identifier("',', ')' or identifier"))
            if (token := self._take()) == _CLOSE:
                return found
            if token != _COMMA:
                raise _found(token, "',' or ')'")


def _found(token: str, expected: str) -> SelectorError:
    return SelectorError(f"found '{token}', expected: {expected}")


def _check_key(key: str) -> None:
    prefix, _, name = key.rpartition("/")
    why = ""
    if "/" in prefix or (prefix and not _DOMAIN.fullmatch(prefix)):
        why = _QUALIFIED_RULE
    elif not _NAME.fullmatch(name):
        why = f"name part {_NAME_RULE}"
    if why:
        raise SelectorError(f'invalid label key "{key}": {why}')


def _check_value(key: str, value: str) -> None:
    if value and not _NAME.fullmatch(value):
        raise SelectorError(f'invalid label value: "{value}": at key: "{key}": {_VALUE_RULE}')
