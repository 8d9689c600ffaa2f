"""Requests to the stand-in for AWS under a role's policies: what each takes, and how it is refused.

The messages are those that the IAM User Guide and the services' documents have.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from sandbox.aws import ACCOUNT, BASTION, REGION, Aws
from sandbox.iam import Grant, Guard
from tests.sandbox.iam.documents import Json, policy, statement

USER = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{BASTION}/i-0f1e2d3c4b5a69788"
BLOG = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/blog"
REFERENCE = "/aws/reference/secretsmanager/"
IMAGE = [{"imageDigest": f"sha256:{'a' * 64}"}]
READ = statement("ssm:GetParameters", [f"{BLOG}/*", f"arn:aws:ssm:*:*:parameter{REFERENCE}*"])
Rule = Callable[..., Guard]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        started.put_parameters("/blog", {"salt": ("s", True), "host": ("h", False)})
        ssm = started.client("ssm")
        ssm.put_parameter(Name="/blog/of-aws", Value="s", Type="SecureString")
        secrets = started.client("secretsmanager")
        secrets.create_secret(Name="plain", SecretString="{}")
        secrets.create_secret(Name="locked", SecretString="{}", KmsKeyId=started.key)
        put_object(started)
        yield started


def put_object(aws: Aws) -> None:
    """A version of an object, in a bucket that encrypts with the customer's key."""
    s3 = aws.client("s3")
    where: Json = {"Bucket": "artifacts"}
    s3.create_bucket(**where, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": aws.key}
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    s3.put_bucket_encryption(**where, ServerSideEncryptionConfiguration={"Rules": rules})
    s3.put_object(**where, Key="a b/bundle.zip", Body=b"a bundle")


@pytest.fixture
def rule(aws: Aws) -> Rule:
    """Give the bastion's role these statements, and no others."""

    def enforce(*statements: Json) -> Guard:
        return aws.enforce({BASTION: [policy(*statements)]})

    return enforce


def bastion(aws: Aws, service: str) -> Any:
    return aws.client(service, aws.bastion)


def parameters(aws: Aws, *names: str, decrypt: bool = True) -> list[str]:
    found = bastion(aws, "ssm").get_parameters(Names=names, WithDecryption=decrypt)
    return sorted(each["Name"] for each in found["Parameters"])


def refused(ask: Callable[[], object]) -> tuple[str, str]:
    """The code and the message of a refusal."""
    with pytest.raises(ClientError) as raised:
        ask()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def granted(guard: Guard) -> list[tuple[str, str]]:
    return [(each.request.action, each.request.resource) for each in guard.grants]


def no_policy(action: str, arn: str) -> str:
    because = f"because no identity-based policy allows the {action} action"
    return f"{USER} is not authorized to perform: {action} on resource: {arn} {because}"


def test_each_parameter_is_asked_for_by_its_own_arn(aws: Aws, rule: Rule) -> None:
    guard = rule(statement("ssm:GetParameters", [f"{BLOG}/host"]))
    assert parameters(aws, "/blog/host") == ["/blog/host"]
    assert refused(lambda: parameters(aws, "/blog/host:1", "/blog/salt", decrypt=False)) == (
        "AccessDeniedException",
        no_policy("ssm:GetParameters", f"{BLOG}/salt"),
    )
    assert granted(guard) == [("ssm:GetParameters", f"{BLOG}/host")] * 2


def test_the_list_of_parameters_is_the_accounts(aws: Aws, rule: Rule) -> None:
    ask = bastion(aws, "ssm").describe_parameters
    rule(statement("ssm:DescribeParameters", f"{BLOG}/*"))
    wanted = no_policy("ssm:DescribeParameters", f"arn:aws:ssm:{REGION}:{ACCOUNT}:*")
    assert refused(ask) == ("AccessDeniedException", wanted)
    rule(statement("ssm:DescribeParameters", "*"))
    assert ask()["Parameters"]


def test_an_explicit_denial_has_words_of_its_own(aws: Aws, rule: Rule) -> None:
    rule(READ, statement("ssm:*", f"{BLOG}/salt", "Deny"))
    _, message = refused(lambda: parameters(aws, "/blog/salt"))
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_what_is_encrypted_takes_the_key_as_well(aws: Aws, rule: Rule) -> None:
    guard = rule(READ)
    assert parameters(aws, "/blog/salt", decrypt=False) == ["/blog/salt"]
    assert parameters(aws, "/blog/of-aws") == ["/blog/of-aws"], "a key of AWS's own"
    assert not [each for each in granted(guard) if each[0] == "kms:Decrypt"]
    code, message = refused(lambda: parameters(aws, "/blog/host", "/blog/salt"))
    assert code == "AccessDeniedException"
    assert message.startswith(f"{no_policy('kms:Decrypt', aws.key)} (Service: AWSKMS; ")


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}}, True),
        ({"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}, False),
        ({"StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{BLOG}/*"}}, True),
        ({"ArnLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{BLOG}/salt"}}, True),
        ({"ArnLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{BLOG}/other"}}, False),
        ({"Null": {"kms:EncryptionContext:aws:s3:arn": "true"}}, True),
    ],
)
def test_ssm_says_for_what_it_uses_the_key(
    aws: Aws, rule: Rule, condition: Json, *, allowed: bool
) -> None:
    rule(READ, statement("kms:Decrypt", aws.key, Condition=condition))
    if allowed:
        assert parameters(aws, "/blog/salt") == ["/blog/salt"]
    else:
        assert refused(lambda: parameters(aws, "/blog/salt"))[0] == "AccessDeniedException"


