"""What happens to an object on its way into the store: status, generation, allocated fields."""

from collections.abc import Callable, Mapping

from sandbox.kubernetes.codec import normalized
from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.schema import Json, fields_of

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATION_SECONDS = 300
# Kinds whose creator may write a status.
_KEEPS_STATUS = {"Node"}
# What the status subresource leaves alone beside the spec.
_KEEPS_LABELS = {"Deployment", "ReplicaSet"}
# What keeps a claim while a pod uses it.
PROTECTED = "kubernetes.io/pvc-protection"


def before_create(resource: Resource, item: Json) -> None:
    """Prepare a new object, in place."""
    metadata = item["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(name, None)
    if resource.status and resource.kind not in _KEEPS_STATUS:
        item["status"] = normalized(fields_of(resource.type)["status"].type, {})
    metadata.pop("generation", None)
    if resource.generation:
        metadata["generation"] = 1
    if rule := _ON_CREATE.get(resource.kind):
        rule(item)


def as_of_old(item: Json) -> None:
    """What 1.20 does with a new object and newer versions do not, in place."""
    if item["kind"] == "Job":
        item["spec"].pop("ttlSecondsAfterFinished", None)
    if item["kind"] == "Pod":
        _annotate_profiles(item)


def _annotate_profiles(item: Json) -> None:
    """A pod's seccomp profile is repeated in annotations."""
    found = {}
    own = _profile(item["spec"].get("securityContext") or {})
    if own:
        found["seccomp.security.alpha.kubernetes.io/pod"] = own
    for container in item["spec"].get("containers") or ():
        if profile := _profile(container.get("securityContext") or {}):
            key = f"container.seccomp.security.alpha.kubernetes.io/{container['name']}"
            found[key] = profile
    if found:
        annotations = item["metadata"].get("annotations") or {}
        item["metadata"]["annotations"] = found | annotations


def _profile(context: Json) -> str:
    profile = context.get("seccompProfile") or {}
    local = f"localhost/{profile.get('localhostProfile', '')}"
    table = {"RuntimeDefault": "runtime/default", "Unconfined": "unconfined", "Localhost": local}
    return table.get(profile.get("type", ""), "")


def before_update(resource: Resource, old: Json, new: Json) -> None:
    """Prepare a change of all but the status, in place."""
    if resource.status:
        new["status"] = old.get("status", {})
    _keep(old, new)
    if rule := _ON_UPDATE.get(resource.kind):
        rule(old, new)
    if resource.generation and _respecified(resource, old, new):
        new["metadata"]["generation"] = old["metadata"]["generation"] + 1


def before_status_update(resource: Resource, old: Json, new: Json) -> None:
    """Prepare a change of the status, in place."""
    _keep(old, new)
    if "spec" in old:
        new["spec"] = old["spec"]
    if resource.kind in _KEEPS_LABELS:
        _copy(old["metadata"], new["metadata"], "labels")
    if resource.kind == "Pod":
        _copy(old["metadata"], new["metadata"], "ownerReferences")


def _keep(old: Json, new: Json) -> None:
    before, after = old["metadata"], new["metadata"]
    for name in ("generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
        _copy(before, after, name)
    after["creationTimestamp"] = before["creationTimestamp"]
    if not after.get("uid"):
        after["uid"] = before["uid"]
    if not after.get("namespace") and "namespace" in before:
        after["namespace"] = before["namespace"]


def _copy(source: Json, target: Json, name: str) -> None:
    if name in source:
        target[name] = source[name]
    else:
        target.pop(name, None)


def _respecified(resource: Resource, old: Json, new: Json) -> bool:
    if old.get("spec") != new.get("spec"):
        return True
    if resource.generation != "spec and annotations":
        return False
    before, after = (each["metadata"].get("annotations") for each in (old, new))
    return (before or {}) != (after or {})


def _pod(pod: Json) -> None:
    pod["status"] = {"phase": "Pending", "qosClass": _quality(pod["spec"])}
    spec = pod["spec"]
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    account = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    tolerations = spec.setdefault("tolerations", [])
    known = {toleration.get("key") for toleration in tolerations}
    tolerations += [_toleration(key) for key in _TOLERATED if key not in known]


def _toleration(key: str) -> Json:
    return {
        "key": key,
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": _TOLERATION_SECONDS,
    }


def _quality(spec: Json) -> str:
    found = [container["resources"] for container in spec.get("containers") or ()]
    if not any(each.get("requests") or each.get("limits") for each in found):
        return "BestEffort"
    whole = {"cpu", "memory"}
    guaranteed = all(
        each.get("requests") == each.get("limits") and whole <= set(each.get("limits", {}))
        for each in found
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _namespace(namespace: Json) -> None:
    namespace["spec"] = {"finalizers": ["kubernetes"]}
    namespace["status"] = {"phase": "Active"}


def _claim(claim: Json) -> None:
    claim["status"] = {"phase": "Pending"}
    claim["metadata"]["finalizers"] = [PROTECTED]


def _service(service: Json) -> None:
    service["status"] = {"loadBalancer": {}}


def _ingress(ingress: Json) -> None:
    ingress["status"] = {"loadBalancer": {}}


def _job(job: Json) -> None:
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    if job["spec"].get("manualSelector"):
        return
    own = {"controller-uid": uid, "job-name": name}
    template = job["spec"]["template"]["metadata"]
    template["labels"] = template.get("labels", {}) | own
    job["spec"]["selector"] = {"matchLabels": {"controller-uid": uid}}
    if not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(template["labels"])


_ON_CREATE: Mapping[str, Callable[[Json], None]] = {
    "Pod": _pod,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "Ingress": _ingress,
    "Job": _job,
}


def _kept_job(old: Json, new: Json) -> None:
    # What the API server made up at the creation is not in the manifest that is sent again.
    new["spec"].setdefault("selector", old["spec"].get("selector"))


def _kept_service(old: Json, new: Json) -> None:
    """A Service keeps its addresses and ports where the new one does not say."""
    before, after = old["spec"], new["spec"]
    for name in ("clusterIP", "clusterIPs"):
        if not after.get(name) and before.get(name) and after["type"] != "ExternalName":
            after[name] = before[name]
    known = {(each.get("protocol"), each["port"]): each for each in before.get("ports", ())}
    has_ports = after["type"] in ("NodePort", "LoadBalancer")
    if not has_ports:
        after.pop("externalTrafficPolicy", None)
    for port in after.get("ports", ()):
        same = known.get((port.get("protocol"), port["port"]), {})
        if not has_ports:
            port.pop("nodePort", None)
        elif not port.get("nodePort") and same.get("nodePort"):
            port["nodePort"] = same["nodePort"]


def _kept_claim(old: Json, new: Json) -> None:
    for name in ("volumeName", "storageClassName"):
        if not new["spec"].get(name) and name in old["spec"]:
            new["spec"][name] = old["spec"][name]


_ON_UPDATE: Mapping[str, Callable[[Json, Json], None]] = {
    "Job": _kept_job,
    "Service": _kept_service,
    "PersistentVolumeClaim": _kept_claim,
}
