"""Where a cluster of EKS is: DescribeCluster at the wire, from a script and from moto."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import REGION, Aws
from sandbox.certificates import Authority
from tests.unit.wire import Act, FakeClock, Server, answer, cut_off, forget_surroundings, raw, text
from wpdeploy import eks
from wpdeploy.errors import ClusterError, Exit
from wpdeploy.target import EksCluster

BLOG = EksCluster("blog", REGION, "https://blog.example", "LS0tLS1CRUdJTg==")
USER = "User: arn:aws:sts::111122223333:assumed-role/bastion/i-0123456789abcdef0"
ARN = "arn:aws:eks:eu-central-1:111122223333:cluster/blog"
ALLOW = "(allow the action on the cluster in the role's policy)"
NO_CLUSTER = (
    'EKS: answers eks:DescribeCluster without "cluster" (check AWS_ENDPOINT_URL and the proxies)'
)
WAIT = "(wait until it is ACTIVE and has an endpoint, or see in EKS why not)"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


def _cluster(status: str = "ACTIVE", **changes: Any) -> Act:
    """EKS's answer about BLOG."""
    cluster = {
        "name": BLOG.name,
        "arn": ARN,
        "endpoint": BLOG.endpoint,
        "certificateAuthority": {"data": BLOG.certificate_authority},
        "status": status,
    }
    return answer({"cluster": cluster | changes})


def _refusal(code: str, message: str, status: int) -> Act:
    return answer({"message": message}, status, x_amzn_ErrorType=f"{code}:http://x.example/")


class Eks:
    """A scripted EKS: what it was asked, and what was slept and told meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.clock, self.notices = FakeClock(), list[str]()

    def describe(self, *script: Act) -> EksCluster:
        """What is found of the cluster; the whole script is used up."""
        with Server(*script) as server:
            self._monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            try:
                return eks.describe("blog", REGION, self.clock, self.notices.append)
            finally:
                self.received = server.received
                assert len(server.received) == len(script)

    def refused(self, *script: Act) -> str:
        """The error that the cluster is not found with."""
        with pytest.raises(ClusterError) as caught:
            self.describe(*script)
        assert caught.value.exit_code is Exit.CLUSTER
        return str(caught.value)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Eks:
    return Eks(monkeypatch)


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING"])
def test_a_cluster_that_serves_is_found(scripted: Eks, status: str) -> None:
    assert scripted.describe(_cluster(status)) == BLOG

    (seen,) = scripted.received
    assert (seen.method, seen.path) == ("GET", "/clusters/blog")
    assert f"/{REGION}/eks/aws4_request" in seen.headers["authorization"]


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("CREATING", {"endpoint": None, "certificateAuthority": {}}),
        ("ACTIVE", {"endpoint": ""}),
        ("ACTIVE", {"certificateAuthority": {}}),
        ("DELETING", {}),
        ("FAILED", {}),
    ],
    ids=["being made", "no endpoint", "no authority", "being deleted", "failed"],
)
def test_a_cluster_that_does_not_serve_is_an_error(
    scripted: Eks, status: str, changes: dict[str, Any]
) -> None:
    assert scripted.refused(_cluster(status, **changes)) == (
        f"EKS cluster blog: does not serve: its status is {status} {WAIT}"
    )


@pytest.mark.parametrize(
    ("code", "status", "message", "told"),
    [
        pytest.param(
            "ResourceNotFoundException",
            404,
            "No cluster found for name: blog.",
            "EKS: there is no cluster blog in eu-central-1 "
            "(check cluster.eks and region in the environment file)",
            id="no such cluster",
        ),
        pytest.param(
            "AccessDeniedException",
            403,
            f"{USER} is not authorized to perform: eks:DescribeCluster on resource: {ARN}",
            f"EKS: access denied: eks:DescribeCluster on {ARN} {ALLOW}",
            id="no policy allows it",
        ),
        pytest.param(
            "AccessDeniedException",
            403,
            "",
            f"EKS: access denied: eks:DescribeCluster on the cluster blog {ALLOW}",
            id="denied without a word",
        ),
        pytest.param(
            "UnrecognizedClientException",
            403,
            "The security token included in the request is invalid.",
            "EKS: refuses eks:DescribeCluster of blog: UnrecognizedClientException: "
            "The security token included in the request is invalid.",
            id="unknown credentials",
        ),
    ],
)
def test_a_refusal_is_told_and_not_tried_again(
    scripted: Eks, code: str, status: int, message: str, told: str
) -> None:
    assert scripted.refused(_refusal(code, message, status)) == told
    assert scripted.notices == []


@pytest.mark.parametrize(
    ("act", "told"),
    [
        pytest.param(
            _refusal("TooManyRequestsException", "slow down", 429),
            "EKS: refuses eks:DescribeCluster of blog: TooManyRequestsException: slow down",
            id="throttled",
        ),
        pytest.param(
            _refusal("ServerException", "try later", 500),
            "EKS: refuses eks:DescribeCluster of blog: ServerException: try later",
            id="broken",
        ),
        pytest.param(raw(b""), "EKS: is not reached: Connection was closed", id="hangs up"),
        pytest.param(cut_off(b'{"cluster": {'), NO_CLUSTER, id="cut off"),
        pytest.param(text("<html>captive portal</html>"), NO_CLUSTER, id="another server"),
    ],
)
def test_what_may_pass_is_tried_again_by_our_clock(scripted: Eks, act: Act, told: str) -> None:
    assert scripted.describe(act, act, _cluster()) == BLOG
    assert scripted.clock.slept == [0.25, 0.5]
    assert scripted.notices[0].startswith(f"trying again (1 of 8): {told}")


def test_an_eks_that_is_not_there_is_an_error_with_its_address(
    scripted: Eks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as gone:
        monkeypatch.setenv("AWS_ENDPOINT_URL", gone.url)
    with pytest.raises(ClusterError) as caught:
        eks.describe("blog", REGION, scripted.clock, scripted.notices.append)
    assert str(caught.value) == (
        "EKS: is not reached: Could not connect to the endpoint URL: "
        f'"{gone.url}/clusters/blog" (check the route to EKS, or its VPC endpoint)'
    )
    assert len(scripted.clock.slept) == 7


def test_without_credentials_the_role_is_missing(
    scripted: Eks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert scripted.refused() == (
        "EKS: there are no AWS credentials "
        "(give the bastion's instance profile a role, or set AWS credentials)"
    )


# EKS itself, as far as moto is it


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as started:
        for name, value in started.environ.items():
            monkeypatch.setenv(name, value)
        yield started


def _describe(name: str) -> EksCluster:
    return eks.describe(name, REGION, FakeClock(), pytest.fail)


def test_endpoint_and_authority_are_as_eks_has_them(account: Aws, tmp_path: Path) -> None:
    file = Authority(tmp_path).file
    account.put_cluster("blog", (BLOG.endpoint, file))
    found = _describe("blog")
    assert (found.name, found.region, found.endpoint) == ("blog", REGION, BLOG.endpoint)
    eks.access(found, lambda *_: "", FakeClock())  # what it says is a certificate


@pytest.mark.parametrize(
    ("name", "told"),
    [("blog", "EKS cluster blog: does not serve"), ("shop", "EKS: there is no cluster shop")],
    ids=["being made", "unknown"],
)
def test_a_cluster_that_is_not_there_yet_is_an_error(account: Aws, name: str, told: str) -> None:
    account.put_cluster("blog")
    with pytest.raises(ClusterError, match=told):
        _describe(name)