def test_a_secret_takes_its_key_as_well(aws: Aws, rule: Rule) -> None:
    held = {each.name: each.arn for each in aws.backend("secretsmanager").secrets.values()}

    def ask(name: str) -> str:
        found = bastion(aws, "secretsmanager").get_secret_value(SecretId=name)
        return str(found["SecretString"])

    rule(statement("secretsmanager:GetSecretValue", held["locked"]))
    plain, locked = held["plain"], held["locked"]
    wanted = no_policy("secretsmanager:GetSecretValue", plain)
    assert refused(lambda: ask(plain)) == ("AccessDeniedException", wanted)
    assert refused(lambda: ask("plain")) == ("AccessDeniedException", wanted)
    absent = locked.replace("locked", "absent")
    assert absent in refused(lambda: ask(absent))[1]
    assert refused(lambda: ask(locked))[1] == no_policy("kms:Decrypt", aws.key)
    rule(statement(["secretsmanager:GetSecretValue", "kms:Decrypt"], [locked, aws.key]))
    assert ask(locked) == "{}"


def test_a_secret_by_reference_takes_the_secret_and_its_key(aws: Aws, rule: Rule) -> None:
    held = {each.name: each.arn for each in aws.backend("secretsmanager").secrets.values()}
    rule(READ)
    message = refused(lambda: parameters(aws, f"{REFERENCE}plain"))[1]
    wanted = no_policy("secretsmanager:GetSecretValue", held["plain"])
    told = "An error occurred (AccessDeniedException) when referencing Secrets Manager: "
    assert message == told + wanted
    rule(READ, statement("secretsmanager:GetSecretValue", list(held.values())))
    assert parameters(aws, f"{REFERENCE}plain") == ["plain"]
    assert "kms:Decrypt" in refused(lambda: parameters(aws, f"{REFERENCE}locked"))[1]
    via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    context = {"kms:EncryptionContext:SecretARN": held["locked"]}
    rule(
        READ,
        statement("secretsmanager:GetSecretValue", held["locked"]),
        statement("kms:Decrypt", aws.key, Condition={"StringEquals": via | context}),
    )
    assert parameters(aws, f"{REFERENCE}locked") == ["locked"]


def test_a_reference_needs_its_own_path(aws: Aws, rule: Rule) -> None:
    rule(statement("ssm:GetParameters", f"{BLOG}/*"), statement("secretsmanager:*", "*"))
    _, message = refused(lambda: parameters(aws, f"{REFERENCE}plain"))
    wanted = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{REFERENCE}plain"
    assert message == no_policy("ssm:GetParameters", wanted)


def test_who_one_is_takes_nothing(aws: Aws, rule: Rule) -> None:
    guard = rule()
    assert BASTION in bastion(aws, "sts").get_caller_identity()["Arn"]
    assert guard.grants == []


