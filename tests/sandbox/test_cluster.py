"""The sandbox's cluster is prepared by `wpdeploy bootstrap`, as one of EKS Auto Mode."""

from pathlib import Path

from sandbox import cluster
from sandbox.aws import Aws
from tests.unit.shipped import ROOT
from wpdeploy import strict_yaml


def test_a_simulated_cluster_is_prepared_as_an_administrator_does_it(
    aws: Aws, tmp_path: Path
) -> None:
    with cluster.simulated(aws, tmp_path) as place:
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place.namespace}/roles/wpdeploy"
        role = place.admin.get(path, "Role") or {}
        namespace = place.admin.get(f"/api/v1/namespaces/{place.namespace}", "Namespace") or {}
        found = place.admin.get("/apis/networking.k8s.io/v1/ingressclasses/alb", "class") or {}
        params = place.admin.get("/apis/eks.amazonaws.com/v1/ingressclassparams/alb", "params")
    [own, _] = strict_yaml.load_all((ROOT / "k8s/cluster/role.yaml").read_text())
    assert isinstance(own, dict)
    assert role["rules"] == own["rules"]
    assert "pod-security.kubernetes.io/enforce" in namespace["metadata"]["labels"]
    assert found["spec"]["parameters"]["name"] == (params or {})["metadata"]["name"] == "alb"
