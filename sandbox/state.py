"""What moto holds for a stand-in: moto has one state for the process, each stand-in its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict

# By service: by account: its backends.
_SERVICES: list[Any] = BackendDict._instances  # noqa: SLF001  # there is no other way to all of them


class State:
    """Everything that a stand-in's clients made; in moto while somebody asks that stand-in."""

    _lock = RLock()
    _present: ClassVar["State | None"] = None

    def __init__(self) -> None:
        self._held: list[tuple[Any, list[dict[str, Any]]]] = []

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have moto hold this, and nothing else."""
        with State._lock:
            if State._present is not self:
                if State._present is not None:
                    State._present._take_away()  # noqa: SLF001
                self._put_back()
                State._present = self
            yield

    def _take_away(self) -> None:
        self._held = [(service, [*map(dict, _tables(service))]) for service in _SERVICES]
        for service in _SERVICES:
            for table in _tables(service):
                table.clear()
        _SERVICES.clear()

    def _put_back(self) -> None:
        for service, tables in self._held:
            for table, held in zip(_tables(service), tables, strict=True):
                table.update(held)
            _SERVICES.append(service)


def _tables(service: Any) -> list[dict[str, Any]]:
    """A service's backends, and what it knows of all accounts: S3's names of buckets."""
    return [service, *(each for each in vars(service).values() if isinstance(each, dict))]
