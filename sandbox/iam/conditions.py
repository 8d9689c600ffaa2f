"""The Condition element of a statement.

What is not known here is an error and never a condition that is met: an operator, a key that no
request here has, a policy variable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.iam.patterns import arn_is_like, string_matches

Context = Mapping[str, str]
"""Condition keys in lower case, with the request's values."""

# What requests.py says of a request; a key of an encryption context comes after the second colon.
KEYS = {"kms:viaservice"}
ENCRYPTION_CONTEXT = "kms:encryptioncontext:"
_IF_EXISTS = "IfExists"
_NULL = "Null"
_NOT = "Not"


class ConditionError(Exception):
    """A condition that cannot be judged here."""


def _equal(wanted: str, value: str) -> bool:
    return wanted == value


def _equal_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


_Test = Callable[[str, str], bool]
# Each has a negation: StringNotEquals, ArnNotLike.
_TESTS: Mapping[str, _Test] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": string_matches,
    "ArnEquals": arn_is_like,
    "ArnLike": arn_is_like,
}
_OPERATORS: Mapping[str, tuple[_Test, bool]] = {
    **{name: (test, False) for name, test in _TESTS.items()},
    **{
        name.replace(kind, kind + _NOT, 1): (test, True)
        for name, test in _TESTS.items()
        for kind in ("String", "Arn")
        if name.startswith(kind)
    },
    "Bool": (_equal_ignoring_case, False),
}


@dataclass(frozen=True)
class Condition:
    """A key of a request, and one of the values that it must have, or must not."""

    operator: str
    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be judged."""
        if self._base not in _OPERATORS and self.operator != _NULL:
            raise ConditionError(f"unknown condition operator {self.operator}")
        known = self._name in KEYS or self._name.startswith(ENCRYPTION_CONTEXT)
        if not known:
            raise ConditionError(f"no request here has the condition key {self.key}")

    def holds(self, context: Context) -> bool:
        """Whether a request meets it; values are alternatives, those of a negation are not."""
        value = context.get(self._name)
        if self.operator == _NULL:
            return any(_equal_ignoring_case(each, str(value is None)) for each in self.values)
        test, is_negated = _OPERATORS[self._base]
        if value is None:
            return is_negated or self.operator.endswith(_IF_EXISTS)
        return any(test(wanted, value) for wanted in self.values) is not is_negated

    @property
    def _base(self) -> str:
        return self.operator.removesuffix(_IF_EXISTS)

    @property
    def _name(self) -> str:
        return self.key.lower()
