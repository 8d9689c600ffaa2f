"""Wildcards, by the IAM User Guide."""

import pytest

from sandbox.iam.patterns import action_matches, arn_is_like, arn_matches, string_matches

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234"
SALT = "arn:aws:ssm:eu-central-1:123456789012:parameter/blog/salt"
GROUP = "arn:aws:logs:eu-central-1:123456789012:log-group:/blog:log-stream:i-1"


@pytest.mark.parametrize(
    ("pattern", "action", "matches"),
    [
        ("ssm:GetParameters", "ssm:GetParameters", True),
        ("SSM:getparameters", "ssm:GetParameters", True),
        ("ssm:GetParameter", "ssm:GetParameters", False),
        ("ssm:GetParameter?", "ssm:GetParameters", True),
        ("ssm:Get*", "ssm:GetParameters", True),
        ("ssm:*Parameters", "ssm:GetParameters", True),
        ("ssm:*", "ssm:GetParameters", True),
        ("*", "ssm:GetParameters", True),
        ("s?m:*", "ssm:GetParameters", True),
        ("kms:*", "ssm:GetParameters", False),
        ("ssm:Get.arameters", "ssm:GetParameters", False),
    ],
)
def test_actions(pattern: str, action: str, *, matches: bool) -> None:
    assert action_matches(pattern, action) is matches


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        (SALT, SALT, True),
        (SALT.upper(), SALT, False),
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/blog/*", SALT, True),
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/*/salt", SALT, True),
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/blog/sal?", SALT, True),
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/blog", SALT, False),
        ("arn:aws:ssm:eu-central-1:123456789012:parameter/blo", SALT, False),
        ("arn:aws:ssm:*:123456789012:parameter/blog/salt", SALT, True),
        ("arn:aws:ssm:*:*:parameter/blog/salt", SALT, True),
        ("arn:aws:ssm:eu-central-1:210987654321:parameter/blog/*", SALT, False),
        ("arn:aws:kms:eu-central-1:123456789012:key/*", SALT, False),
        # At the end of a segment a wildcard goes on over the colons; elsewhere it does not.
        ("arn:aws:logs:eu-central-1:123456789012:log-group:/blog:*", GROUP, True),
        ("arn:aws:logs:eu-central-1:*", GROUP, True),
        ("arn:aws:logs:*:log-stream:i-1", GROUP, True),
        ("arn:aws:logs:eu-*-1:log-stream:i-1", GROUP, False),
        ("arn:aws:logs:eu-central-1?123456789012:log-group:*", GROUP, False),
        ("arn:aws:logs:eu-central-1:123456789012:log-group:/b*g:log-stream:i-1", GROUP, True),
    ],
)
def test_resources(pattern: str, arn: str, *, matches: bool) -> None:
    assert arn_matches(pattern, arn) is matches


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        (KEY, KEY, True),
        ("arn:aws:kms:*:*:key/*", KEY, True),
        ("arn:aws:kms:*:key/*", KEY, False),
        ("arn:aws:kms:eu-central-1:*", KEY, False),
        ("arn:aws:logs:*:*:log-group:*", GROUP, True),
    ],
)
def test_an_arn_is_compared_segment_by_segment(pattern: str, arn: str, *, matches: bool) -> None:
    assert arn_is_like(pattern, arn) is matches


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [("a*c", "a\nbc", True), ("a?c", "abc", True), ("a?c", "ac", False), ("A*", "abc", False)],
)
def test_strings(pattern: str, value: str, *, matches: bool) -> None:
    assert string_matches(pattern, value) is matches
