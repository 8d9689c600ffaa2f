"""The objects of the scripts, and the requests that are often made with them."""

from collections.abc import Callable
from typing import Any

from tests.differential.api import APPLY, Json, Reply, Step

CORE = "/api/v1/namespaces/NS"
APPS = "/apis/apps/v1/namespaces/NS"
BATCH = "/apis/batch/v1/namespaces/NS"
NETWORK = "/apis/networking.k8s.io/v1/namespaces/NS"
DEPLOYMENT = f"{APPS}/deployments/web"
CONFIG = f"{CORE}/configmaps/settings"


def merged(base: Any, change: Any) -> Any:
    """A deep merge: mappings into mappings, all else replaced."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return base | {key: merged(base.get(key), value) for key, value in change.items()}


def deployment(**spec: Any) -> Json:
    """A Deployment like the one of k8s/wordpress."""
    constraint = {
        "maxSkew": 1,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    probe = {"httpGet": {"path": "/-/ready", "port": "http"}, "periodSeconds": 5}
    container = {
        "name": "web",
        "image": "registry:5000/wp:1",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "A", "value": "1"},
            {"name": "EMPTY", "value": ""},
            {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "readinessProbe": probe,
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "1"]}}},
        "securityContext": {"capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True},
        "volumeMounts": [{"name": "tmp", "mountPath": "/scratch"}],
    }
    pod: Json = {
        "containers": [container],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [
            {**constraint, "topologyKey": key} for key in ("zone", "kubernetes.io/hostname")
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    base: Json = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}, "annotations": {"note": "one"}},
        "spec": merged(base, spec),
    }


def changed_image(image: str, **spec: Any) -> Json:
    """The Deployment with another image."""
    found = deployment(**spec)
    found["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return found


def apply(path: str, body: Any, manager: str = "tool", **query: str) -> Step:
    """A server-side apply."""
    return Step("PATCH", path, body, APPLY, {"fieldManager": manager, **query})


def config(name: str = "settings", **more: Any) -> Json:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def service(**spec: Any) -> Json:
    """A Service."""
    port = {"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"}
    base = {"type": "NodePort", "selector": {"app": "web"}, "ports": [port]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": merged(base, spec),
    }


def version_of(index: int, change: Json) -> Callable[[list[Reply]], Json]:
    """A body that carries the version of an earlier answer."""

    def made(seen: list[Reply]) -> Json:
        version = seen[index].body["metadata"]["resourceVersion"]
        found: Json = merged(change, {"metadata": {"resourceVersion": version}})
        return found

    return made


def replaced(index: int, change: Json) -> Callable[[list[Reply]], Json]:
    """An earlier answer, changed."""

    def made(seen: list[Reply]) -> Json:
        found: Json = merged(seen[index].body, change)
        return found

    return made


def unguarded(index: int, change: Json) -> Callable[[list[Reply]], Json]:
    """An earlier answer, changed, whatever a controller has written to the object since."""

    def made(seen: list[Reply]) -> Json:
        found: Json = merged(seen[index].body, change)
        del found["metadata"]["resourceVersion"]
        return found

    return made


def handover(seen: list[Reply]) -> list[Json]:
    """A patch that hands over what the first manager of an answer owns."""
    live = seen[0].body["metadata"]
    entry = live["managedFields"][0] | {"manager": "tool", "operation": "Apply"}
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [entry]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["resourceVersion"]},
    ]


NOBODY = "00000000-0000-0000-0000-000000000000"
CONFIGMAPS = f"{CORE}/configmaps"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
LEASE_PATH = "/apis/coordination.k8s.io/v1/namespaces/NS/leases"
LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "lock"},
    "spec": {
        "holderIdentity": "d-1",
        "leaseDurationSeconds": 60,
        "acquireTime": "2026-11-01T12:00:00.000000Z",
    },
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "install"},
    "spec": {
        "backoffLimit": 0,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "c", "image": "registry:5000/wp:1"}],
            }
        },
    },
}
INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web"},
    "spec": {
        "ingressClassName": "alb",
        "rules": [
            {
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"name": "http"}}},
                        }
                    ]
                }
            }
        ],
    },
}
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "web"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": 8080, "protocol": "TCP"}]}],
        "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}],
    },
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "uploads"},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
}
SCALER = {
    "apiVersion": "autoscaling/v1",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 4,
        "targetCPUUtilizationPercentage": 70,
    },
}
ACCOUNT = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "web"},
    "automountServiceAccountToken": False,
}
QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "few"},
    "spec": {"hard": {"pods": "2", "requests.memory": "0.5Gi"}},
}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "r"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "r"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
    "subjects": [{"kind": "Group", "name": "g"}],
}
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "e.1", "namespace": "default"},
    "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
    "reason": "R",
    "message": "m",
    "source": {"component": "kubelet", "host": "n"},
    "firstTimestamp": "2026-11-01T12:00:00Z",
    "lastTimestamp": "2026-11-01T12:00:00Z",
    "count": 1,
    "type": "Normal",
}
# Where it is sent is where it belongs.
OWN_EVENT = {
    **EVENT,
    "metadata": {"name": "e.1"},
    "involvedObject": {"kind": "Pod", "name": "p", "namespace": "NS"},
}
PODS = f"{CORE}/pods"
# No node is like that: nobody runs it.
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "one"},
    "spec": {
        "automountServiceAccountToken": False,
        "nodeSelector": {"no": "where"},
        "containers": [
            {"name": "c", "image": "registry:5000/wp:1", "resources": {"limits": {"memory": "1Gi"}}}
        ],
    },
}
REVIEW = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SelfSubjectAccessReview",
    "spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}},
}
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/NS"
HPA = "/apis/autoscaling/v1/namespaces/NS/horizontalpodautoscalers"
PAUSED = deployment(paused=True)


def env(*entries: Json) -> Json:
    """The Deployment, paused, with another environment."""
    found = deployment(paused=True)
    found["spec"]["template"]["spec"]["containers"][0]["env"] = list(entries)
    return found


def container(**fields: Any) -> Json:
    """The Deployment, paused, with its container changed."""
    found = deployment(paused=True)
    found["spec"]["template"]["spec"]["containers"][0] |= fields
    return found
