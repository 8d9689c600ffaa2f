"""Target: what `apply` and `validate` must know of an environment."""

from dataclasses import dataclass

# Seconds: less than what appspec.yml gives ValidateService.
LONGEST_DEADLINE = 3300


@dataclass(frozen=True)
class Target:
    """The cluster, the Deployment and its Service, and how long a rollout may take (seconds)."""

    kubeconfig: str
    context: str | None
    namespace: str
    name: str
    deadline: int
    stability_window: int
