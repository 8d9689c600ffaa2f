"""A pod on a node: what its kubelet knows about it and its containers."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.kubelet.events import EventLog
from sandbox.kubelet.faults import Behaviour, Faults
from sandbox.kubelet.images import InvalidReferenceError, parse
from sandbox.kubelet.timestamps import seconds

Json = dict[str, Any]
LogLine = tuple[datetime, str]

HOST_IP = "127.0.0.1"
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass
class Container:
    """One container through all its restarts; `state` and `last_state` as the API writes them."""

    spec: Json
    pod_uid: str
    behaviour: Behaviour
    is_init: bool
    state: Json = field(default_factory=dict)
    last_state: Json = field(default_factory=dict)
    runs: int = 0
    pulled: bool = False
    started: bool = False
    ready: bool = False
    environment: dict[str, str] | None = None
    """As of its latest creation; None before, and when an earlier player created it."""
    logs: dict[str, list[LogLine]] = field(default_factory=dict)
    """By container ID: of the current and of the previous run."""

    @property
    def name(self) -> str:
        """Its name in the pod."""
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        """The reference in the manifest."""
        return str(self.spec["image"])

    @property
    def is_sidecar(self) -> bool:
        """Whether it is an init container that goes on beside the others."""
        return self.is_init and self.spec.get("restartPolicy") == "Always"

    @property
    def goes_on(self) -> bool:
        """Whether the containers after it do not wait for its end."""
        return not self.is_init or self.is_sidecar

    @property
    def field_path(self) -> str:
        """Where events find it in the pod."""
        return f"spec.{'initContainers' if self.is_init else 'containers'}{{{self.name}}}"

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(self.runs - 1, 0)

    @property
    def container_id(self) -> str:
        """The runtime's ID of the latest run; empty before the first."""
        if not self.runs:
            return ""
        identity = f"{self.pod_uid}/{self.name}/{self.runs}"
        return f"containerd://{hashlib.sha256(identity.encode()).hexdigest()}"

    @property
    def image_id(self) -> str:
        """The image that the runtime holds; empty before the first run."""
        if not self.runs:
            return ""
        try:
            image = parse(self.image)
        except InvalidReferenceError:
            return ""
        digest = image.digest or f"sha256:{hashlib.sha256(self.image.encode()).hexdigest()}"
        return f"{image.repository}@{digest}"

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it has not."""
        code: int | None = self.state.get("terminated", {}).get("exitCode")
        return code

    def wait(self, reason: str, message: str = "") -> None:
        """Wait to be started, or started again."""
        self._keep_last()
        self.state = {"waiting": {"reason": reason} | ({"message": message} if message else {})}

    def run(self, now: datetime) -> None:
        """Start, for the first time or again."""
        self._count_run()
        self.state = {"running": {"startedAt": seconds(now)}}

    def fail_to_start(self, message: str, now: datetime) -> None:
        """End before the first instruction, as the runtime has it: begun with the epoch."""
        self._count_run()
        ended = self._ended(128, "StartError", seconds(_EPOCH), now)
        self.state = {"terminated": ended | {"message": message}}

    def end(self, code: int, reason: str, now: datetime) -> None:
        """End, by itself or by a signal."""
        started_at = self.state["running"]["startedAt"]
        self.ready = not self.goes_on and code == 0
        self.started = False
        self.state = {"terminated": self._ended(code, reason, started_at, now)}

    def say(self, now: datetime, *lines: str) -> None:
        """Write to the log."""
        self.logs.setdefault(self.container_id, []).extend((now, line) for line in lines)

    def _count_run(self) -> None:
        self._keep_last()
        previous = self.container_id
        self.runs += 1
        self.logs = {key: lines for key, lines in self.logs.items() if key == previous}
        self.logs[self.container_id] = []

    def _ended(self, code: int, reason: str, started_at: str, now: datetime) -> Json:
        return {
            "containerID": self.container_id,
            "exitCode": code,
            "reason": reason,
            "startedAt": started_at,
            "finishedAt": seconds(now),
        }

    def _keep_last(self) -> None:
        if "terminated" in self.state:
            self.last_state = self.state


@dataclass(frozen=True)
class Eviction:
    """Why a pod was evicted; `condition` is None where the version has none for it."""

    message: str
    condition: Json | None


@dataclass
class Pod:
    """A pod and its containers; `manifest` is the API server's latest version of it."""

    manifest: Json
    events: EventLog
    init: list[Container]
    containers: list[Container]
    ip: str
    has_address: bool = False
    start_time: str = ""
    conditions: list[Json] = field(default_factory=list)
    eviction: Eviction | None = None

    @property
    def uid(self) -> str:
        """Its identity."""
        return str(self.manifest["metadata"]["uid"])

    @property
    def namespace(self) -> str:
        """Where it is."""
        return str(self.manifest["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """Its name in the namespace."""
        return str(self.manifest["metadata"]["name"])

    @property
    def node(self) -> str:
        """Where it is bound to."""
        return str(self.manifest["spec"]["nodeName"])

    @property
    def restart_policy(self) -> str:
        """Always, OnFailure or Never."""
        return str(self.manifest["spec"].get("restartPolicy", "Always"))

    @property
    def ready(self) -> bool:
        """Whether all its containers are ready."""
        return all(container.ready for container in self.containers)

    @property
    def over(self) -> bool:
        """Whether none of its containers runs again."""
        settled = {"Always": (), "OnFailure": (0,)}.get(self.restart_policy)
        codes = [container.exit_code for container in self.containers]
        return all(code is not None and (settled is None or code in settled) for code in codes)

    def all_containers(self) -> list[Container]:
        """List the init containers, then the others."""
        return [*self.init, *self.containers]

    def container(self, name: str) -> Container | None:
        """Find a container."""
        return next((each for each in self.all_containers() if each.name == name), None)

    def downward(self) -> Json:
        """Show the pod as the downward API does: with its addresses, known here first."""
        addresses = {"podIP": self.ip, "hostIP": HOST_IP}
        return self.manifest | {"status": self.manifest.get("status", {}) | addresses}


def admit(manifest: Json, ip: str, faults: Faults) -> Pod:
    """Take a bound pod over; one that an earlier player left running goes on."""
    spec, status = manifest["spec"], manifest.get("status", {})
    uid = str(manifest["metadata"]["uid"])
    init = [_init_container(each, uid, faults) for each in spec.get("initContainers") or []]
    containers = [
        Container(each, uid, faults.of(each["image"]), is_init=False) for each in spec["containers"]
    ]
    # How a kubelet shows what it has not yet looked at.
    for container in [*init, *containers]:
        container.wait("PodInitializing" if init else "ContainerCreating")
    pod = Pod(manifest, EventLog(manifest), init, containers, ip)
    pod.has_address = "podIP" in status
    pod.start_time = status.get("startTime", "")
    pod.conditions = status.get("conditions", [])
    for key in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(key) or []:
            _take_over(pod, each)
    return pod


def _init_container(spec: Json, uid: str, faults: Faults) -> Container:
    is_sidecar = spec.get("restartPolicy") == "Always"
    behaviour = (faults.of_sidecar if is_sidecar else faults.of_init)(spec["image"])
    return Container(spec, uid, behaviour, is_init=True)


def _take_over(pod: Pod, status: Json) -> None:
    container = pod.container(status["name"])
    if container is None or not status.get("containerID"):
        return
    container.runs = int(status["restartCount"]) + 1
    container.state, container.last_state = status["state"], status.get("lastState", {})
    container.pulled = True
    container.ready, container.started = status["ready"], bool(status.get("started"))
