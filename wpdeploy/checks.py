"""Checks for single values of the environment file: each returns what to keep, or says why not.

The rules are Kubernetes' and AWS's own: RFC 1123 labels, label syntax, resource quantities,
parameter names.
"""

import re
from collections.abc import Callable
from decimal import Decimal

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_CRON_FIELDS = 5
_LABEL_LENGTH = 63
_NAME_LENGTH = 253
# Room for the longest suffix that wpdeploy adds to an object's name ("-" and a hash of ten).
_BASE_NAME_LENGTH = 52

_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def _matching(pattern: re.Pattern[str], longest: int, rule: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > longest or not pattern.fullmatch(value):
            raise ValueError(f'is "{value[:80]}", but must be {rule}')
        return value

    return check


dns_label = _matching(
    _DNS_LABEL, _LABEL_LENGTH, "lower-case letters, digits and '-', at most 63 of them"
)
base_name = _matching(
    _DNS_LABEL, _BASE_NAME_LENGTH, "lower-case letters, digits and '-', at most 52 of them"
)
dns_name = _matching(_DNS_NAME, _NAME_LENGTH, "a DNS name in lower case")
label_value = _matching(
    _LABEL_VALUE, _LABEL_LENGTH, "a label value: letters, digits, '-', '_' and '.', at most 63"
)
env_name = _matching(_ENV_NAME, 253, "the name of an environment variable")
parameter_name = _matching(_PARAMETER, 1011, "an SSM name: letters, digits, '_', '.', '-' and '/'")


def whole(least: int, most: int) -> Callable[[int], int]:
    """A check that a number lies between the two, both included."""

    def check(value: int) -> int:
        if not least <= value <= most:
            raise ValueError(f"is {value}, but must be from {least} to {most}")
        return value

    return check


def parameter_path(value: str) -> str:
    """A path of the Parameter Store, without the slash at its end."""
    trimmed = value.rstrip("/")
    if not trimmed.startswith("/"):
        raise ValueError(f'is "{value}", but a parameter path starts with "/"')
    return parameter_name(trimmed)


def cron_schedule(value: str) -> str:
    """Five fields of crontab, or one of cron's words such as @hourly."""
    if not value.startswith("@") and len(value.split()) != _CRON_FIELDS:
        raise ValueError(f'is "{value}", but a schedule has five fields, such as "*/5 * * * *"')
    return value


def env_names(value: dict[str, str]) -> dict[str, str]:
    """A mapping whose keys are names of environment variables and whose values hold no NUL."""
    for name, text in value.items():
        env_name(name)
        if "\0" in text:
            raise ValueError(f"has a NUL byte in {name}, which no environment variable can hold")
    return value


def quantity(value: str) -> str:
    """A resource quantity in the API server's canonical form: 0.5 is 500m, 1024Mi is 1Gi.

    An API server of 1.20 raises the resourceVersion at each apply of a form that is not canonical.
    """
    match = _QUANTITY.fullmatch(value)
    if not match:
        raise ValueError(f'is "{value}", but a quantity looks like 500m, 2 or 512Mi')
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return _binary(number * 1024 ** _BINARY[suffix])
    return _decimal(number.scaleb(_SUFFIXES[suffix]))


def _decimal(number: Decimal) -> str:
    for suffix, power in sorted(_SUFFIXES.items(), key=lambda item: -item[1]):
        scaled = number.scaleb(-power)
        if scaled == scaled.to_integral_value() and scaled:
            return f"{int(scaled)}{suffix}"
    return "0"


def _binary(number: Decimal) -> str:
    if number != number.to_integral_value():
        raise ValueError(f"comes to {number.normalize():f} bytes, but must be whole bytes")
    for suffix, power in sorted(_BINARY.items(), key=lambda item: -item[1]):
        if number and number % 1024**power == 0:
            return f"{int(number // 1024**power)}{suffix}"
    return f"{int(number)}"
