from sandbox.kubernetes.conversion import CONDITIONS, converted


def test_an_autoscaler_has_a_number_in_v1_and_a_metric_in_v2() -> None:
    spec = {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 70}
    old = {"apiVersion": "autoscaling/v1", "metadata": {}, "spec": spec}
    new = converted(old, "autoscaling/v2")
    assert new["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    back = converted(new, "autoscaling/v1")
    assert back["spec"] == spec
    assert back["apiVersion"] == "autoscaling/v1"


def test_an_autoscaler_has_its_conditions_in_an_annotation_in_v1() -> None:
    conditions = [{"type": "AbleToScale", "status": "True"}]
    status = {"currentReplicas": 2, "desiredReplicas": 3, "conditions": conditions}
    new = {"apiVersion": "autoscaling/v2", "metadata": {}, "spec": {}, "status": status}
    old = converted(new, "autoscaling/v1")
    assert list(old["metadata"]["annotations"]) == [CONDITIONS]
    assert old["status"] == {"currentReplicas": 2, "desiredReplicas": 3}
    back = converted(old, "autoscaling/v2")
    assert back["status"]["conditions"] == conditions
    assert "annotations" not in back["metadata"]
