"""What policies come to: a table of evaluations, by the documented logic."""

from collections.abc import Sequence
from typing import Any

import pytest

from sandbox.iam.policy import Match, Policy, PolicyError, Request, decide
from tests.sandbox.iam.documents import Json, document, policy, statement

READ, WRITE = "ssm:GetParameters", "ssm:PutParameter"
SALT = "arn:aws:ssm:eu-central-1:123456789012:parameter/blog/salt"
BLOG = "arn:aws:ssm:eu-central-1:123456789012:parameter/blog/*"
SHOP = "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/*"
DENIED = statement(READ, BLOG, "Deny")


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        pytest.param([], False, id="nothing is said: implicitly denied"),
        pytest.param([statement(READ, SALT)], True, id="allowed"),
        pytest.param([statement(READ, BLOG)], True, id="allowed by a wildcard"),
        pytest.param([statement(READ, "*")], True, id="allowed on everything"),
        pytest.param([statement("*", "*")], True, id="everything is allowed"),
        pytest.param([statement(WRITE, BLOG)], False, id="another action"),
        pytest.param([statement(READ, SHOP)], False, id="another resource"),
        pytest.param([statement([WRITE, READ], [SHOP, BLOG])], True, id="one of several"),
        pytest.param(
            [statement(READ, SHOP), statement(WRITE, BLOG)], False, id="half of it in each of two"
        ),
        pytest.param([statement(READ, "*"), DENIED], False, id="an explicit denial wins"),
        pytest.param([DENIED, statement(READ, "*")], False, id="wherever it stands"),
        pytest.param([DENIED], False, id="denied alone"),
        pytest.param(
            [statement(READ, "*"), statement(READ, SHOP, "Deny")], True, id="denied elsewhere"
        ),
    ],
)
def test_one_policy(statements: Sequence[Json], *, allowed: bool) -> None:
    assert decide([policy(*statements)], Request(READ, SALT)).allowed is allowed


def test_several_policies_are_one() -> None:
    both = [policy(statement(READ, "*")), policy(DENIED)]
    assert not decide(both, Request(READ, SALT)).allowed
    assert decide([policy(), both[0]], Request(READ, SALT)).allowed
    assert not decide([], Request(READ, SALT)).allowed


def test_an_action_without_resources_needs_the_wildcard() -> None:
    asked = Request("ecr:GetAuthorizationToken", "*")
    assert not decide([policy(statement("ecr:*", "arn:aws:ecr:*:*:*"))], asked).allowed
    assert decide([policy(statement("ecr:*", "*"))], asked).allowed


def test_who_allows_is_told() -> None:
    said = policy(statement([WRITE, "ssm:Get*"], [SHOP, BLOG], Sid="Parameters"), name="bastion")
    found = decide([said], Request(READ, SALT))
    assert found.by == Match("bastion", "Parameters", "ssm:Get*", BLOG)
    assert decide([said, policy(DENIED)], Request(READ, SALT)).by == Match("own", "", READ, BLOG)


VIA = "kms:ViaService"
CONTEXT = {"kms:viaservice": "ssm.eu-central-1.amazonaws.com"}


def test_a_statement_whose_condition_does_not_hold_says_nothing() -> None:
    def via(service: str, effect: str) -> Policy:
        condition = {"StringEquals": {VIA: f"{service}.eu-central-1.amazonaws.com"}}
        return policy(statement("kms:Decrypt", "*", effect, Condition=condition))

    asked = Request("kms:Decrypt", SALT, CONTEXT)
    assert decide([via("ssm", "Allow")], asked).allowed
    assert not decide([via("s3", "Allow")], asked).allowed
    assert decide([via("ssm", "Allow"), via("s3", "Deny")], asked).allowed
    assert not decide([via("ssm", "Allow"), via("ssm", "Deny")], asked).allowed


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"Version": "2008-10-17", "Statement": []}, "its Version is not 2012-10-17"),
        ({"Statement": []}, "its Version is not 2012-10-17"),
        (document() | {"Statements": []}, "unknown Statements"),
        (document(statement(READ, "*", "Permit")), "Permit"),
        (document({"Effect": "Allow", "NotAction": READ, "Resource": "*"}), "unknown NotAction"),
        (document({"Effect": "Allow", "Action": READ, "NotResource": SALT}), "unknown NotResource"),
        (document(statement(READ, "*", Principal="*")), "unknown Principal"),
        (document(statement([], "*")), "Action is not a text"),
        (document(statement(READ, [])), "Resource is not a text"),
        (document({"Effect": "Allow", "Action": READ}), "Resource is not a text"),
        (document(statement({"Fn::Sub": READ}, "*")), "Action is not a text"),
        (document(statement(READ, {"Ref": "Bucket"})), "Resource is not a text"),
        (document(statement("GetParameters", "*")), "GetParameters is no action of a service"),
        (document(statement(READ, "parameter/blog")), "parameter/blog is no ARN"),
        (document(statement(READ, "arn:aws:*:eu-central-1:1:a")), "in place of the service"),
        (document(statement(READ, "arn:aws:ssm:x:1:p/${aws:username}")), "has a policy variable"),
        (
            document(statement(READ, "*", Condition={"IpAddress": {VIA: "10.0.0.0/8"}})),
            "unknown condition operator IpAddress",
        ),
        (
            document(statement(READ, "*", Condition={"ForAnyValue:StringEquals": {VIA: "x"}})),
            "unknown condition operator ForAnyValue:StringEquals",
        ),
        (
            document(statement(READ, "*", Condition={"StringEquals": {"aws:SourceVpc": "x"}})),
            "no request here has the condition key aws:SourceVpc",
        ),
        (
            document(statement(READ, "*", Condition={"StringEquals": {VIA: []}})),
            f"{VIA} is not a text",
        ),
    ],
)
def test_what_cannot_be_judged_is_an_error(broken: Json, told: str) -> None:
    with pytest.raises(PolicyError, match=r"^policy own.*") as raised:
        Policy.of("own", broken)
    assert told in str(raised.value)


def test_a_single_statement_may_stand_without_a_list() -> None:
    one: dict[str, Any] = {"Version": "2012-10-17", "Statement": statement(READ, SALT)}
    assert decide([Policy.of("own", one)], Request(READ, SALT)).allowed
