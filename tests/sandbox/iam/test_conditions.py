"""The operators of conditions, one by one."""

from collections.abc import Mapping

import pytest

from sandbox.iam.conditions import Condition

VIA = "kms:ViaService"
ARN = "kms:EncryptionContext:PARAMETER_ARN"
SSM = "ssm.eu-central-1.amazonaws.com"
SALT = "arn:aws:ssm:eu-central-1:123456789012:parameter/blog/salt"
CONTEXT = {VIA.lower(): SSM, ARN.lower(): SALT}
NOTHING: Mapping[str, str] = {}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("StringEquals", VIA, [SSM], True),
        ("StringEquals", VIA.upper(), [SSM], True),
        ("StringEquals", VIA, ["s3", SSM], True),
        ("StringEquals", VIA, ["ssm.*.amazonaws.com"], False),
        ("StringEquals", VIA, [SSM.upper()], False),
        ("StringEqualsIgnoreCase", VIA, [SSM.upper()], True),
        ("StringNotEquals", VIA, ["s3"], True),
        ("StringNotEquals", VIA, ["s3", SSM], False),
        ("StringNotEqualsIgnoreCase", VIA, [SSM.upper()], False),
        ("StringLike", VIA, ["ssm.*.amazonaws.com"], True),
        ("StringLike", VIA, ["s3.*"], False),
        ("StringNotLike", VIA, ["ssm.*"], False),
        ("StringNotLike", VIA, ["s3.*"], True),
        ("ArnEquals", ARN, [SALT], True),
        ("ArnEquals", ARN, [SALT.replace("salt", "*")], True),
        ("ArnLike", ARN, [SALT.replace("salt", "*")], True),
        ("ArnLike", ARN, ["arn:aws:ssm:*:*:parameter/shop/*"], False),
        ("ArnNotLike", ARN, ["arn:aws:ssm:*:*:parameter/shop/*"], True),
        ("ArnNotEquals", ARN, [SALT], False),
        ("Bool", VIA, ["true"], False),
        ("Null", VIA, ["true"], False),
        ("Null", VIA, ["false"], True),
    ],
)
def test_a_key_that_the_request_has(
    operator: str, key: str, values: list[str], *, holds: bool
) -> None:
    assert Condition(operator, key, tuple(values)).holds(CONTEXT) is holds


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("StringEquals", SSM, False),
        ("StringEqualsIfExists", SSM, True),
        ("StringNotEquals", SSM, True),
        ("StringNotEqualsIfExists", SSM, True),
        ("StringLike", "*", False),
        ("ArnLike", "*", False),
        ("Bool", "false", False),
        ("BoolIfExists", "false", True),
        ("Null", "true", True),
        ("Null", "false", False),
    ],
)
def test_a_key_that_the_request_has_not(operator: str, value: str, *, holds: bool) -> None:
    assert Condition(operator, VIA, (value,)).holds(NOTHING) is holds


def test_a_key_that_exists_is_tested() -> None:
    assert not Condition("StringEqualsIfExists", VIA, ("s3",)).holds(CONTEXT)
