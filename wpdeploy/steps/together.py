"""Asking many at once, by a few threads."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
# The connections to the API server are kept, and there are no more of them.
_THREADS = 8


def asked(
    items: Sequence[str], ask: Callable[[str], T], left: Callable[[], float]
) -> Generator[tuple[str, T], None, None]:
    """Each item with what was heard of it, as it comes; what `ask` raises is raised.

    queue.Empty where nothing comes in the seconds that are left. Threads that still ask are left
    behind, and ask no more when they have heard.
    """
    todo = queue.SimpleQueue[str]()
    heard = queue.SimpleQueue[tuple[str, T | Exception]]()
    over = threading.Event()

    def work() -> None:
        with suppress(queue.Empty):
            while not over.is_set():
                item = todo.get_nowait()
                try:
                    heard.put((item, ask(item)))
                except Exception as error:  # noqa: BLE001  # a thread hands on whatever ends it
                    heard.put((item, error))

    for item in items:
        todo.put(item)
    for _ in items[:_THREADS]:
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in items:
            item, found = heard.get(timeout=left())
            if isinstance(found, Exception):
                raise found
            yield item, found
    finally:
        over.set()
