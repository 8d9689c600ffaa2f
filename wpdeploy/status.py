"""How a site stands: what was found in the cluster and in the Parameter Store -> Status.

No value of a parameter is in it: of parameters it knows versions and dates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from wpdeploy import parts, rollout
from wpdeploy.kinds import FIELD_MANAGER, Manifest
from wpdeploy.lease import Lease
from wpdeploy.observed import Snapshot
from wpdeploy.parameters import StoredParameter
from wpdeploy.pods import Container, Pod
from wpdeploy.record import Record
from wpdeploy.verdict import Outcome

_CONTAINERS = ("f:spec", "f:template", "f:spec", "f:containers")


class Service(StrEnum):
    """Whether visitors are served."""

    UP = "up"
    DOWN = "DOWN"
    ABSENT = "not deployed"


@dataclass(frozen=True)
class PodState:
    """A pod; `trouble` is why it is not ready, empty if it is."""

    name: str
    revision: int
    ready: bool
    restarts: int
    trouble: str


@dataclass(frozen=True)
class Drift:
    """A container whose image is not the release's, and the field manager that set it."""

    container: str
    live: str
    released: str
    manager: str
    since: datetime | None


@dataclass(frozen=True)
class Newer:
    """A parameter that is not what the release has; without a version it is gone."""

    name: str
    released: int
    version: int | None
    modified: datetime | None


@dataclass(frozen=True)
class Status:
    """A site at one moment, `now` by the API server's clock.

    `current` is the record of what was applied last, `deployments` are the newest records, each
    with how it stands. `newer` is a sentence where the Parameter Store cannot be read.
    """

    instance: str
    now: datetime
    service: Service
    sentence: str
    revision: int
    images: Mapping[str, str]
    pods: tuple[PodState, ...]
    current: Record | None
    deployments: tuple[tuple[Record, str], ...]
    drift: tuple[Drift, ...]
    lock: Lease | None
    newer: tuple[Newer, ...] | str

    @property
    def headline(self) -> str:
        """The first line: whether the site is up, and how its rollout stands."""
        return f"Deployment {self.instance}: {self.service}: {self.sentence}"


def current(records: Sequence[Record]) -> Record | None:
    """The record of what was applied last; records come newest first."""
    return next((item for item in records if item.applied), None)


def service(snapshot: Snapshot) -> tuple[Service, str]:
    """Whether visitors are served, and the verdict on the rollout in a sentence."""
    verdict = rollout.assess(snapshot)
    failed = "rollout failed: " if verdict.outcome is Outcome.FAILED else ""
    serving = sum(pod.uid in snapshot.serving for pod in snapshot.pods)
    if not serving:
        return Service.DOWN, f"no pod serves; {failed}{verdict.sentence}"
    served = "" if verdict.outcome is Outcome.SUCCEEDED else f"{serving} serve; "
    return Service.UP, f"{served}{failed}{verdict.sentence}"


def pods(snapshot: Snapshot) -> tuple[PodState, ...]:
    """The pods, those of the newest revision first."""
    revisions = {item.uid: item.revision for item in snapshot.replica_sets}
    found = [_pod(pod, revisions.get(pod.owner, 0)) for pod in snapshot.pods]
    return tuple(sorted(found, key=lambda pod: (-pod.revision, pod.name)))


def images(deployment: Manifest) -> Mapping[str, str]:
    """The images of a Deployment by container."""
    found = deployment["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item["image"] for item in found}


def drift(live: Manifest, record: Record | None, instance: str) -> tuple[Drift, ...]:
    """The containers whose images are not those that were applied."""
    applied = [
        item
        for item in (record.manifests if record else ())
        if item["kind"] == "Deployment" and item["metadata"]["name"] == instance
    ]
    now, released = images(live), images(applied[0]) if applied else {}
    return tuple(
        Drift(name, now[name], image, *_owner(live, name))
        for name, image in released.items()
        if name in now and now[name] != image
    )


def newer(record: Record, stored: Mapping[str, StoredParameter]) -> tuple[Newer, ...]:
    """The parameters that are others now than those of the record."""
    return tuple(_newer(record, stored))


def _newer(record: Record, stored: Mapping[str, StoredParameter]) -> Iterator[Newer]:
    for name, released in record.parameters.items():
        now = stored.get(released.name)
        if now is None:
            yield Newer(name, released.version, None, None)
        elif (now.version, now.modified) != (released.version, released.modified):
            modified = datetime.fromisoformat(now.modified)
            yield Newer(name, released.version, now.version, modified)


def _pod(pod: Pod, revision: int) -> PodState:
    restarts = sum(item.restarts for item in pod.containers)
    return PodState(pod.name, revision, pod.ready, restarts, _trouble(pod))


def _trouble(pod: Pod) -> str:
    if pod.deleting:
        return "terminating"
    if pod.over:
        return "over"
    if pod.ready:
        return ""
    waits = [item for item in pod.containers if item.waiting]
    return pod.unschedulable or (_waiting(waits[0]) if waits else "not ready")


def _waiting(container: Container) -> str:
    ended = f" ({container.last_exit})" if container.last_exit else ""
    message = f": {container.message}" if container.message else ""
    return f"{container.waiting}{ended}{message}"


def _owner(live: Manifest, container: str) -> tuple[str, datetime | None]:
    """The field manager that last set a container's image, and when."""
    entries = [
        entry
        for entry in live["metadata"].get("managedFields") or []
        if _holds_image(entry.get("fieldsV1") or {}, container)
    ]
    others = [entry for entry in entries if entry.get("manager") != FIELD_MANAGER] or entries
    none: dict[str, str] = {}
    last = max(others, key=lambda entry: entry.get("time") or "", default=none)
    return last.get("manager") or "nobody", parts.time(last.get("time"))


def _holds_image(fields: Mapping[str, Any], container: str) -> bool:
    for key in (*_CONTAINERS, f'k:{{"name":"{container}"}}'):
        fields = fields.get(key) or {}
    return "f:image" in fields
