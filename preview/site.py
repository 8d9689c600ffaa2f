"""The site while somebody works on it: its start, what is new in sources/, its cron, its log."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import IO

from preview.containers import Containers, Running
from preview.errors import PreviewError
from preview.lines import Reader
from preview.mounts import Mount, mounts
from preview.state import Credentials

_CRON_SECONDS = 60.0
_NOTHING_DUE = "wordpress: cron ran nothing of 0 due"
Say = Callable[[str], None]


class Site:
    """A site; `content` is sources/wp-content."""

    def __init__(self, containers: Containers, known: Credentials, content: Path) -> None:
        self._containers, self._known, self._content = containers, known, content
        self._reader = Reader(content, coloured=sys.stdout.isatty())
        self._mounts: tuple[Mount, ...] = mounts(content)
        self._seen = self._mounts
        self._running: Running | None = None
        self._cron: Running | None = None
        self._next_cron = 0.0

    def start(self, say: Say) -> None:
        """Start it, with its database and its cache, installed. PreviewError."""
        say("starts the database and memcached")
        self._containers.start_services(self._known)
        say(self._containers.install(self._known, self._mounts).removeprefix("wordpress: "))
        try:
            self._containers.upgrade(self._known, self._mounts)
        except PreviewError as error:
            # Whoever works on a plugin that breaks it wants to see the site, and its log.
            say(str(error))
        self._serve()

    def tend(self, say: Say) -> None:
        """See that all of it runs, and do what is due. PreviewError if it does not."""
        before, self._seen = self._seen, mounts(self._content)
        # Not in the middle of a checkout: when a look finds what the one before has found.
        if before == self._seen != self._mounts:
            say("starts the site anew: files came or went in sources/wp-content")
            self._mounts = self._seen
            self._containers.stop(["site"])
            self._serve()
        if self._running:
            self._containers.check(self._running)
        self._tend_cron(say)

    def _serve(self) -> None:
        settings = self._containers.settings(self._known)
        self._running = running = self._containers.serve(settings, self._mounts)
        streams = (running.process.stdout, running.process.stderr)
        for stream, readable in zip(
            streams, (self._reader.request, self._reader.message), strict=True
        ):
            if stream is not None:
                Thread(target=_tell, args=(stream, running.log, readable), daemon=True).start()
        self._containers.await_site(running)

    def _tend_cron(self, say: Say) -> None:
        """What a CronJob does elsewhere: have the site do what it has due."""
        if self._cron is not None and self._cron.process.poll() is not None:
            if (last := self._cron.last_word) != _NOTHING_DUE:
                say(last.removeprefix("wordpress: "))
            self._cron = None
        if self._cron is None and time.monotonic() >= self._next_cron:
            self._next_cron = time.monotonic() + _CRON_SECONDS
            self._cron = self._containers.start_cron()


def _tell(stream: IO[bytes], log: Path, readable: Callable[[str], str | None]) -> None:
    with stream, log.open("ab") as file:
        for line in stream:
            file.write(line)
            file.flush()
            text = readable(line.decode(errors="replace").rstrip("\r\n"))
            if text is not None:
                print(text, flush=True)
