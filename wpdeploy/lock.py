"""The lock of an environment: taken, renewed while a step runs, and freed or kept for the next.

A thread renews it. Whoever lost it must change nothing more: `check` comes before each attempt to
change something, and itself renews what has not been renewed for too long to rely on.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, Self

from wpdeploy import api_status, lease
from wpdeploy.api_status import ApiError
from wpdeploy.errors import Locked, WpdeployError
from wpdeploy.kinds import Manifest
from wpdeploy.lease import Holder, Lease, Place, Standing

# Seconds. Three renewals in a row may fail before a Lease expires. After a check an attempt to
# change something has half a Lease's duration to reach the API server; its timeouts are shorter.
RENEWAL = 30.0
RELIABLE = lease.DURATION / 2
POLL = 2.0
# For a renewal that is under way: the newer agent kills 5 s after SIGTERM, and freeing may take 4.
_PATIENCE = 0.5
_TAKABLE = {Standing.FREE, Standing.OWN, Standing.EXPIRED}


class Cluster(Protocol):
    """The API server, as far as a lock needs it."""

    def get(self, path: str, where: str) -> Manifest | None:
        """The object at the path, None where there is none."""

    def write(self, method: str, path: str, manifest: Manifest) -> Manifest:
        """POST an object to a collection, or PUT it in its place; 409: it is there, or newer."""

    def server_time(self) -> datetime:
        """Now, by the API server's clock."""

    def brief(self) -> Self:
        """The same API server, asked once and soon given up."""


class Clock(Protocol):
    """What expiry is judged by."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def look(cluster: Cluster, place: Place) -> Lease | None:
    """The environment's Lease, None where there is none."""
    found = cluster.get(place.path, place.title)
    return lease.read(found) if found else None


def free(cluster: Cluster, place: Place, found: Lease) -> None:
    """Free a Lease as it was found; an ApiError 409 if it is no longer as it was."""
    cluster.write("PUT", place.path, lease.freed(place, found))


class Lock:
    """A holder's hold on an environment; `tell` gets a line for people.

    `ended` paces the renewals, and is set when there shall be no more.
    """

    def __init__(
        self,
        cluster: Cluster,
        place: Place,
        holder: Holder,
        clock: Clock,
        tell: Callable[[str], None],
        *,
        ended: threading.Event | None = None,
    ) -> None:
        self._cluster, self._place, self._holder = cluster, place, holder
        self._clock, self._tell = clock, tell
        self._ended = ended or threading.Event()
        self._writing = threading.Lock()
        # The Lease as we wrote it last; None while that is not known.
        self._written: Lease | None = None
        self._renewed = 0.0
        self._lost: Locked | None = None
        self._kept = False

    def acquire(self, *, waits: bool) -> None:
        """Take it, or have it for longer; raise Locked where somebody else is at work.

        Who `waits` waits for another's to be freed or to expire; one that is renewed meanwhile is
        somebody at work. Who had it already does not: what it prepared may be out of date.
        """
        seen, since = None, 0.0
        while True:
            asked = self._clock.monotonic()
            found = look(self._cluster, self._place)
            stands = self._standing(found, seen, asked - since)
            if found is None or stands in _TAKABLE:
                if self._write(found):
                    break
            elif not waits or stands is Standing.RENEWED:
                raise self._lose(found)
            elif seen is None:
                seen, since = found, self._clock.monotonic()
                self._tell(f"waits for {self._told(found)}")
            self._clock.sleep(POLL)
        if found and stands is Standing.EXPIRED:
            self._tell(f"not renewed for {found.duration} s, taken over: {self._told(found)}")
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def check(self) -> None:
        """Raise Locked if somebody else holds it; call it before each attempt to change things."""
        if self._lost:
            raise self._lost
        if self._clock.monotonic() - self._renewed >= RELIABLE:
            self._renew()

    def keep(self) -> None:
        """Leave it held, for the deployment's next step."""
        self._kept = True

    def leave(self) -> None:
        """Free it, unless it is kept or lost. The step has ended: this does not change how."""
        self._ended.set()
        if self._kept or self._lost:
            return
        try:
            self._free()
        except Exception as error:  # noqa: BLE001  # whatever it is: see above
            self._tell(f"the lock is not freed, and expires in {lease.DURATION} s: {error}")

    def _free(self) -> None:
        # Not given back: nothing is renewed from here on.
        self._writing.acquire(timeout=_PATIENCE)
        cluster = self._cluster.brief()
        found = self._written or look(cluster, self._place)
        if found and self._standing(found) is Standing.OWN:
            free(cluster, self._place, found)

    def _keep_alive(self) -> None:
        while not self._ended.wait(RENEWAL) and not self._lost:
            try:
                self._renew()
            except WpdeployError as error:
                self._tell(f"the lock is not renewed: {error}")

    def _renew(self) -> None:
        with self._writing:
            found = self._written or look(self._cluster, self._place)
            while not self._ended.is_set():
                if found and self._standing(found) is Standing.HELD:
                    raise self._lose(found, "lost: ")
                if self._write(found):
                    break
                found = look(self._cluster, self._place)

    def _write(self, found: Lease | None) -> bool:
        """Make it ours, from what was found; False if it was no longer so."""
        self._written = None
        at, now = self._clock.monotonic(), self._cluster.server_time()
        document = lease.held(self._place, found, self._holder, now)
        method, path = ("PUT", self._place.path) if found else ("POST", self._place.collection)
        try:
            after = self._cluster.write(method, path, document)
        except ApiError as error:
            gone = found is not None and error.code == api_status.NOT_FOUND
            if gone or error.code == api_status.CONFLICT:
                return False
            raise
        self._written, self._renewed = lease.read(after), at
        return True

    def _standing(
        self, found: Lease | None, seen: Lease | None = None, seconds: float = 0.0
    ) -> Standing:
        return lease.standing(found, self._holder.identity, seen, seconds)

    def _told(self, found: Lease) -> str:
        return f"{self._place.title}: {found.told(self._cluster.server_time())}"

    def _lose(self, found: Lease, how: str = "") -> Locked:
        self._lost = lease.locked(self._place, found, self._cluster.server_time(), how)
        return self._lost
