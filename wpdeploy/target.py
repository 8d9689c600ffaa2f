"""Target: what `apply` and `validate` must know of an environment."""

from dataclasses import dataclass

# Seconds: less than what appspec.yml gives ValidateService.
LONGEST_DEADLINE = 3300


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
    """The cluster, the Deployment and its Service, and how long a rollout may take (seconds)."""

    cluster: KubeconfigCluster | EksCluster
    namespace: str
    name: str
    deadline: int
    stability_window: int
