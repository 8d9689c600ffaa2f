"""The bastion's role is confined: to its own environment, and to reading."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from sandbox import role
from sandbox.aws import ACCOUNT, BASTION, REGION, Aws
from sandbox.cloudformation import load
from sandbox.deployments import BUCKET
from sandbox.iam.policy import Policy, Request, decide
from tests.rights.others import EVERYTHING, OTHERS, other
from tests.rights.permissions import Json, of_policies
from tests.rights.world import EKS_CLUSTER, GROUP

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1-AbCdEf"
PARAMETERS = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
OWN = f"{PARAMETERS}/wordpress/{GROUP}/mysql_password"
PRODUCTION = f"{PARAMETERS}/wordpress/Production/mysql_password"
KEY, ARTIFACTS_KEY = "KEY", "ARTIFACTS-KEY"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        yield started


@pytest.fixture(scope="module")
def documents(aws: Aws) -> Mapping[str, Json]:
    return role.documents(role.stack(aws, GROUP, EKS_CLUSTER, SECRET))


@pytest.fixture(scope="module")
def policies(documents: Mapping[str, Json]) -> Sequence[Policy]:
    return role.policies(documents)[BASTION]


def via(service: str, **encryption: str) -> dict[str, str]:
    """What a service says when it uses a key in the caller's name."""
    context = {f"kms:encryptioncontext:{name.lower()}": arn for name, arn in encryption.items()}
    return {"kms:viaservice": f"{service}.{REGION}.amazonaws.com", **context}


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ssm:GetParameters", PRODUCTION, {}),
        ("ssm:GetParameters", f"{PARAMETERS}/wordpress/{GROUP}", {}),
        ("ssm:GetParameters", f"{PARAMETERS}/wordpress/{GROUP}2/mysql_password", {}),
        ("ssm:GetParameter", OWN, {}),
        ("ssm:GetParametersByPath", f"{PARAMETERS}/wordpress/{GROUP}", {}),
        ("ssm:PutParameter", OWN, {}),
        ("ssm:DeleteParameter", OWN, {}),
        ("kms:Decrypt", KEY, {}),
        ("kms:Decrypt", KEY, via("ssm", PARAMETER_ARN=PRODUCTION)),
        ("kms:Decrypt", KEY, via("s3")),
        ("kms:Decrypt", KEY, via("rds")),
        ("kms:Encrypt", KEY, via("ssm", PARAMETER_ARN=OWN)),
        ("kms:Decrypt", ARTIFACTS_KEY, {}),
        ("kms:Decrypt", ARTIFACTS_KEY, via("ssm", PARAMETER_ARN=OWN)),
        ("kms:GenerateDataKey", ARTIFACTS_KEY, via("s3")),
        ("secretsmanager:GetSecretValue", f"{SECRET}2", {}),
        ("secretsmanager:PutSecretValue", SECRET, {}),
        ("eks:DescribeCluster", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/wordpress-production", {}),
        ("eks:CreateAccessEntry", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{EKS_CLUSTER}", {}),
        ("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/other", {}),
        ("ecr:PutImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/wordpress", {}),
        ("s3:GetObject", "arn:aws:s3:::another-bucket/bundle.zip", {}),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/bundle.zip", {}),
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {}),
        ("logs:DeleteLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/wordpress/x:*", {}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{BASTION}", {}),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/administrator", {}),
        ("codedeploy:CreateDeployment", "*", {}),
    ],
)
def test_what_the_bastion_may_not_do(
    aws: Aws, policies: Sequence[Policy], action: str, resource: str, context: Mapping[str, str]
) -> None:
    keys = {KEY: aws.key, ARTIFACTS_KEY: aws.artifacts_key}
    request = Request(action, keys.get(resource, resource), context)
    assert not decide(policies, request).allowed


def test_a_resource_that_has_a_name_is_named(documents: Mapping[str, Json]) -> None:
    everything = [each for each in of_policies(documents) if each.resource == EVERYTHING]
    assert {each.action for each in everything if not other(each)} == set()
    assert not [each for each in of_policies(documents) if "*" in each.action]


@pytest.mark.parametrize("template", ["environment", "pipeline"])
def test_a_key_leaves_it_to_iam_who_may_use_it(template: str) -> None:
    """What the stand-in for IAM takes for granted: it looks at the role's policies alone."""
    found = load(role.TEMPLATE.with_stem(template))["Resources"]["Key"]["Properties"]["KeyPolicy"]
    [allows] = [each for each in found["Statement"] if each["Action"] == "kms:*"]
    assert (allows["Effect"], allows["Resource"], "Condition" in allows) == ("Allow", "*", False)
    root = "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"
    assert allows["Principal"] == {"AWS": {"Fn::Sub": root}}
    assert not [each for each in found["Statement"] if each["Effect"] == "Deny"]


def test_statements_can_be_told_apart(documents: Mapping[str, Json]) -> None:
    sids = [each["Sid"] for document in documents.values() for each in document["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(sids)


def test_what_other_programs_need_is_no_more_than_is_granted(
    documents: Mapping[str, Json],
) -> None:
    """A row of the table that nobody is granted any more should go."""
    granted = {id(found) for each in of_policies(documents) if (found := other(each))}
    assert [each.who for each in OTHERS if id(each) not in granted] == []
