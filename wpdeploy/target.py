"""Target: what `apply` and `validate` must know of an environment."""

from dataclasses import dataclass, field
from typing import Literal

from wpdeploy.grace import Grace
from wpdeploy.smoke import Smoke

# Seconds: less than what appspec.yml gives ValidateService.
LONGEST_DEADLINE = 3300
# What becomes of a release whose rollout failed.
OnFailure = Literal["rollback", "keep"]


@dataclass(frozen=True)
class KubeconfigCluster:
    """A cluster that a kubeconfig leads to: the file, and the context in it."""

    kubeconfig: str
    context: str | None


@dataclass(frozen=True)
class EksCluster:
    """A cluster of EKS; `certificate_authority` is PEM in base64, as DescribeCluster gives it."""

    name: str
    region: str
    endpoint: str
    certificate_authority: str


@dataclass(frozen=True)
class Target:
    """The cluster, the Deployment and its Service, and how long a rollout may take (seconds).

    `region` is the Parameter Store's, where the environment file names one.
    """

    cluster: KubeconfigCluster | EksCluster
    namespace: str
    name: str
    deadline: int
    stability_window: int
    grace: Grace = field(default_factory=Grace)
    smoke: Smoke = field(default_factory=Smoke)
    on_failure: OnFailure = "keep"
    region: str | None = None