def test_a_cluster(aws: Aws, rule: Rule) -> None:
    aws.put_cluster("blog")
    arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/blog"
    rule(statement("eks:DescribeCluster", f"{arn}-other"))

    def ask() -> Any:
        return bastion(aws, "eks").describe_cluster(name="blog")["cluster"]["arn"]

    assert refused(ask) == ("AccessDeniedException", no_policy("eks:DescribeCluster", arn))
    rule(statement("eks:Describe*", arn))
    assert ask() == arn


def test_an_image_of_a_registry_of_whatever_account(aws: Aws, rule: Rule) -> None:
    rule(statement("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/blog"))
    ecr = bastion(aws, "ecr")

    def ask(**more: str) -> str:
        return refused(lambda: ecr.batch_get_image(repositoryName="blog", imageIds=IMAGE, **more))[
            0
        ]

    assert ask() == "RepositoryNotFoundException"
    assert ask(registryId="111122223333") == "AccessDeniedException"


def test_an_object_by_its_version_takes_another_action(aws: Aws, rule: Rule) -> None:
    arn = "arn:aws:s3:::artifacts/a b/bundle.zip"
    version = aws.backend("s3").get_object("artifacts", "a b/bundle.zip").version_id
    s3 = bastion(aws, "s3")

    def ask(**more: str) -> Any:
        return s3.get_object(Bucket="artifacts", Key="a b/bundle.zip", **more)["Body"].read()

    rule(statement("s3:GetObject", arn))
    wanted = no_policy("s3:GetObjectVersion", arn)
    assert refused(lambda: ask(VersionId=version)) == ("AccessDenied", wanted)
    assert refused(ask) == ("AccessDenied", no_policy("kms:Decrypt", aws.key))
    rule(
        statement(["s3:GetObject", "s3:GetObjectVersion"], arn),
        statement(
            "kms:Decrypt",
            aws.key,
            Condition={
                "StringEquals": {
                    "kms:ViaService": f"s3.{REGION}.amazonaws.com",
                    "kms:EncryptionContext:aws:s3:arn": arn,
                }
            },
        ),
    )
    assert (ask(), ask(VersionId=version)) == (b"a bundle", b"a bundle")


@pytest.mark.parametrize(
    ("service", "call", "told"),
    [
        (
            "ssm",
            lambda client: client.get_parameter_history(Name="/blog/salt"),
            "what GetParameterHistory takes",
        ),
        ("eks", lambda client: client.list_clusters(), "what GET /clusters takes"),
        ("s3", lambda client: client.list_objects(Bucket="artifacts"), "GET /artifacts takes"),
        (
            "s3",
            lambda client: client.get_object_tagging(Bucket="artifacts", Key="a b/bundle.zip"),
            "GET /artifacts/a b/bundle.zip takes",
        ),
        ("sts", lambda client: client.get_session_token(), "what GetSessionToken takes"),
    ],
)
def test_what_nobody_has_described_is_refused(
    aws: Aws, rule: Rule, service: str, call: Callable[[Any], object], told: str
) -> None:
    rule(statement("*", "*"))
    code, message = refused(lambda: call(bastion(aws, service)))
    assert code.startswith("AccessDenied")
    assert told in message


def test_who_is_no_role_of_the_account_is_refused(aws: Aws, rule: Rule) -> None:
    rule(statement("*", "*"))
    assert aws.client("ssm").describe_parameters()["Parameters"], "the administrator"
    stranger = boto3.session.Session("AKIDEXAMPLE", "hunter22", region_name=REGION)
    ask = stranger.client("ssm", endpoint_url=aws.url).describe_parameters
    assert refused(ask)[1] == "the security token in the request is invalid"
    assert urllib3.request("GET", f"{aws.url}/clusters/blog", retries=False).status == 400


def test_a_role_without_policies_may_do_nothing(aws: Aws) -> None:
    aws.enforce({})
    assert refused(lambda: parameters(aws, "/blog/host"))[0] == "AccessDeniedException"


def test_what_allowed_a_request_is_kept(aws: Aws, rule: Rule) -> None:
    guard = rule(statement("ssm:Get*", f"{BLOG}/*", Sid="Parameters"))
    parameters(aws, "/blog/host")
    [kept] = guard.grants
    assert isinstance(kept, Grant)
    assert (kept.by.policy, kept.by.sid) == ("own", "Parameters")
    assert (kept.by.action, kept.by.resource) == ("ssm:Get*", f"{BLOG}/*")
