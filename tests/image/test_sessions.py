"""PHP's sessions, which plugins use, in memcached."""

import threading
import time
from typing import Any

from tests.image.containers import Container
from tests.image.services import Service
from tests.image.site import Site

PAUSE_SECONDS = 5


def count(site: Site, replica: Container, session: str) -> Any:
    """What the session has counted; `session` is the visitor's cookie."""
    return site.probe(replica, "session", Cookie=f"PHPSESSID={session}")


def test_replicas_share_a_session(site: Site, replica: Container) -> None:
    other = site.serve()
    session = count(site, replica, "")["id"]
    counts = [count(site, one, session)["count"] for one in (other, replica, other)]
    assert counts == [2, 3, 4]


def test_a_session_is_another_one_for_another_visitor(site: Site, replica: Container) -> None:
    one, two = (count(site, replica, "") for _ in range(2))
    assert (one["count"], two["count"]) == (1, 1)
    assert one["id"] != two["id"]


def test_requests_with_one_session_lose_no_write(site: Site, replica: Container) -> None:
    session = count(site, replica, "")["id"]
    threads = [threading.Thread(target=count, args=(site, replica, session)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(site, replica, session)["count"] == 10


def test_a_silent_memcached_means_an_empty_session_and_no_long_wait(
    site: Site, cache_server: Service
) -> None:
    replica = site.serve()
    session = count(site, replica, "")["id"]
    assert count(site, replica, session)["count"] == 2
    with cache_server.silent():
        started = time.monotonic()
        alone = count(site, replica, session)
        assert time.monotonic() - started < 3  # its client would wait for 5 s
        assert (alone["started"], alone["count"]) == (True, 1)
    time.sleep(PAUSE_SECONDS + 0.1)
    assert count(site, replica, session)["count"] == 3


def test_without_memcached_sessions_are_files(site: Site) -> None:
    replica = site.serve({"WORDPRESS_MEMCACHED_HOST": ""})
    session = count(site, replica, "")["id"]
    assert count(site, replica, session)["count"] == 2
