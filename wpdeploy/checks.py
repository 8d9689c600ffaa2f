"""Checks for single values of the environment file: each returns what to keep, or says why not.

The rules are Kubernetes' and AWS's own: RFC 1123 labels, label syntax, resource quantities,
parameter names.
"""

import ipaddress
import re
from collections.abc import Callable
from fractions import Fraction

_BASE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_HOST = re.compile(rf"(\*\.)?{_DNS_NAME.pattern}")
_CODES = re.compile(r"[0-9]{3}(-[0-9]{3})?(,[0-9]{3}(-[0-9]{3})?)*")
_CERTIFICATE = re.compile(
    r"arn:aws[-a-z]*:(acm|iam):[-a-z0-9]*:[0-9]{12}:(server-)?certificate/\S+"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_EKS_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]*")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER = re.compile(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_KMS_KEY = re.compile(
    r"alias/[A-Za-z0-9/_-]+|[0-9a-f-]{36}|mrk-[0-9a-f]{32}|arn:aws[-a-z]*:kms:[-a-z0-9]+:[0-9]{12}:"
    r"(key|alias)/[A-Za-z0-9/_-]+"
)
_FILE_SYSTEM = re.compile(r"fs-[0-9a-f]{8,40}")
_SUFFIX = "(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?"
_QUANTITY = re.compile(rf"([0-9]+(?:\.[0-9]+)?){_SUFFIX}")
# As the API server writes one: with an exponent too.
_WRITTEN = re.compile(rf"(-?[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?){_SUFFIX}")
# RFC 3986, without a fragment: no browser sends one.
_URL_PATH = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
_CRON_FIELDS = 5
_LABEL_LENGTH = 63
_NAME_LENGTH = 253
# A Service's name begins with a letter; a CronJob's has at most 52 characters, "-cron" with them.
_BASE_NAME_LENGTH = 47

_QUANTITY_LENGTH = 100
_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL = {suffix: Fraction(10) ** power for suffix, power in _POWERS.items()}
_BINARY = {"": Fraction(1)} | {
    f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", start=1)
}


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
    _BASE_NAME,
    _BASE_NAME_LENGTH,
    "a letter and lower-case letters, digits and '-', at most 47 of them",
)
dns_name = _matching(_DNS_NAME, _NAME_LENGTH, "a DNS name in lower case")
label_value = _matching(
    _LABEL_VALUE, _LABEL_LENGTH, "a label value: letters, digits, '-', '_' and '.', at most 63"
)
host = _matching(_HOST, _NAME_LENGTH, "a DNS name in lower case; its first label may be *")
success_codes = _matching(_CODES, 100, "HTTP status codes such as 200, 200,302 or 200-299")
certificate_arn = _matching(_CERTIFICATE, 200, "the ARN of a certificate of ACM or IAM")
url_path = _matching(_URL_PATH, 1000, "a path that begins with / and is encoded as in a URL")
eks_name = _matching(
    _EKS_NAME, 100, "a cluster's name: letters, digits, '-' and '_', at most 100 of them"
)
env_name = _matching(_ENV_NAME, 253, "the name of an environment variable")
kms_key = _matching(
    _KMS_KEY, 2048, "a key of KMS: alias/NAME, the key's id, or the ARN of one of them"
)
file_system = _matching(_FILE_SYSTEM, 43, "the id of a file system of EFS, such as fs-01234567")
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
        raise ValueError(f'is "{value}", but must be a path such as /wordpress/Test')
    return parameter_name(trimmed)


def pattern(value: str) -> str:
    """A regular expression."""
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value


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


def cidr(value: str) -> str:
    """A network in CIDR notation."""
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError(f'is "{value}", but must be a network such as 10.0.0.0/8') from None


def quantity(value: str) -> str:
    """A resource quantity in the API server's canonical form: 0.5 is 500m, 1024Mi is 1Gi.

    An API server of 1.20 raises the resourceVersion at each apply of a form that is not canonical.
    """
    match = _QUANTITY.fullmatch(value) if len(value) <= _QUANTITY_LENGTH else None
    if not match:
        raise ValueError(f'is "{value[:40]}", but a quantity looks like 500m, 2 or 512Mi')
    units, finest = (_BINARY, 1) if match[2] in _BINARY else (_DECIMAL, _DECIMAL["n"])
    amount = Fraction(match[1]) * units[match[2] or ""]
    if amount % finest:
        raise ValueError(
            f'is "{value}", but must be whole {"bytes" if finest == 1 else "billionths"}'
        )
    for suffix, unit in sorted(units.items(), key=lambda item: -item[1]):
        if amount and amount % unit == 0:
            return f"{amount / unit}{suffix}"
    return "0"


def amount(value: str) -> Fraction:
    """The number that a quantity of the API server stands for."""
    match = _WRITTEN.fullmatch(value)
    if not match:
        raise ValueError(f'is "{value[:40]}", which is no quantity')
    return Fraction(match[1]) * (_DECIMAL | _BINARY)[match[2] or ""]
