"""Quantities, in the one form in which the API server writes them."""

import re
from decimal import ROUND_CEILING, Decimal

_FORM = re.compile(r"([+-]?[0-9.]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+|)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"": 0, "Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"


class QuantityError(ValueError):
    """It is no quantity."""


def value(text: str) -> Decimal:
    """The number that a quantity stands for."""
    match = _FORM.fullmatch(text)
    if match is None or not any(digit.isdigit() for digit in match[1]):
        raise QuantityError(f"quantities must match the regular expression '{PATTERN}'")
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    power = _DECIMAL.get(suffix)
    return number.scaleb(int(suffix[1:]) if power is None else power)


def canonical(text: str) -> str:
    """Write a quantity as the API server does: no fraction, the largest suffix that fits."""
    number = value(text)
    suffix = (_FORM.fullmatch(text) or [""] * 3)[2]
    if suffix in _BINARY and suffix and number == number.to_integral_value():
        return _binary(int(number))
    return _decimal(number)


def added(left: str, right: str) -> str:
    """The sum, written as its first part that is not nothing is."""
    number = value(left) + value(right)
    first = left if value(left) else right
    is_binary = (_FORM.fullmatch(first) or [""] * 3)[2] in set(_BINARY) - {""}
    whole = number == number.to_integral_value()
    return _binary(int(number)) if is_binary and whole else _decimal(number)


def _binary(number: int) -> str:
    if abs(number) < 1024:  # noqa: PLR2004
        return str(number)
    for suffix, power in sorted(_BINARY.items(), key=lambda item: -item[1]):
        if number and number % (1 << power) == 0:
            return f"{number >> power}{suffix}"
    return str(number)


def _decimal(number: Decimal) -> str:
    if not number:
        return "0"
    for suffix, power in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        scaled = number.scaleb(-power)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    return f"{int(number.scaleb(9).to_integral_value(ROUND_CEILING))}n"
