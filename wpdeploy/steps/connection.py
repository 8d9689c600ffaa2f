"""Where a step's cluster is, and the connection to it.

A kubeconfig and EKS need a library each, which is half of a step's imports: each is loaded by
whoever goes that way.
"""

# ruff: noqa: PLC0415  # see above
from typing import TYPE_CHECKING

from wpdeploy.cli import Invocation
from wpdeploy.kube import Access, Cluster
from wpdeploy.target import EksCluster, KubeconfigCluster, Target

if TYPE_CHECKING:  # `apply` and `validate` read no environment file
    from wpdeploy.settings import Settings


def located(invocation: Invocation, env: "Settings") -> Target:
    """The environment's target; where a cluster of EKS is, EKS is asked."""
    name, kubeconfig = env.cluster.eks, env.cluster.kubeconfig
    if kubeconfig:
        return env.target(KubeconfigCluster(kubeconfig, env.cluster.context))
    from wpdeploy import aws, eks

    region = aws.region(env.region, invocation.environ)
    found = eks.describe(str(name), region, invocation.clock, invocation.console.line)
    return env.target(found)


def connect(invocation: Invocation, target: Target) -> Cluster:
    """The target's API server."""
    access = _access(invocation, target.cluster)
    return Cluster(access, invocation.clock, invocation.console.line)


def _access(invocation: Invocation, cluster: EksCluster | KubeconfigCluster) -> Access:
    if isinstance(cluster, KubeconfigCluster):
        from wpdeploy import kubeconfig

        return kubeconfig.access(cluster.kubeconfig, cluster.context)
    from wpdeploy import aws, eks

    return eks.access(cluster, aws.identity_url, invocation.clock)
