"""What is rolled out: one Deployment, the same for each tool, and how to see what it shows."""

from typing import Any

Json = dict[str, Any]

NAME = "wordpress"
BAD, PULL_FAILED = "badpull", "ErrImagePull"
_LABELS = {"app": NAME}
_REPOSITORY = "registry.example.com/wordpress"

SERVICE: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": NAME},
    "spec": {"selector": _LABELS, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
}


def image(tag: str) -> str:
    """A reference by that tag."""
    return f"{_REPOSITORY}:{tag}"


def deployment(tag: str, pods: int, namespace: str, delay: int) -> Json:
    """The Deployment, which rolls all at once, and never has a pod less than it should.

    `delay` makes each pod Ready so many tenths of a second later: played seconds are tenths.
    """
    probe = {"httpGet": {"path": "/-/ready", "port": "http"}, "initialDelaySeconds": delay}
    container = {
        "name": NAME,
        "image": image(tag),
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": probe,
    }
    surge = {"maxSurge": "100%", "maxUnavailable": 0}
    template = {"metadata": {"labels": _LABELS}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "replicas": pods,
            "selector": {"matchLabels": _LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": surge},
            "template": template,
        },
    }


def is_complete(found: Json, tag: str, pods: int) -> bool:
    """Whether a Deployment says that all its pods, and no others, are of this image and there."""
    spec, status = found["spec"], found.get("status", {})
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return (
        spec["template"]["spec"]["containers"][0]["image"] == image(tag)
        and status.get("observedGeneration") == found["metadata"]["generation"]
        and [status.get(key) for key in counts] == [pods] * len(counts)
    )


def cannot_pull(pod: Json) -> bool:
    """Whether a pod shows that its image cannot be pulled."""
    states = [each["state"] for each in pod.get("status", {}).get("containerStatuses", ())]
    return any(state.get("waiting", {}).get("reason") == PULL_FAILED for state in states)
