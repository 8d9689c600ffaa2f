"""The lock at the wire: who gets it, who waits, who renews it, who is told that it is lost."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit.api_server import refusal
from tests.unit.lease_server import COLLECTION, DATE, PATH, Contender, LeaseServer
from tests.unit.wire import answer, forget_surroundings, raw
from wpdeploy.api_status import ApiError
from wpdeploy.errors import Locked

HELD = "Lease wpdeploy-site: held by {}, nobody knows since when"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeaseServer]:
    forget_surroundings(monkeypatch)
    with LeaseServer() as started:
        yield started


@pytest.fixture
def me(server: LeaseServer, tmp_path: Path) -> Iterator[Contender]:
    contender = Contender(server, tmp_path, "d-1")
    yield contender
    contender.ticks.set()


def test_a_lock_that_was_never_there_is_made(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    assert (server.leases.holder, server.leases.requests) == ("d-1", ["GET", "POST"])
    assert [request.path for request in server.received] == [PATH, COLLECTION]
    assert server.leases.spec["renewTime"] == "2026-11-20T10:00:00.000000Z"
    assert me.told == []


@pytest.mark.parametrize("holder", ["", None])
def test_a_free_lock_is_taken(server: LeaseServer, me: Contender, holder: str | None) -> None:
    server.leases.put(holder, leaseTransitions=3)
    me.lock.acquire(waits=True)
    assert (server.leases.holder, server.leases.requests) == ("d-1", ["GET", "PUT"])
    assert server.leases.spec["leaseTransitions"] == 4


@pytest.mark.parametrize("waits", [True, False])
def test_the_deployments_own_lock_is_entered_again(
    server: LeaseServer, me: Contender, *, waits: bool
) -> None:
    server.leases.put("d-1", acquireTime="2026-11-20T09:00:00.000000Z", leaseTransitions=3)
    me.lock.acquire(waits=waits)
    assert server.leases.requests == ["GET", "PUT"]
    assert server.leases.spec["acquireTime"] == "2026-11-20T09:00:00.000000Z"
    assert server.leases.spec["renewTime"] == "2026-11-20T10:00:00.000000Z"
    assert server.leases.spec["leaseTransitions"] == 3
    assert me.clock.slept == []


def test_a_lock_that_is_renewed_belongs_to_somebody_alive(
    server: LeaseServer, me: Contender
) -> None:
    server.leases.put("d-2")
    me.clock.then.extend([lambda: None, lambda: None, server.leases.put])
    with pytest.raises(Locked, match="held by d-2") as caught:
        me.lock.acquire(waits=True)
    assert caught.value.data["holder"] == "d-2"
    assert me.clock.slept == [2, 2, 2]
    assert me.told == [f"waits for {HELD.format('d-2')}"]
    assert set(server.leases.requests) == {"GET"}


def test_a_lock_that_is_not_renewed_for_its_duration_is_taken_over(
    server: LeaseServer, me: Contender
) -> None:
    server.leases.put("d-2", leaseTransitions=1)
    me.lock.acquire(waits=True)
    assert server.leases.holder == "d-1"
    assert server.leases.spec["leaseTransitions"] == 2
    assert sum(me.clock.slept) == 120
    assert me.told[1] == f"not renewed for 120 s, taken over: {HELD.format('d-2')}"


def test_a_shorter_duration_is_a_shorter_wait(server: LeaseServer, me: Contender) -> None:
    server.leases.put("d-2", leaseDurationSeconds=5)
    me.lock.acquire(waits=True)
    assert sum(me.clock.slept) == 6


@pytest.mark.parametrize("vanishes", [True, False])
def test_a_lock_that_is_freed_meanwhile_is_taken(
    server: LeaseServer, me: Contender, *, vanishes: bool
) -> None:
    server.leases.put("d-2")
    me.clock.then.append(server.leases.objects.clear if vanishes else lambda: server.leases.put(""))
    me.lock.acquire(waits=True)
    assert server.leases.holder == "d-1"
    assert me.clock.slept == [2]


def test_what_had_the_lock_does_not_wait_for_another(server: LeaseServer, me: Contender) -> None:
    server.leases.put("d-2")
    with pytest.raises(Locked):
        me.lock.acquire(waits=False)
    assert (me.clock.slept, server.leases.requests) == ([], ["GET"])


@pytest.mark.parametrize("is_there", [True, False])
def test_of_two_who_take_a_free_lock_at_once_one_gets_it(
    server: LeaseServer, me: Contender, *, is_there: bool
) -> None:
    if is_there:
        server.leases.put("")
    server.leases.meanwhile.extend([lambda: None, server.leases.put])
    me.clock.then.extend([lambda: None, server.leases.put])
    with pytest.raises(Locked, match="held by d-2"):
        me.lock.acquire(waits=True)
    assert server.leases.holder == "d-2"


def test_a_lock_that_vanishes_between_look_and_write_is_made(
    server: LeaseServer, me: Contender
) -> None:
    server.leases.put("")
    server.leases.meanwhile.extend([lambda: None, server.leases.objects.clear])
    me.lock.acquire(waits=True)
    assert server.leases.requests == ["GET", "PUT", "GET", "POST"]
    assert server.leases.holder == "d-1"


def test_a_server_that_says_404_to_the_write_is_asked_again(
    server: LeaseServer, me: Contender
) -> None:
    found = server.leases.put("")
    server.acts.extend([answer(found, Date=DATE), refusal(404, "not found", {"name": "x"})])
    me.lock.acquire(waits=True)
    assert server.leases.holder == "d-1"


def test_a_write_whose_answer_was_lost_is_ours(server: LeaseServer, me: Contender) -> None:
    found = server.leases.put("")

    def written(handler: BaseHTTPRequestHandler) -> None:
        server.leases.put("d-1", leaseTransitions=1)
        raw(b"")(handler)

    server.acts.extend([answer(found, Date=DATE), written])
    me.lock.acquire(waits=True)
    assert server.leases.requests == ["PUT", "GET", "PUT"]
    assert (server.leases.holder, server.leases.spec["leaseTransitions"]) == ("d-1", 1)


@pytest.mark.parametrize(
    ("code", "told"),
    [(403, "leases is forbidden"), (404, 'namespaces "blog" not found')],
)
def test_a_refusal_is_told_and_not_tried_again(
    server: LeaseServer, me: Contender, code: int, told: str
) -> None:
    server.acts.extend([refusal(404, "not found", Date=DATE), refusal(code, told)])
    with pytest.raises(ApiError):
        me.lock.acquire(waits=True)
    assert len(server.received) == 2


def test_a_held_lock_is_renewed_each_30_s(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    me.ticks.tick()
    me.ticks.tick()
    assert server.leases.requests == ["GET", "POST", "PUT", "PUT"]
    assert me.ticks.paces[:2] == [30, 30]


def test_a_renewal_that_fails_is_told_and_comes_again(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    server.acts.append(refusal(403, "not now"))
    me.ticks.tick()
    assert [line for line in me.told if "not renewed" in line] == [
        "the lock is not renewed: Lease wpdeploy-site: PUT refused (403): not now"
    ]
    me.ticks.tick()
    # What became of the write is not known: it looks before it writes again.
    assert server.leases.requests == ["GET", "POST", "GET", "PUT"]
    me.lock.check()


@pytest.mark.parametrize("vanishes", [True, False])
def test_a_lock_that_nobody_holds_any_more_is_taken_again(
    server: LeaseServer, me: Contender, *, vanishes: bool
) -> None:
    me.lock.acquire(waits=True)
    if vanishes:
        server.leases.objects.clear()
    else:
        server.leases.put("")
    me.ticks.tick()
    assert server.leases.holder == "d-1"
    me.lock.check()


def test_who_lost_the_lock_is_told_before_the_next_change(
    server: LeaseServer, me: Contender
) -> None:
    me.lock.acquire(waits=True)
    me.lock.check()
    server.leases.put("d-2")
    me.ticks.tick()
    with pytest.raises(Locked, match="lost: held by d-2"):
        me.lock.check()
    assert server.leases.holder == "d-2"
    assert any("the lock is not renewed: Lease wpdeploy-site: lost" in line for line in me.told)


def test_who_lost_the_lock_neither_renews_nor_frees_it(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    server.leases.put("d-2")
    me.ticks.tick()
    before = len(server.received)
    me.lock.leave()
    assert len(server.received) == before
    assert server.leases.holder == "d-2"


def test_a_change_waits_for_a_renewal_that_is_overdue(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    me.clock.now += 59
    me.lock.check()
    assert server.leases.requests == ["GET", "POST"]
    me.clock.now += 1
    me.lock.check()
    assert server.leases.requests == ["GET", "POST", "PUT"]
    me.clock.now += 60
    server.leases.put("d-2")
    with pytest.raises(Locked):
        me.lock.check()
