"""The lock at the wire, when the step that has it ends."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.api_server import refusal
from tests.unit.lease_server import Contender, LeaseServer
from tests.unit.wire import PATIENCE, Act, answer, forget_surroundings


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


def test_leaving_frees_it_at_once(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    me.lock.leave()
    assert server.leases.requests == ["GET", "POST", "PUT"]
    assert not server.leases.holder
    assert me.ticks.is_set()
    assert me.told == []


def test_what_is_kept_is_not_freed(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    me.lock.keep()
    me.lock.leave()
    assert server.leases.requests == ["GET", "POST"]
    assert me.ticks.is_set()


def test_leaving_after_an_interrupted_renewal_looks_first(
    server: LeaseServer, me: Contender
) -> None:
    me.lock.acquire(waits=True)
    server.acts.append(refusal(403, "not now"))
    me.ticks.tick()
    me.lock.leave()
    assert server.leases.requests == ["GET", "POST", "GET", "PUT"]
    assert not server.leases.holder


@pytest.mark.parametrize(("holder", "left"), [("d-1", None), ("d-2", "d-2"), ("", "")])
def test_leaving_before_it_was_acquired_frees_what_is_the_deployments_own(
    server: LeaseServer, me: Contender, holder: str, left: str | None
) -> None:
    # As an interruption does it: an earlier step's lock, or one whose answer was not waited for.
    server.leases.put(holder)
    me.lock.leave()
    assert server.leases.holder == left


def test_leaving_where_there_is_no_lock_is_nothing(server: LeaseServer, me: Contender) -> None:
    me.lock.leave()
    assert (server.leases.objects, me.told) == ({}, [])


def test_a_lock_that_cannot_be_freed_is_a_line_after_one_attempt(
    server: LeaseServer, me: Contender
) -> None:
    me.lock.acquire(waits=True)
    server.acts.append(refusal(503, "busy", Retry_After="30"))
    me.lock.leave()
    assert me.told == [
        "the lock is not freed, and expires in 120 s: Lease wpdeploy-site: PUT refused (503): busy"
    ]
    assert me.clock.slept == []


@pytest.mark.parametrize("nonsense", [answer([]), answer({"spec": {}})])
def test_nonsense_does_not_change_how_a_step_ended(
    server: LeaseServer, me: Contender, nonsense: Act
) -> None:
    server.acts.append(nonsense)
    me.lock.leave()
    assert me.told[0].startswith("the lock is not freed, and expires in 120 s: ")


def test_a_renewal_that_hangs_does_not_hold_up_the_end(server: LeaseServer, me: Contender) -> None:
    me.lock.acquire(waits=True)
    hangs, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        go_on.wait(PATIENCE)

    server.leases.meanwhile.append(hang)
    thread = threading.Thread(target=me.ticks.tick)
    thread.start()
    assert hangs.wait(PATIENCE)
    me.lock.leave()
    assert not server.leases.holder
    go_on.set()
    thread.join(PATIENCE)
    assert not server.leases.holder
