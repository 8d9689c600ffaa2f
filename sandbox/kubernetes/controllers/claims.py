"""PersistentVolumeClaims: the stand-in of a provisioner that serves every class by its name."""

from collections.abc import Iterable

from sandbox.kubernetes.controllers.client import Client
from sandbox.kubernetes.controllers.recorder import NORMAL, Recorder
from sandbox.kubernetes.schema import Json, with_metadata
from sandbox.kubernetes.store import Change
from sandbox.kubernetes.strategies import PROTECTED

CLAIMS = "/persistentvolumeclaims"
BOUND = "Bound"
_NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
_ANNOTATIONS = ("pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller")


class ClaimController:
    """Binds claims that name a class; there is no default class."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._recorder = Recorder(client, "persistentvolume-controller")

    def concerned(self, change: Change) -> Iterable[tuple[str, str]]:
        """The claim, or those of a pod that has gone."""
        storage, namespace, name = change.key
        if storage == CLAIMS:
            return [(namespace, name)]
        gone = change.before if storage == "/pods" and change.after is None else None
        return [(namespace, each) for each in _claimed(gone)] if gone else []

    def sync(self, namespace: str, name: str) -> float | None:
        """Bind it, or say why not; let it go when no pod needs it any more."""
        claim = self._client.get(CLAIMS, namespace, name)
        if claim is None:
            return None
        if "deletionTimestamp" in claim["metadata"]:
            self._release(claim)
        elif claim["status"].get("phase") == BOUND:
            return None
        elif claim["spec"].get("storageClassName"):
            self._bind(claim)
        else:
            self._recorder.record(claim, NORMAL, "FailedBinding", _NO_CLASS)
        return None

    def _release(self, claim: Json) -> None:
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        pods = self._client.store.items("/pods", namespace)
        if not any(name in _claimed(pod) for pod in pods):
            kept = [each for each in claim["metadata"].get("finalizers", ()) if each != PROTECTED]
            self._client.update(CLAIMS, with_metadata(claim, finalizers=kept or None))

    def _bind(self, claim: Json) -> None:
        volume = f"pvc-{claim['metadata']['uid']}"
        message = f"Successfully provisioned volume {volume}"
        self._recorder.record(claim, NORMAL, "ProvisioningSucceeded", message)
        claim["spec"]["volumeName"] = volume
        claim["metadata"].setdefault("annotations", {}).update(dict.fromkeys(_ANNOTATIONS, "yes"))
        claim = self._client.update(CLAIMS, claim)
        spec = claim["spec"]
        status = {
            "phase": BOUND,
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        }
        self._client.update_status(CLAIMS, claim | {"status": status})


def problem(client: Client, pod: Json) -> str:
    """Why no node can take a pod for its claims; empty where nothing is in the way."""
    namespace = pod["metadata"]["namespace"]
    for name in _claimed(pod):
        claim = client.store.get((CLAIMS, namespace, name))
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if claim["status"].get("phase") != BOUND:
            return "pod has unbound immediate PersistentVolumeClaims"
    return ""


def _claimed(pod: Json) -> list[str]:
    volumes = pod["spec"].get("volumes") or ()
    return [
        each["persistentVolumeClaim"]["claimName"]
        for each in volumes
        if "persistentVolumeClaim" in each
    ]
