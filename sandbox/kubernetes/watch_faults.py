"""What tests have befall watches: refused, or accepted and silent. Administrators are spared.

The nodes and whatever else looks after the cluster ask as administrators, and go on.
"""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from sandbox.kubernetes import rbac, statuses
from sandbox.kubernetes.access import User
from sandbox.kubernetes.actions import Action
from sandbox.kubernetes.statuses import StatusError
from sandbox.kubernetes.watches import Selection

_SPARED = "system:masters"


def _too_many(_user: User, _wanted: Action) -> StatusError:
    message = "Too many requests, please try again later."
    return StatusError(429, "TooManyRequests", message, {"retryAfterSeconds": 1})


_REFUSALS: Mapping[int, Callable[[User, Action], StatusError]] = {
    401: lambda _user, _wanted: statuses.unauthorized(),
    403: lambda user, wanted: rbac.refusal(user, wanted, ""),
    410: lambda _user, _wanted: statuses.gone("too old resource version: 1 (2)"),
    429: _too_many,
    500: lambda _user, _wanted: statuses.internal("etcdserver: leader changed"),
    503: lambda _user, _wanted: StatusError(
        503, "ServiceUnavailable", "the server is currently unable to handle the request"
    ),
}


class WatchFaults:
    """What is wrong with new watches now; safe to use from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._code = 0
        self._left = 0.0
        self._silent = False

    @contextmanager
    def refusing(self, code: int, times: float = math.inf) -> Iterator[None]:
        """Refuse watches until the block ends, or so many of them."""
        if code not in _REFUSALS:
            raise ValueError(f"{code}: choose of {', '.join(map(str, _REFUSALS))}")
        with self._lock:
            self._code, self._left = code, times
        try:
            yield
        finally:
            with self._lock:
                self._left = 0

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Accept watches until the block ends, and never tell them anything."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def check(self, user: User, wanted: Action) -> None:
        """Raise the refusal of a watch."""
        if wanted.verb != "watch" or _SPARED in user.groups:
            return
        with self._lock:
            refused = self._left > 0
            self._left -= refused
        if refused:
            raise _REFUSALS[self._code](user, wanted)

    def is_silent(self, user: User) -> bool:
        """Whether a new watch is to be told nothing."""
        return self._silent and _SPARED not in user.groups


def muted(selection: Selection) -> Selection:
    """A selection of nothing."""
    return replace(selection, matches=lambda _item: False)
