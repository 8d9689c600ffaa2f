"""Keeping lists of the API server up to date: each is listed, and watched from then on.

The watches are threads that only read and put what they read into one queue; what is known is kept
and changed by the thread that owns the Streams.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from wpdeploy import api_status
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest, collection
from wpdeploy.retries import ATTEMPTS, Transient, backoff

# Objects in one answer: raw, a pod takes some 40 KB of memory, and what is kept of it 2.
_PAGE = 200


class Watch(Protocol):
    """An open watch."""

    def __iter__(self) -> Iterator[Manifest]:
        """Its events."""

    def close(self) -> None:
        """End it."""


class Cluster(Protocol):
    """The API server, as far as streams need it."""

    def get(self, path: str, where: str, query: Mapping[str, str] | None = None) -> Manifest | None:
        """The list at the path; None where there is no such API."""

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """A watch of the list at the path."""

    def server_time(self) -> datetime:
        """Now, by the API server's clock."""


class Clock(Protocol):
    """What a broken watch waits by."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class _Page(NamedTuple):
    """A part of a list; `version` is where a watch of the list goes on.

    `into` is the whole list's: two lists of one resource may be on their way at once.
    """

    items: list[Manifest]
    into: dict[str, Any]
    is_last: bool
    version: str


_News = Manifest | _Page | Exception


class NoSuchApi(ClusterError):
    """The API server does not have this API."""


@dataclass
class Stream:
    """One resource: where it is, what is kept of its objects by UID, where its watch goes on.

    `read` makes what is kept from an object's JSON and from what was kept before; None keeps
    nothing. `is_extra`: without it less is known, and all goes on.
    """

    path: str
    query: Mapping[str, str]
    read: Callable[[Manifest, Any], Any]
    is_extra: bool = False
    objects: dict[str, Any] = field(default_factory=dict)
    changes: int = 0
    version: str = ""
    failures: int = 0
    watch: Watch | None = None


class Streams:
    """Some lists of a namespace, kept up to date from the first `wait` on."""

    def __init__(
        self, cluster: Cluster, namespace: str, clock: Clock, notice: Callable[[str], None]
    ) -> None:
        self._cluster, self._clock, self._notice = cluster, clock, notice
        self._namespace = namespace
        self._queue: queue.Queue[tuple[Stream, _News]] = queue.Queue()
        self._closed = threading.Event()
        self._streams: list[Stream] = []
        self._watching = False

    def add(
        self,
        api_version: str,
        plural: str,
        query: Mapping[str, str],
        read: Callable[[Manifest, Any], Any],
        *,
        is_extra: bool = False,
    ) -> Stream:
        """List a resource now; an extra one is listed when the watches are opened."""
        path = collection(api_version, plural, self._namespace)
        stream = Stream(path, query, read, is_extra=is_extra)
        if not stream.is_extra:
            self._relist(stream)
        self._streams.append(stream)
        return stream

    def wait(self, seconds: float) -> None:
        """Return when something changed, or after that time; the first call opens the watches."""
        if not self._watching:
            self._watching = True
            for stream in self._streams:
                threading.Thread(target=self._follow, args=(stream,), daemon=True).start()
        with suppress(queue.Empty):
            self._take(*self._queue.get(timeout=max(seconds, 0.01)))
            while True:  # what came together is judged together
                self._take(*self._queue.get_nowait())

    def refresh(self) -> None:
        """List everything but extras anew; the watches go on as they are."""
        with suppress(queue.Empty):
            while True:  # what came before must not follow what is newer
                self._take(*self._queue.get_nowait())
        for stream in self._streams:
            if not stream.is_extra:
                self._relist(stream)

    def complete(self) -> None:
        """List the extra ones before the watches do; without them less is known."""
        for stream in self._streams:
            if stream.is_extra:
                try:
                    self._relist(stream)
                except ClusterError as error:
                    self._give_up(stream, error)

    def close(self) -> None:
        """End the watches."""
        self._closed.set()
        for stream in self._streams:
            if stream.watch:
                stream.watch.close()

    def _relist(self, stream: Stream) -> None:
        for page in self._pages(stream):
            self._take(stream, page)
            if page.is_last and not self._watching:
                stream.version = page.version

    def _pages(self, stream: Stream) -> Iterator[_Page]:
        asked, into = {**stream.query, "limit": str(_PAGE)}, dict[str, Any]()
        is_last = False
        while not is_last:
            found = self._cluster.get(stream.path, stream.path, asked)
            if found is None:
                raise NoSuchApi(stream.path, "the API server has no such API")
            rest = found["metadata"].get("continue") or ""
            asked, is_last = {**asked, "continue": rest}, not rest
            yield _Page(found["items"], into, is_last, found["metadata"]["resourceVersion"])

    def _take(self, stream: Stream, news: _News) -> None:
        """Keep a page, or one event of a watch; raise what ended a watch for good."""
        if isinstance(news, Exception):
            raise news
        stream.changes += 1
        if isinstance(news, _Page):
            self._turn(stream, news)
            return
        raw = news["object"]
        uid = raw["metadata"]["uid"]
        known = stream.objects.pop(uid, None)
        if news["type"] != "DELETED":
            _keep(stream, raw, known, stream.objects)

    def _turn(self, stream: Stream, page: _Page) -> None:
        """Take a page; the last one of a list puts the list in the place of what was known."""
        for raw in page.items:
            _keep(stream, raw, stream.objects.get(raw["metadata"]["uid"]), page.into)
        if page.is_last:
            stream.objects = page.into

    def _follow(self, stream: Stream) -> None:
        """Watch for as long as the owner wants it; put what came into the queue."""
        while not self._closed.is_set():
            try:
                self._read(stream)
                self._clock.sleep(backoff(1))  # something between may end each watch at once
            except Exception as error:  # noqa: BLE001  # a thread hands on whatever ends it
                if self._is_final(stream, error):
                    self._give_up(stream, error)
                    return
                self._pause(stream, error)

    def _give_up(self, stream: Stream, error: Exception) -> None:
        if stream.is_extra and isinstance(error, ClusterError):
            self._notice(f"going on without {_plural(stream)}: {error}")
        else:
            self._queue.put((stream, error))

    def _is_final(self, stream: Stream, error: Exception) -> bool:
        """Whether the watch is given up; what may pass is tried again for as long as it takes."""
        stream.failures += 1
        cause = error.cause if isinstance(error, Transient) else error
        if isinstance(cause, ApiError) and cause.code == api_status.GONE:
            stream.version = ""
            return False
        if isinstance(error, ClusterError):
            # An API server that has just started may refuse (403) until it knows its Roles.
            return stream.failures >= ATTEMPTS
        return not isinstance(error, Transient)

    def _read(self, stream: Stream) -> None:
        """One watch from its opening to its end."""
        if not stream.version:
            for page in self._pages(stream):
                self._queue.put((stream, page))
                stream.version = page.version if page.is_last else ""
        query = {**stream.query, "resourceVersion": stream.version}
        stream.watch = self._cluster.watch(stream.path, query)
        if self._closed.is_set():
            stream.watch.close()
        for event in stream.watch:
            stream.failures = 0
            stream.version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._queue.put((stream, event))

    def _pause(self, stream: Stream, error: Exception) -> None:
        if not self._closed.is_set():
            if stream.failures > 1:
                self._notice(f"watch of {_plural(stream)} interrupted: {error}")
            self._clock.sleep(backoff(stream.failures))


def _keep(stream: Stream, raw: Manifest, before: Any, into: dict[str, Any]) -> None:
    kept = stream.read(raw, before)
    if kept is not None:
        into[raw["metadata"]["uid"]] = kept


def _plural(stream: Stream) -> str:
    return stream.path.rpartition("/")[2]
