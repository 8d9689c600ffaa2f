"""The moment at which the API server shows that something is so."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from sandbox.kubelet.client import Client, UnreachableError

Json = dict[str, Any]
_SECONDS = 300.0


class Sighting:
    """Watches from the start of its `with` block on for the first object of which it is true."""

    def __init__(self, client: Client, path: str, is_it: Callable[[Json], bool]) -> None:
        self._is_it = is_it
        self._watch = client.watch(path)
        self._seen = threading.Event()
        self._at = 0.0
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.interrupt()
        self._thread.join()

    def moment(self) -> float:
        """When that was, by the monotonic clock; waits for it."""
        if not self._seen.wait(_SECONDS):
            raise TimeoutError(f"not seen in {_SECONDS:.0f} s")
        return self._at

    def _look(self) -> None:
        # A server that goes away ends the watch; `moment` tells that nothing was seen.
        with suppress(UnreachableError), self._watch:
            for event in self._watch:
                if self._is_it(event["object"]):
                    self._at = time.monotonic()
                    self._seen.set()
                    return
