"""How a replica ends: what it is answering it finishes, and it takes no longer than it may."""

import threading
import time

from tests.image.containers import Container
from tests.image.services import wait_until
from tests.image.site import Site
from tests.image.web import Answer


def begin_request(replica: Container, probe: str) -> tuple[threading.Thread, list[Answer]]:
    """A request that is under way."""
    answers: list[Answer] = []
    ask = threading.Thread(
        target=lambda: answers.append(replica.get(f"/?probe={probe}", Host="site.test"))
    )
    ask.start()
    wait_until(lambda: "a slow request has begun" in "".join(replica.logs()[1]), "the request")
    return ask, answers


def test_a_request_in_flight_is_finished(site: Site) -> None:
    replica = site.serve()
    ask, answers = begin_request(replica, "slow")
    started = time.monotonic()
    # With the image's own signal, as a kubelet does.
    replica.stop(seconds=20)
    ask.join()
    assert [(answer.status, answer.text) for answer in answers] == [(200, '{"done":true}')]
    assert time.monotonic() - started < 18
    assert replica.exit_code == 0
    assert '"request":"GET /?probe=slow HTTP/1.1","status":200' in "".join(replica.logs()[0])


def test_an_idle_replica_ends_at_once(site: Site) -> None:
    replica = site.serve()
    started = time.monotonic()
    replica.stop(seconds=20)
    assert time.monotonic() - started < 18
    assert replica.exit_code == 0


def test_a_request_is_not_waited_for_for_ever(site: Site) -> None:
    replica = site.serve({"APACHE_GRACEFUL_SECONDS": "1"})
    ask, answers = begin_request(replica, "endless")
    started = time.monotonic()
    replica.stop(seconds=30)
    ask.join()
    assert [answer.status for answer in answers] == [0]
    assert time.monotonic() - started < 20
    assert replica.exit_code == 0
