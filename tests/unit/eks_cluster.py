"""A cluster of EKS on loopback, and wpdeploy's way to it with a signer that only counts."""

from base64 import b64encode, urlsafe_b64decode

from sandbox.certificates import Authority
from tests.unit.api_server import Connection
from tests.unit.wire import FakeClock
from wpdeploy import eks
from wpdeploy.kube import Cluster
from wpdeploy.target import EksCluster


class Signer:
    """Signs for each in turn; what was signed for is kept."""

    def __init__(self) -> None:
        self.signed: list[tuple[str, str]] = []

    def __call__(self, cluster: str, region: str) -> str:
        self.signed.append((cluster, region))
        return f"https://sts.example/?{len(self.signed)}"


def cluster_at(url: str, authority: Authority) -> EksCluster:
    """The cluster blog, at that URL."""
    data = b64encode(authority.file.read_bytes()).decode()
    return EksCluster("blog", "eu-central-1", url, data)


def connect(url: str, authority: Authority) -> Connection:
    """The cluster at that URL."""
    clock, notices = FakeClock(), list[str]()
    access = eks.access(cluster_at(url, authority), Signer(), clock)
    return Connection(Cluster(access, clock, notices.append), clock, notices)


def signed_in(header: str | None) -> str:
    """The URL in the token of an Authorization header."""
    token = str(header).removeprefix("Bearer k8s-aws-v1.")
    return urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
