"""A Deployment's ReplicaSets: their names, revisions and annotations. Pure."""

import hashlib
import json

from sandbox.kubernetes.controllers.rolling import bounds
from sandbox.kubernetes.objects import clone, reference
from sandbox.kubernetes.schema import Json

REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# What a ReplicaSet does not copy from its Deployment.
_OWN = {REVISION, _HISTORY, _DESIRED, _MOST, _LAST_APPLIED, "deprecated.deployment.rollback.to"}
_HASH = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH = 10


def template_hash(template: Json, collisions: int) -> str:
    """A name for a template; not the real one's, which hashes Go's own notation."""
    text = json.dumps([template, collisions], sort_keys=True).encode()
    number = int.from_bytes(hashlib.sha256(text).digest()[:8])
    digits = ""
    while len(digits) < _HASH_LENGTH:
        number, index = divmod(number, len(_ALPHABET))
        digits += _ALPHABET[index]
    return digits


def equal_template(left: Json, right: Json) -> bool:
    """Whether two templates differ by nothing but the hash."""
    return _bare(left) == _bare(right)


def _bare(template: Json) -> Json:
    labels = template["metadata"].get("labels") or {}
    kept = {key: value for key, value in labels.items() if key != _HASH}
    return template | {"metadata": template["metadata"] | {"labels": kept}}


def revision(replica_set: Json) -> int:
    """A ReplicaSet's revision; 0 for one that has none."""
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def replica_annotations(deployment: Json) -> dict[str, str]:
    """What a ReplicaSet notes of the Deployment's size."""
    limits = bounds(deployment["spec"])
    return {_DESIRED: str(limits.desired), _MOST: str(limits.most)}


def _copied(deployment: Json) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _OWN}


def new_replica_set(deployment: Json, number: int, size: int) -> Json:
    """The ReplicaSet for a Deployment's template."""
    spec, metadata = deployment["spec"], deployment["metadata"]
    template = clone(spec["template"])
    digest = template_hash(spec["template"], deployment["status"].get("collisionCount", 0))
    labels = {**(template["metadata"].get("labels") or {}), _HASH: digest}
    template["metadata"]["labels"] = labels
    selector = clone(spec["selector"])
    selector["matchLabels"] = {**selector.get("matchLabels", {}), _HASH: digest}
    annotations = {**_copied(deployment), **replica_annotations(deployment), REVISION: str(number)}
    body: Json = {
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [reference(deployment)],
        },
        "spec": {"replicas": size, "selector": selector, "template": template},
    }
    if "minReadySeconds" in spec:
        body["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return body


def annotated(deployment: Json, replica_set: Json, number: int) -> Json:
    """The ReplicaSet as it is to be when it becomes the current one again."""
    wanted = clone(replica_set)
    annotations = wanted["metadata"].setdefault("annotations", {})
    annotations |= _copied(deployment) | replica_annotations(deployment)
    before = int(annotations.get(REVISION, 0))
    if before < number:
        if before:
            history = [each for each in annotations.get(_HISTORY, "").split(",") if each]
            annotations[_HISTORY] = ",".join([*history, str(before)])
        annotations[REVISION] = str(number)
    if deployment["spec"].get("minReadySeconds", 0) != wanted["spec"].get("minReadySeconds", 0):
        wanted["spec"]["minReadySeconds"] = deployment["spec"].get("minReadySeconds", 0)
    return wanted
