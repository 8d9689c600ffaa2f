"""A model of a Deployment, its ReplicaSets and pods, as the JSON that an API server would have.

It does what its steps say: nothing happens by itself. Times that a kubelet writes are by its node's
clock, all others by the API server's; both are in whole seconds.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.unit import api_objects as api
from tests.unit.rollout_states import IMAGE

Json = dict[str, Any]
MISSING = 'secret "web-1a2b" not found'
UNKNOWN = f'failed to resolve reference "{IMAGE}": not found'


@dataclass
class Truth:
    """What is so with a pod, whoever has seen it; times are the API server's."""

    ready_since: datetime | None = None
    restarted: datetime | None = None


@dataclass
class Model:
    """The objects by kind and UID, the time, and how far each node's clock is ahead of it."""

    now: datetime
    skews: list[float]
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        """Begin with a release that runs: two pods of the old ReplicaSet."""
        deployment = api.deployment(generation=6)
        deployment["spec"] |= {"replicas": 2, "template": _template("old")}
        deployment["metadata"]["annotations"] = {api.REVISION: "1"}
        slices = {"slice": api.endpoint_slice()}
        old = {"rs-1": api.replica_set("rs-1", "1")}
        kinds = {"deployments": {"deployment": deployment}, "replicasets": old}
        self.objects = {**kinds, "pods": {}, "endpointslices": slices, "events": {}}
        self.created()
        self.created()
        for pod in self.pods:
            self.started(pod)
            self.became_ready(pod)
        self.counted()
        self.served()

    @property
    def deployment(self) -> Json:
        return self.objects["deployments"]["deployment"]

    @property
    def pods(self) -> list[Json]:
        return list(self.objects["pods"].values())

    @property
    def newest(self) -> Json:
        return max(self.objects["replicasets"].values(), key=revision)

    def _touch(self, kind: str, item: Json) -> None:
        self.objects[kind][item["metadata"]["uid"]] = copy.deepcopy(item)

    # What people and autoscalers do.

    def applied(self, image: str) -> None:
        """A new template."""
        found = copy.deepcopy(self.deployment)
        found["metadata"]["generation"] += 1
        found["spec"]["template"] = _template(image)
        self._touch("deployments", found)

    def scaled(self, replicas: int) -> None:
        found = copy.deepcopy(self.deployment)
        found["metadata"]["generation"] += found["spec"]["replicas"] != replicas
        found["spec"]["replicas"] = replicas
        self._touch("deployments", found)

    # What the controllers do.

    def rolled(self) -> None:
        """The Deployment's controller sees its generation, and makes the ReplicaSet if it must."""
        image = _image(self.deployment)
        if not any(_image(item) == image for item in self.objects["replicasets"].values()):
            number = revision(self.newest) + 1
            made = api.replica_set(f"rs-{number}", str(number))
            made["spec"]["template"] = self.deployment["spec"]["template"]
            self._touch("replicasets", made)
            found = copy.deepcopy(self.deployment)
            found["metadata"]["annotations"] = {api.REVISION: str(number)}
            self._touch("deployments", found)
        self.counted()

    def created(self) -> None:
        """One more pod of the newest ReplicaSet, if it lacks one."""
        owner = self.newest["metadata"]["uid"]
        own = [pod for pod in self.active() if is_owned(pod, owner)]
        if len(own) < self.deployment["spec"]["replicas"]:
            self.made += 1
            pod = api.pod(f"web-{self.made}", ready=False, containerStatuses=[], phase="Pending")
            pod["metadata"] |= {
                "creationTimestamp": api.stamp(self.now),
                "ownerReferences": api.owned_by(owner),
            }
            pod["status"]["conditions"] = []
            self._touch("pods", pod)
            self.truths[pod["metadata"]["uid"]] = Truth()

    def removed(self, *, at_once: bool = False) -> None:
        """One pod too many is told to go: an old one, where as many new ones are ready."""
        owner, desired = self.newest["metadata"]["uid"], self.deployment["spec"]["replicas"]
        own = [pod for pod in self.active() if is_owned(pod, owner)]
        olds = [pod for pod in self.active() if pod not in own]
        ready = [pod for pod in own if is_ready(pod)]
        if olds and (at_once or len(ready) + len(olds) > desired):
            self.drained(olds[0])
        elif len(own) > desired:
            self.drained(own[-1])

    def counted(self) -> None:
        """The controller writes what it counts, and that it has seen the generation."""
        found = copy.deepcopy(self.deployment)
        own = [pod for pod in self.active() if is_owned(pod, self.newest["metadata"]["uid"])]
        ready = [pod for pod in self.active() if is_ready(pod)]
        found["status"] = {
            "observedGeneration": found["metadata"]["generation"],
            "replicas": len(self.active()),
            "updatedReplicas": len(own),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready),
        }
        self._touch("deployments", found)

    def served(self) -> None:
        """The endpoints are those pods that are ready."""
        ready = [pod["metadata"]["uid"] for pod in self.active() if is_ready(pod)]
        self._touch("endpointslices", api.endpoint_slice(*map(api.endpoint, ready)))

    def active(self) -> list[Json]:
        return [pod for pod in self.pods if is_active(pod)]

    # What happens to a pod.

    def drained(self, pod: Json) -> None:
        """It is told to go, and is not ready any more."""
        found = copy.deepcopy(pod)
        found["metadata"]["deletionTimestamp"] = api.stamp(self.now + timedelta(seconds=30))
        self._condition(found, ready=False, within=False)

    def gone(self, pod: Json) -> None:
        self.objects["pods"].pop(pod["metadata"]["uid"], None)

    def evicted(self, pod: Json) -> None:
        """Its node puts it out."""
        found = copy.deepcopy(pod)
        found["status"] |= {"phase": "Failed", "reason": "Evicted"}
        self._condition(found, ready=False, within=False)

    def being_evicted(self, pod: Json) -> None:
        """Its node is putting it out: its containers end, and then it is over."""
        found = copy.deepcopy(pod)
        ended = api.container(state={"terminated": {"exitCode": 137, "reason": "Error"}})
        found["status"]["containerStatuses"] = [ended]
        self._condition(found, ready=False, within=False, disrupted=True)

    def flapped(self, pod: Json) -> None:
        """It was not ready for a second."""
        if is_ready(pod):
            self.became_unready(pod)
            self.now += timedelta(seconds=1)
            self.became_ready(self.objects["pods"][pod["metadata"]["uid"]])

    def started(self, pod: Json) -> None:
        if not pod["status"]["containerStatuses"]:
            self._container(pod, {"running": {"startedAt": api.stamp(self._by_node(pod))}})

    def stuck(self, pod: Json, reason: str, message: str) -> None:
        """Its container waits for something."""
        waits = {"waiting": {"reason": reason, "message": message}}
        self._container(pod, waits, ready=False)

    def restarted(self, pod: Json) -> None:
        """Its container ended, and runs again: not ready for now."""
        self.truths[pod["metadata"]["uid"]].restarted = self.now
        began = api.stamp(self._by_node(pod))
        ended = {"exitCode": 1, "reason": "Error", "startedAt": began, "finishedAt": began}
        running = {"running": {"startedAt": began}}
        self._container(pod, running, ready=False, last={"terminated": ended})

    def became_ready(self, pod: Json) -> None:
        if any("running" in item["state"] for item in pod["status"]["containerStatuses"]):
            self._condition(copy.deepcopy(pod), ready=True, within=True)

    def became_unready(self, pod: Json) -> None:
        if pod["status"]["containerStatuses"]:
            self._condition(copy.deepcopy(pod), ready=False, within=False)

    def lost_its_node(self, pod: Json) -> None:
        """Its node is silent: the controller takes away Ready and nothing else."""
        if is_ready(pod):
            self._condition(copy.deepcopy(pod), ready=False, within=True)

    def _container(
        self, pod: Json, state: Json, *, ready: bool | None = None, last: Json | None = None
    ) -> None:
        found = copy.deepcopy(pod)
        known = (found["status"]["containerStatuses"] or [api.container(restartCount=0)])[0]
        more = {"lastState": last, "restartCount": known["restartCount"] + 1} if last else {}
        found["status"] |= {"containerStatuses": [known | {"state": state} | more]}
        found["status"]["phase"] = "Running"
        is_now = is_ready(found) if ready is None else ready
        self._condition(found, ready=is_now, within=is_now)

    def _condition(self, pod: Json, *, ready: bool, within: bool, disrupted: bool = False) -> None:
        """Write the pod with these conditions, by its node's clock."""
        uid, at = pod["metadata"]["uid"], self._by_node(pod)
        known = {item["type"]: item for item in pod["status"]["conditions"]}
        wanted = {"PodScheduled": True, "ContainersReady": within, "Ready": ready}
        wanted |= {"DisruptionTarget": True} if disrupted or is_disrupted(pod) else {}
        pod["status"]["conditions"] = [
            known[kind]
            if kind in known and known[kind]["status"] == str(status)
            else api.condition(kind, str(status), lastTransitionTime=api.stamp(at))
            for kind, status in wanted.items()
        ]
        truth = self.truths[uid]
        truth.ready_since = (truth.ready_since or self.now) if ready else None
        own = {"time": api.stamp(self.now), "fieldsV1": {"f:status": {}}}
        pod["metadata"]["managedFields"] = [own]
        self._touch("pods", pod)

    def _by_node(self, pod: Json) -> datetime:
        number = int(pod["metadata"]["name"].rpartition("-")[2])
        return self.now + timedelta(seconds=self.skews[number % len(self.skews)])


