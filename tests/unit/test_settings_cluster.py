"""Which cluster an environment has: one of EKS, or a kubeconfig's."""

from pathlib import Path

import pytest

from wpdeploy import settings
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError
from wpdeploy.settings import ClusterAccess

A_NAME = "a cluster's name: letters, digits, '-' and '_', at most 100 of them"
ONE_ACCESS = "cluster must have one of eks and kubeconfig, and not both"


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    (tmp_path / "k8s" / "environments").mkdir(parents=True)
    return DeploymentContext("Test", "d-1", tmp_path, tmp_path, tmp_path / "release.json")


def _read(context: DeploymentContext, cluster: str) -> ClusterAccess:
    text = f"cluster: {cluster}\nnamespace: blog\nparameters: {{path: /wordpress/Test}}\n"
    context.environment_file.write_text(text)
    return settings.read(context).cluster


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        ("{kubeconfig: /k}", ClusterAccess(kubeconfig="/k")),
        ("{kubeconfig: /k, context: eu}", ClusterAccess(kubeconfig="/k", context="eu")),
        ("{eks: Blog_1-eu}", ClusterAccess(eks="Blog_1-eu")),
        (f"{{eks: {'b' * 100}}}", ClusterAccess(eks="b" * 100)),
        ("{eks: blog, kubeconfig: null, context: null}", ClusterAccess(eks="blog")),
    ],
)
def test_a_cluster_is_one_of_eks_or_a_kubeconfigs(
    context: DeploymentContext, text: str, cluster: ClusterAccess
) -> None:
    assert _read(context, text) == cluster


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", ONE_ACCESS),
        ("{context: eu}", ONE_ACCESS),
        ("{kubeconfig: ''}", ONE_ACCESS),
        ("{eks: blog, kubeconfig: /k}", ONE_ACCESS),
        (
            "{eks: blog, context: eu}",
            "cluster has a context, which belongs to a kubeconfig and not to eks",
        ),
        ("{eks: ''}", f'cluster.eks is "", but must be {A_NAME}'),
        ("{eks: -blog}", f'cluster.eks is "-blog", but must be {A_NAME}'),
        ("{eks: blog.io}", f'cluster.eks is "blog.io", but must be {A_NAME}'),
        (f"{{eks: {'b' * 101}}}", f'cluster.eks is "{"b" * 80}", but must be {A_NAME}'),
        ("{ecs: blog}", 'cluster has the unknown key "ecs": did you mean "eks"?'),
        ("blog", 'cluster must be a mapping, found the string "blog"'),
    ],
)
def test_a_cluster_that_cannot_be_told_is_refused_with_its_line(
    context: DeploymentContext, text: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _read(context, text)
    assert caught.value.problems == (f"line 1: {problem}",)
