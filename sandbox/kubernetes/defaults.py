"""The defaults that the API server fills in, by struct."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes.schema import Json, Type, fields_of

# What a struct gets where the field is missing (empty, for those where empty is missing).
_CONSTANTS: Mapping[str, Json] = {
    "core.PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
    },
    "core.Container": {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    },
    "core.ContainerPort": {"protocol": "TCP"},
    "core.ServicePort": {"protocol": "TCP"},
    "core.EndpointPort": {"protocol": "TCP"},
    "core.Probe": {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    },
    "core.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "core.SecretVolumeSource": {"defaultMode": 420},
    "core.ConfigMapVolumeSource": {"defaultMode": 420},
    "core.DownwardAPIVolumeSource": {"defaultMode": 420},
    "core.ProjectedVolumeSource": {"defaultMode": 420},
    "core.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "core.ObjectFieldSelector": {"apiVersion": "v1"},
    "core.Secret": {"type": "Opaque"},
    "core.ServiceSpec": {"sessionAffinity": "None", "type": "ClusterIP"},
    "core.PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"},
    "core.PersistentVolumeClaimStatus": {"phase": "Pending"},
    "core.NamespaceStatus": {"phase": "Active"},
    "apps.DeploymentSpec": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    },
    "apps.DeploymentStrategy": {"type": "RollingUpdate"},
    "apps.RollingUpdateDeployment": {"maxUnavailable": "25%", "maxSurge": "25%"},
    "apps.ReplicaSetSpec": {"replicas": 1},
    "batchbeta.CronJobSpec": {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    },
    "networking.NetworkPolicyPort": {"protocol": "TCP"},
    "autoscaling.HorizontalPodAutoscalerSpec": {"minReplicas": 1},
    "autoscalingbeta.HorizontalPodAutoscalerSpec": {"minReplicas": 1},
    "discovery.EndpointPort": {"name": "", "protocol": "TCP"},
    "storage.StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "rbac.RoleRef": {"apiGroup": "rbac.authorization.k8s.io"},
}


def fill(kind: Type, value: Any) -> None:
    """Fill in the defaults of a normalised value, in place."""
    if kind.form in ("list", "map"):
        items = value if isinstance(value, list) else (value or {}).values()
        for item in items or ():
            fill(kind.element, item)
    elif kind.form == "struct" and value is not None:
        _fill_struct(kind, value)


def _fill_struct(kind: Type, value: Json) -> None:
    for name, constant in _CONSTANTS.get(kind.struct, {}).items():
        if value.get(name) is None:
            value[name] = dict(constant) if isinstance(constant, dict) else constant
    if rule := _RULES.get(kind.struct):
        rule(value)
    for name, field in fields_of(kind).items():
        if field.type.form in ("struct", "list", "map") and value.get(name) is not None:
            fill(field.type, value[name])


def _deployment_strategy(strategy: Json) -> None:
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {})


def _container(container: Json) -> None:
    repository, _, tag = container.get("image", "").partition("@")[0].rpartition(":")
    latest = "/" in tag or not repository or tag == "latest"
    digest = "@" in container.get("image", "")
    always = latest and not (digest and tag != "latest")
    container.setdefault("imagePullPolicy", "Always" if always else "IfNotPresent")


def _pod(pod: Json) -> None:
    spec = pod["spec"]
    spec.setdefault("enableServiceLinks", True)
    for container in [*(spec.get("containers") or ()), *spec.get("initContainers", ())]:
        resources = container["resources"]
        if resources.get("limits"):
            resources["requests"] = resources["limits"] | resources.get("requests", {})


def _pod_spec(spec: Json) -> None:
    # Two names of one field; the newer wins.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def _volume(volume: Json) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}


def _service_spec(spec: Json) -> None:
    for port in spec.get("ports") or ():
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")


def _job(job: Json) -> None:
    spec = job["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    # Of a Job, not of a CronJob's template.
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    labels = spec["template"]["metadata"].get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)


def _network_policy_spec(spec: Json) -> None:
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress"] + (["Egress"] if spec.get("egress") else [])


def _secret(secret: Json) -> None:
    if text := secret.pop("stringData", None):
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        secret["data"] = secret.get("data", {}) | encoded


def _subject(subject: Json) -> None:
    if subject.get("kind") in ("User", "Group"):
        subject.setdefault("apiGroup", "rbac.authorization.k8s.io")


def _node_status(status: Json) -> None:
    if status.get("capacity"):
        status.setdefault("allocatable", dict(status["capacity"]))


def _autoscaler(autoscaler: Json) -> None:
    autoscaler["spec"].setdefault("targetCPUUtilizationPercentage", 80)


_RULES: Mapping[str, Callable[[Json], None]] = {
    "apps.DeploymentStrategy": _deployment_strategy,
    "core.Container": _container,
    "core.Pod": _pod,
    "core.PodSpec": _pod_spec,
    "core.Volume": _volume,
    "core.ServiceSpec": _service_spec,
    "core.Secret": _secret,
    "core.NodeStatus": _node_status,
    "batch.Job": _job,
    "networking.NetworkPolicySpec": _network_policy_spec,
    "rbac.Subject": _subject,
    "autoscaling.HorizontalPodAutoscaler": _autoscaler,
}
