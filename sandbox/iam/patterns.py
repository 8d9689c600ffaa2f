"""The wildcards of policies: of actions, of ARNs, of strings; rules of the IAM User Guide."""

import re
from functools import cache

# arn:partition:service:region:account:resource; a resource may have colons of its own.
_SEGMENTS = 6
_ANY = "*"


def action_matches(pattern: str, action: str) -> bool:
    """Whether an Action element names it; case means nothing."""
    return bool(_compiled(pattern.lower()).fullmatch(action.lower()))


def arn_matches(pattern: str, arn: str) -> bool:
    """Whether a Resource element names it.

    A wildcard stays in its segment, but for a `*` at the end of one.
    """
    return bool(_arn(pattern).fullmatch(arn))


def arn_is_like(pattern: str, arn: str) -> bool:
    """ArnLike and ArnEquals: each segment by itself."""
    patterns, segments = pattern.split(":", _SEGMENTS - 1), arn.split(":", _SEGMENTS - 1)
    if len(patterns) != len(segments):
        return False
    return all(map(string_matches, patterns, segments))


def string_matches(pattern: str, value: str) -> bool:
    """StringLike."""
    return bool(_compiled(pattern).fullmatch(value))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(_WILDCARDS.get(each) or re.escape(each) for each in pattern), re.DOTALL
    )


_WILDCARDS = {_ANY: ".*", "?": "."}


@cache
def _arn(pattern: str) -> re.Pattern[str]:
    made = re.escape(pattern).replace(r"\?", "[^:]")
    return re.compile(re.sub(r"\\\*(?!:|$)", "[^:]*", made).replace(r"\*", ".*"), re.DOTALL)
