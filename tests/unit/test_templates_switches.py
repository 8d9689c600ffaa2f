"""What each switch of an environment file does to the objects of k8s/wordpress."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.shipped import shipped
from wpdeploy.settings import (
    Autoscaling,
    Cron,
    DisruptionBudget,
    Ingress,
    Install,
    NetworkPolicy,
    Resources,
    Rollout,
    Service,
    Upgrade,
    Uploads,
    WordPress,
)

CERTIFICATE = (
    "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
)
ALWAYS = {"ServiceAccount", "Service", "Deployment"}
JOBS = {"Job install", "Job upgrade"}


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ({"disruption_budget": DisruptionBudget(enabled=True)}, "PodDisruptionBudget"),
        ({"cron": Cron(enabled=True)}, "CronJob"),
        ({"autoscaling": Autoscaling(enabled=True)}, "HorizontalPodAutoscaler"),
        ({"uploads": Uploads(enabled=True)}, "PersistentVolumeClaim"),
        ({"network_policy": NetworkPolicy(enabled=True)}, "NetworkPolicy"),
        ({"ingress": Ingress(enabled=True)}, "Ingress"),
        ({"install": Install(enabled=True)}, "Job install"),
        ({"upgrade": Upgrade(enabled=True)}, "Job upgrade"),
    ],
)
def test_a_switch_makes_its_object_and_no_other(section: Mapping[str, Any], kind: str) -> None:
    off: dict[str, Any] = {
        "disruption_budget": DisruptionBudget(enabled=False),
        "cron": Cron(enabled=False),
        "autoscaling": Autoscaling(enabled=False),
        "uploads": Uploads(enabled=False),
        "network_policy": NetworkPolicy(enabled=False),
        "ingress": Ingress(enabled=False),
        "install": Install(enabled=False),
        "upgrade": Upgrade(enabled=False),
    }
    assert set(shipped(**off).objects) == ALWAYS
    assert set(shipped(**{**off, **section}).objects) == {*ALWAYS, kind}


@pytest.mark.parametrize(
    ("group", "kinds"),
    [
        ("Test", {"PodDisruptionBudget", "CronJob", "Ingress"}),
        ("Production", {"PodDisruptionBudget", "CronJob", "Ingress", "NetworkPolicy"}),
    ],
)
def test_the_environment_files_switch_on_what_they_need(group: str, kinds: set[str]) -> None:
    assert set(shipped(group).objects) == ALWAYS | JOBS | kinds


@pytest.mark.parametrize(
    ("replicas", "autoscaling", "there"),
    [
        (0, Autoscaling(), False),
        (1, Autoscaling(), False),
        (2, Autoscaling(), True),
        (3, Autoscaling(min_replicas=1), True),
        (3, Autoscaling(enabled=True, min_replicas=1), False),
        (1, Autoscaling(enabled=True, min_replicas=2), True),
    ],
)
def test_a_pod_that_is_alone_may_be_evicted(
    *, replicas: int, autoscaling: Autoscaling, there: bool
) -> None:
    objects = shipped(wordpress=WordPress(replicas=replicas), autoscaling=autoscaling).objects
    assert ("PodDisruptionBudget" in objects) is there


def test_a_disruption_budget_lets_one_pod_go_at_a_time() -> None:
    spec = shipped().objects["PodDisruptionBudget"]["spec"]
    assert spec["maxUnavailable"] == 1
    assert spec["selector"] == shipped().objects["Deployment"]["spec"]["selector"]


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_the_environment_says_how_many_replicas_there_are(replicas: int) -> None:
    deployment = shipped(wordpress=WordPress(replicas=replicas)).objects["Deployment"]
    assert deployment["spec"]["replicas"] == replicas


def test_an_autoscaler_owns_the_number_of_replicas() -> None:
    autoscaling = Autoscaling(enabled=True, min_replicas=2, max_replicas=5, cpu_percent=60)
    objects = shipped(autoscaling=autoscaling).objects
    assert "replicas" not in objects["Deployment"]["spec"]
    assert objects["HorizontalPodAutoscaler"]["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "wordpress"},
        "minReplicas": 2,
        "maxReplicas": 5,
        "targetCPUUtilizationPercentage": 60,
    }


def test_a_rollout_takes_no_pod_away_before_its_successor_is_there() -> None:
    spec = shipped(rollout=Rollout(deadline=500, progress_deadline=400)).objects["Deployment"][
        "spec"
    ]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    assert spec["progressDeadlineSeconds"] == 400


def test_the_probes_ask_outside_of_wordpress() -> None:
    [container] = shipped().objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    probes = {key: value for key, value in container.items() if key.endswith("Probe")}
    assert probes == {
        "startupProbe": {
            "httpGet": {"path": "/-/live", "port": "http"},
            "periodSeconds": 2,
            "failureThreshold": 30,
        },
        "readinessProbe": {
            "httpGet": {"path": "/-/ready", "port": "http"},
            "periodSeconds": 5,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
        "livenessProbe": {
            "httpGet": {"path": "/-/live", "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
    }


def test_a_pod_that_leaves_waits_for_the_load_balancer() -> None:
    wordpress = WordPress(pre_stop_seconds=15, termination_grace_seconds=45)
    spec = shipped(wordpress=wordpress).objects["Deployment"]["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 45
    assert spec["containers"][0]["lifecycle"] == {"preStop": {"exec": {"command": ["sleep", "15"]}}}


def test_every_container_has_the_resources_of_the_environment() -> None:
    resources = Resources({"cpu": "250m", "memory": "256Mi"}, {"memory": "1Gi"})
    for _, pod in shipped(wordpress=WordPress(resources=resources)).pods:
        assert pod["spec"]["containers"][0]["resources"] == {
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"memory": "1Gi"},
        }


def test_pods_are_spread_over_zones_and_nodes_where_that_can_be() -> None:
    spec = shipped().objects["Deployment"]["spec"]
    assert spec["template"]["spec"]["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": spec["selector"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def test_a_selector_of_its_own_is_part_of_the_pods_labels() -> None:
    objects = shipped(wordpress=WordPress(selector={"app": "blog"})).objects
    assert objects["Deployment"]["spec"]["selector"] == {"matchLabels": {"app": "blog"}}
    assert objects["Deployment"]["spec"]["template"]["metadata"]["labels"] == {
        "app.kubernetes.io/name": "wordpress",
        "app.kubernetes.io/instance": "wordpress",
        "app.kubernetes.io/part-of": "wordpress",
        "app.kubernetes.io/managed-by": "wpdeploy",
        "app": "blog",
    }


@pytest.mark.parametrize(("given", "written"), [(None, {}), (30080, {"nodePort": 30080})])
def test_a_service_has_a_node_port_of_its_own_only_if_it_is_told(
    given: int | None, written: Mapping[str, int]
) -> None:
    spec = shipped(service=Service(node_port=given)).objects["Service"]["spec"]
    assert spec["type"] == "NodePort"
    assert spec["ports"] == [
        {"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http", **written}
    ]


def test_a_cron_job_runs_one_after_the_other_and_tries_nothing_twice() -> None:
    spec = shipped(cron=Cron(schedule="@hourly")).objects["CronJob"]["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"]) == ("@hourly", "Forbid")
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["restartPolicy"], pod["containers"][0]["args"]) == ("Never", ["cron"])


@pytest.mark.parametrize("command", ["install", "upgrade"])
def test_a_job_runs_its_command_to_an_end_that_apply_can_wait_for(command: str) -> None:
    spec = shipped().objects[f"Job {command}"]["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (1, 300)
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["containers"][0]["args"]) == ("Never", [command])


def test_install_comes_before_upgrade() -> None:
    objects = shipped().objects
    names = [objects[f"Job {command}"]["metadata"]["name"] for command in ("install", "upgrade")]
    assert names == sorted(names)


@pytest.mark.parametrize(("given", "written"), [(None, {}), ("efs", {"storageClassName": "efs"})])
def test_uploads_are_on_a_volume_that_all_pods_share(
    given: str | None, written: Mapping[str, str]
) -> None:
    uploads = Uploads(enabled=True, storage_class=given, size="50Gi")
    assert shipped(uploads=uploads).objects["PersistentVolumeClaim"]["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "50Gi"}},
        **written,
    }


def test_a_network_policy_opens_these_ports_and_no_other() -> None:
    policy = NetworkPolicy(enabled=True, from_cidrs=("10.1.0.0/16", "::/0"), to_ports=(443, 3306))
    spec = shipped(network_policy=policy).objects["NetworkPolicy"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [
        {
            "ports": [{"port": 8080, "protocol": "TCP"}],
            "from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}, {"ipBlock": {"cidr": "::/0"}}],
        }
    ]
    assert spec["egress"] == [
        {
            "ports": [
                {"port": 53, "protocol": "UDP"},
                {"port": 53, "protocol": "TCP"},
                {"port": 443, "protocol": "TCP"},
                {"port": 3306, "protocol": "TCP"},
            ]
        }
    ]


ALB = "alb.ingress.kubernetes.io/"
PLAIN = {
    f"{ALB}scheme": "internal",
    f"{ALB}target-type": "ip",
    f"{ALB}healthcheck-path": "/-/ready",
    f"{ALB}success-codes": "200",
}
ENCRYPTED = {
    f"{ALB}certificate-arn": CERTIFICATE,
    f"{ALB}listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    f"{ALB}ssl-redirect": "443",
}


@pytest.mark.parametrize(
    ("ingress", "annotations"),
    [
        (Ingress(scheme="internal"), PLAIN),
        (Ingress(), PLAIN | {f"{ALB}scheme": "internet-facing"}),
        (Ingress(scheme="internal", certificate_arn=CERTIFICATE), PLAIN | ENCRYPTED),
        (
            Ingress(scheme="internal", target_type="instance", success_codes="200-399"),
            PLAIN | {f"{ALB}target-type": "instance", f"{ALB}success-codes": "200-399"},
        ),
    ],
)
def test_the_load_balancer_is_told_by_annotations(
    ingress: Ingress, annotations: Mapping[str, str]
) -> None:
    assert shipped(ingress=ingress).objects["Ingress"]["metadata"]["annotations"] == annotations


@pytest.mark.parametrize(("host", "written"), [(None, {}), ("a.b", {"host": "a.b"})])
def test_an_ingress_is_for_every_host_or_for_one(
    host: str | None, written: Mapping[str, str]
) -> None:
    spec = shipped(ingress=Ingress(host=host, class_name="own")).objects["Ingress"]["spec"]
    backend = {"service": {"name": "wordpress", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    assert spec == {"ingressClassName": "own", "rules": [{"http": {"paths": paths}, **written}]}
