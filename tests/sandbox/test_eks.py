"""What the stand-in for EKS takes for a token, and whose it says that it is."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.aws import BASTION, REGION, Aws, Credentials, role_arn
from sandbox.eks import AccessEntry, Authenticator, Refused
from sandbox.kubernetes.access import User
from tests.sandbox.eks_tokens import URL, encoded, presigned, token

CLUSTER = "the-cluster"
GROUPS = ("wpdeploy", "viewers")


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def eks(aws: Aws, time: Time) -> Authenticator:
    return Authenticator(aws, CLUSTER, [AccessEntry(role_arn(BASTION), GROUPS)], time)


@pytest.fixture
def bastion(aws: Aws) -> Credentials:
    return aws.assume(BASTION, "i-0")


def test_a_token_is_the_user_of_the_access_entry(eks: Authenticator, bastion: Credentials) -> None:
    name = "arn:aws:sts::123456789012:assumed-role/bastion/i-0"
    assert eks(token(bastion, CLUSTER)) == User(name, GROUPS)


def test_a_username_may_hold_the_name_of_the_session(aws: Aws) -> None:
    entry = AccessEntry(role_arn("operators"), (), "operator:{{SessionName}}")
    eks = Authenticator(aws, CLUSTER, [entry])
    person = aws.assume("operators", "eva@example.com")
    assert eks(token(person, CLUSTER)) == User("operator:eva-example.com")


def refused(eks: Authenticator, given: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        eks.review(given)
    assert eks(given) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda url: url.replace("https:", "http:"), "not https"),
        (lambda url: url.replace(REGION, "us-east-1"), "not STS of the region"),
        (lambda url: url.replace("sts.", "sts.evil."), "not STS of the region"),
        (lambda url: url.replace(".com/", ".com:444/"), "not STS of the region"),
        (lambda url: url.replace("/?", "/x?"), "the path is not /"),
        (lambda url: url + "&RoleArn=x", "a parameter that is not allowed"),
        (lambda url: url + "#x", "a parameter that is not allowed"),
        (lambda url: url + "&action=GetCallerIdentity", "a parameter twice"),
        (lambda url: url.replace("GetCallerIdentity", "AssumeRole"), "not GetCallerIdentity"),
        (lambda url: url.replace("Expires=60", "Expires=901"), "not between 1 and 900"),
        (lambda url: url.replace("Expires=60", "Expires=0"), "not between 1 and 900"),
        (lambda url: url.replace("Expires=60", "Expires=-5"), "not between 1 and 900"),
        (lambda url: url.replace("&X-Amz-Expires=60", ""), "not between 1 and 900"),
        (lambda url: url.replace("Amz-Date=2", "Amz-Date=x"), "X-Amz-Date is no date"),
        (lambda url: url.replace("Expires=60", "Expires=61"), "SignatureDoesNotMatch"),
        (lambda url: url.replace("2011-06-15", "2011-06-16"), "SignatureDoesNotMatch"),
        (lambda url: url.replace("%2Fsts%2F", "%2Fs3%2F"), "scoped to"),
        (lambda url: url.replace("SHA256", "SHA1"), "IncompleteSignature"),
        (lambda url: url.replace("X-Amz-Signature=", "X-Amz-User-Agent="), "IncompleteSignature"),
        (lambda url: url.replace("Credential=", "Credential=x"), "InvalidClientTokenId"),
        (lambda url: url.replace("Security-Token=", "Security-Token=x"), "InvalidClientTokenId"),
        (lambda _: "https://[", "it holds no URL"),
    ],
)
def test_a_url_that_is_not_as_eks_wants_it(
    eks: Authenticator, bastion: Credentials, change: Callable[[str], str], told: str
) -> None:
    url = presigned(bastion, CLUSTER)
    assert change(url) != url
    refused(eks, encoded(change(url)), told)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "does not begin with"),
        ("k8s-aws-v2.x", "does not begin with"),
        ("k8s-aws-v1." + "x" * 4096, "too long"),
        ("k8s-aws-v1.aHR0cHM6Ly8x*", "it holds no URL"),
        ("k8s-aws-v1._w", "it holds no URL"),
        ("k8s-aws-v1.aHR0cHM6Ly8xMg==", "it is padded"),
    ],
)
def test_what_is_no_token_of_eks(eks: Authenticator, given: str, told: str) -> None:
    refused(eks, given, told)


def test_a_token_for_another_cluster(eks: Authenticator, bastion: Credentials) -> None:
    refused(eks, token(bastion, "another"), "SignatureDoesNotMatch")


def test_a_token_that_names_no_cluster(eks: Authenticator, bastion: Credentials) -> None:
    refused(eks, encoded(presigned(bastion, None)), "not among the signed headers")


def test_the_longest_expiry_is_taken(eks: Authenticator, bastion: Credentials) -> None:
    assert eks(encoded(presigned(bastion, CLUSTER, URL, 900)))


def test_somebody_who_knows_the_key_but_not_the_secret(
    eks: Authenticator, bastion: Credentials
) -> None:
    guess = dataclasses.replace(bastion, secret_key="guessed")
    refused(eks, token(guess, CLUSTER), "SignatureDoesNotMatch")


def test_a_role_without_an_access_entry(aws: Aws, eks: Authenticator) -> None:
    stranger = aws.assume("stranger", "i-0")
    refused(eks, token(stranger, CLUSTER), f"no access entry for {role_arn('stranger')}")


def test_a_token_is_good_for_15_minutes(
    eks: Authenticator, time: Time, bastion: Credentials
) -> None:
    given = token(bastion, CLUSTER)
    time.ahead = timedelta(minutes=14, seconds=50)
    assert eks(given)
    time.ahead = timedelta(minutes=15, seconds=5)
    refused(eks, given, "older than 15 minutes")


def test_what_is_revoked_is_refused_and_what_comes_later_is_taken(
    aws: Aws, eks: Authenticator, bastion: Credentials
) -> None:
    first = token(bastion, CLUSTER)
    assert eks(first)
    eks.revoke()
    refused(eks, first, "revoked")
    assert eks(token(aws.assume(BASTION, "i-0"), CLUSTER))
