"""The Lease by which deployments to one environment exclude each other, and how it stands.

Free is a Lease without a holder, not one that is deleted: its resourceVersion guards each write
from the first to the last, its number of transitions goes on, and nobody needs the right to delete.

No two clocks need agree: that a holder is gone is told by its Lease not changing for as long as it
says that it may not change, by the clock of whoever waits. The times in it are the API server's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from wpdeploy.errors import Locked
from wpdeploy.kinds import Manifest, collection, labels

_API_VERSION = "coordination.k8s.io/v1"
_ABOUT = "wpdeploy/holder"
# Seconds. Whoever does not renew for so long is taken for dead.
DURATION = 120


@dataclass(frozen=True)
class Place:
    """Where an environment's Lease is; `instance` is the name of the Deployment."""

    group: str
    namespace: str
    instance: str

    @property
    def name(self) -> str:
        """The Lease's name."""
        return f"wpdeploy-{self.instance}"

    @property
    def title(self) -> str:
        """How it is called in messages."""
        return f"Lease {self.name}"

    @property
    def collection(self) -> str:
        """The path of the namespace's Leases."""
        return collection(_API_VERSION, "leases", self.namespace)

    @property
    def path(self) -> str:
        """The path of the Lease."""
        return f"{self.collection}/{self.name}"


@dataclass(frozen=True)
class Holder:
    """Whoever holds it or wants to; `about` is the step and the host, for messages alone."""

    identity: str
    about: str


@dataclass(frozen=True)
class Lease:
    """A Lease as it was read; nobody holds it who has no identity."""

    uid: str
    version: str
    holder: Holder
    since: datetime | None
    duration: int
    transitions: int

    def told(self, now: datetime) -> str:
        """Who holds it, and since when."""
        about = f" ({self.holder.about})" if self.holder.about else ""
        if self.since is None:
            return f"held by {self.holder.identity}{about}, nobody knows since when"
        # The server's time is known to a second.
        age = timedelta(seconds=max(int((now - self.since).total_seconds()), 0))
        since = self.since.isoformat(timespec="seconds")
        return f"held by {self.holder.identity}{about} since {since}, for {age}"


class Standing(Enum):
    """How a Lease stands to somebody who wants it."""

    FREE = "free"
    OWN = "own"
    HELD = "held"
    RENEWED = "renewed"
    EXPIRED = "expired"


def standing(lease: Lease | None, identity: str, seen: Lease | None, seconds: float) -> Standing:
    """The Lease's standing; `seen` is how it was found so many seconds ago, held by another."""
    if lease is None or not lease.holder.identity:
        return Standing.FREE
    if lease.holder.identity == identity:
        return Standing.OWN
    if seen is None:
        return Standing.HELD
    if lease.version != seen.version:
        return Standing.RENEWED
    return Standing.EXPIRED if seconds >= lease.duration else Standing.HELD


def read(found: Manifest) -> Lease:
    """The Lease; what is not as wpdeploy writes it must lock nobody out for ever."""
    metadata, spec = found["metadata"], _mapping(found.get("spec"))
    about = _mapping(metadata.get("annotations")).get(_ABOUT)
    duration = _number(spec.get("leaseDurationSeconds"))
    return Lease(
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        holder=Holder(_text(spec.get("holderIdentity")), _text(about)),
        since=_time(spec.get("acquireTime")),
        duration=duration if 0 < duration <= DURATION else DURATION,
        transitions=max(_number(spec.get("leaseTransitions")), 0),
    )


def held(place: Place, lease: Lease | None, holder: Holder, now: datetime) -> Manifest:
    """What to write in the Lease's place, so that the holder has it, or has it for longer."""
    before = lease.holder.identity if lease else holder.identity
    changes = before != holder.identity
    since = None if lease is None or changes else lease.since
    spec = {
        "holderIdentity": holder.identity,
        "leaseDurationSeconds": DURATION,
        "acquireTime": _micro_time(since or now),
        "renewTime": _micro_time(now),
        "leaseTransitions": (lease.transitions if lease else 0) + changes,
    }
    return _document(place, lease, spec, {_ABOUT: holder.about})


def freed(place: Place, lease: Lease) -> Manifest:
    """What to write in the Lease's place, so that nobody has it."""
    return _document(place, lease, {"leaseTransitions": lease.transitions}, {})


def locked(place: Place, lease: Lease, now: datetime, how: str = "") -> Locked:
    """The error for whoever finds the Lease in other hands; `how` leads its sentence."""
    hint = (
        "deploy again when that deployment has ended; if it hangs: "
        f"python -m wpdeploy unlock --group {place.group}"
    )
    since = lease.since.isoformat() if lease.since else None
    return Locked(place.title, how + lease.told(now), hint, lease.holder.identity, since)


def _document(
    place: Place, lease: Lease | None, spec: Manifest, annotations: dict[str, str]
) -> Manifest:
    # Both guard the write: another resourceVersion or another object of the name is a conflict.
    guards = {"uid": lease.uid, "resourceVersion": lease.version} if lease else {}
    metadata = {
        "name": place.name,
        "namespace": place.namespace,
        "labels": labels(place.instance),
        "annotations": annotations,
        **guards,
    }
    return {"apiVersion": _API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}


def _micro_time(moment: datetime) -> str:
    # A time without six digits after the seconds is none to the API server.
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _mapping(value: Any) -> Manifest:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