def _template(image: str) -> Json:
    return {"spec": {"containers": [{"name": "wordpress", "image": image}]}}


def _image(item: Json) -> str:
    containers = item["spec"]["template"].get("spec", {}).get("containers", [])
    return containers[0]["image"] if containers else "old"


def revision(replica_set: Json) -> int:
    return int(replica_set["metadata"]["annotations"][api.REVISION])


def is_owned(pod: Json, owner: str) -> bool:
    return any(
        item["uid"] == owner and item.get("controller")
        for item in pod["metadata"]["ownerReferences"]
    )


def is_active(pod: Json) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] != "Failed"


def is_ready(pod: Json) -> bool:
    return _is(pod, "Ready")


def is_disrupted(pod: Json) -> bool:
    return _is(pod, "DisruptionTarget")


def _is(pod: Json, kind: str) -> bool:
    known = {item["type"]: item["status"] for item in pod["status"].get("conditions", ())}
    return known.get(kind) == "True"


Step = Callable[[Model, Json], None]
# Steps of a pod that no rollout deserves to fail for, and those that it does.
BENIGN: Mapping[str, Step] = {
    "started": Model.started,
    "became ready": Model.became_ready,
    "drained": Model.drained,
    "gone": lambda model, pod: None if is_active(pod) else model.gone(pod),
    "evicted": Model.evicted,
    "being evicted": Model.being_evicted,
    "lost its node": Model.lost_its_node,
}
HARMFUL: Mapping[str, Step] = {
    "became unready": Model.became_unready,
    "flapped": Model.flapped,
    "restarted": Model.restarted,
    "has no image": lambda model, pod: model.stuck(pod, "ErrImagePull", UNKNOWN),
    "has no Secret": lambda model, pod: model.stuck(pod, "CreateContainerConfigError", MISSING),
    "has a bad name": lambda model, pod: model.stuck(pod, "InvalidImageName", "x"),
    "is in back-off": lambda model, pod: model.stuck(pod, "ImagePullBackOff", "Back-off"),
    "crash loops": lambda model, pod: model.stuck(pod, "CrashLoopBackOff", "back-off"),
}
