from sandbox.kubernetes.conversion import converted


def test_an_autoscaler_has_a_number_in_v1_and_a_metric_in_v2() -> None:
    spec = {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 70}
    old = {"apiVersion": "autoscaling/v1", "spec": spec}
    new = converted(old, "autoscaling/v2")
    assert new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    back = converted(new, "autoscaling/v1")
    assert back["spec"] == spec
    assert back["apiVersion"] == "autoscaling/v1"
