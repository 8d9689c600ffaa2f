"""What a run says that lacks a right: whether it names it, and in which words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from sandbox.iam.patterns import arn_matches
from sandbox.site import Result
from tests.rights.permissions import AwsRight, Permission

_TIMED = re.compile(r"^ *\d+\.\d s  (?P<text>.*)$", re.MULTILINE)
_ARN = r"arn:aws:[^\s,;)]+"
# What differs from run to run, and what is said twice, with what stands for it.
_SHOWN = (
    (re.compile(r"^wpdeploy [a-z]+: [A-Z ]+ \(exit \d+\): "), ""),
    (re.compile(r"^\d+ checks: .*? (failed|warning) (?=[a-z ]+: )"), r"\1 "),
    (re.compile(r'User:? "?arn:aws:sts:[^" ]+"? '), ""),
    (re.compile(r'forbidden: [a-z.]+[a-z0-9.]*( "[^"]+")? is forbidden: '), "forbidden: "),
    (re.compile(r"/apis?/[a-z0-9./]+/namespaces/[a-z0-9-]+/(?=[a-z]+: )"), ""),
    (re.compile(r"\bwordpress((-[a-z]+)?)-[0-9a-f]{10}\b"), r"wordpress\1-HASH"),
    (re.compile(r"\bwordpress-[a-z0-9]+-[a-z0-9]{5}\b"), "POD"),
)


@dataclass(frozen=True)
class Broken:
    """How a command ended without a right, and what it said of it.

    `goes_on`: its exit code is what it is with all rights.
    """

    command: str
    code: int
    told: str
    goes_on: bool = False


def named(permission: Permission, output: str, *, goes_on: bool) -> str:
    """The sentence of the output that names the permission, up to there; empty where none does."""
    words, kinds = _words(permission), (_block(output), _lines(output))
    for text in chain(*(reversed(kinds) if goes_on else kinds), output.splitlines()):
        for match in words.finditer(text):
            if _is_about(permission, match.groupdict().get("arn", "")):
                return _shown(text[: match.end()])
    return ""


def _is_about(permission: Permission, arn: str) -> bool:
    return not isinstance(permission, AwsRight) or arn_matches(permission.resource, arn)


def _words(permission: Permission) -> re.Pattern[str]:
    if isinstance(permission, AwsRight):
        action = re.escape(permission.action)
        return re.compile(rf"{action} on (?:resource: )?(?P<arn>{_ARN})", re.IGNORECASE)
    verb, resource = permission.verb, re.escape(permission.resource)
    one, listed = rf'{verb} resource "{resource}"', rf"(?:[a-z]+ [a-z/]+, )*{verb} {resource}"
    return re.compile(rf"cannot (?:{one}|{listed})(?![a-z/])")


def _lines(output: str) -> Iterator[str]:
    return (match["text"] for match in _TIMED.finditer(output))


def _block(output: str) -> Iterator[str]:
    """The last block as one line."""
    if "\nwpdeploy " in f"\n{output}":
        yield Result(0, output).verdict


def _shown(text: str) -> str:
    for pattern, instead in _SHOWN:
        text = pattern.sub(instead, text)
    return " ".join(text.split())
