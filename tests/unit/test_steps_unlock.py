"""`unlock` shows who holds the lock, asks, and frees what it has shown."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.api_server import refusal
from tests.unit.bundle import Bundle
from tests.unit.lease_server import LeaseServer
from tests.unit.wire import forget_surroundings
from wpdeploy.api_status import ApiError
from wpdeploy.errors import Exit, Locked, UsageError
from wpdeploy.report import Report
from wpdeploy.steps import unlock

SINCE = {"acquireTime": "2026-11-20T09:57:00.000000Z"}
HELD = "Lease wpdeploy-site: held by d-2 since 2026-11-20T09:57:00+00:00, for 0:03:00"
DATA = {"holder": "d-2", "since": "2026-11-20T09:57:00+00:00"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeaseServer]:
    forget_surroundings(monkeypatch)
    with LeaseServer() as started:
        yield started


@pytest.fixture
def bundle(server: LeaseServer, tmp_path: Path) -> Bundle:
    return Bundle(tmp_path, server.url)


@pytest.fixture
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path(os.devnull).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield


@pytest.mark.parametrize("is_there", [True, False])
def test_where_nobody_holds_it_there_is_nothing_to_do(
    bundle: Bundle, server: LeaseServer, *, is_there: bool
) -> None:
    if is_there:
        server.leases.put("")
    report = Report(Exit.SUCCESS, "Lease wpdeploy-site: nobody holds it")
    assert bundle.run(unlock.run) == report
    assert server.leases.requests == ["GET"]


def test_yes_frees_it_and_says_whose_it_was(bundle: Bundle, server: LeaseServer) -> None:
    server.leases.put("d-2", **SINCE)
    report = bundle.run(unlock.run, yes=True)
    assert report == Report(Exit.SUCCESS, f"freed: {HELD}", data=DATA)
    assert not server.leases.holder


@pytest.mark.parametrize("answer", [b"y\n", b"Yes\n", b" YES \n"])
def test_who_says_yes_frees_it(
    bundle: Bundle, server: LeaseServer, terminal: int, answer: bytes
) -> None:
    server.leases.put("d-2", **SINCE)
    os.write(terminal, answer)
    assert bundle.run(unlock.run).exit is Exit.SUCCESS
    assert bundle.told == [HELD, "free it, because that deployment is dead? [y/N]"]
    assert not server.leases.holder


@pytest.mark.parametrize("answer", [b"\n", b"n\n", b"yeah\n", b"\x04"])
def test_who_says_anything_else_does_not(
    bundle: Bundle, server: LeaseServer, terminal: int, answer: bytes
) -> None:
    server.leases.put("d-2", **SINCE)
    os.write(terminal, answer)
    assert bundle.run(unlock.run) == Report(Exit.LOCKED, f"not freed: {HELD}", data=DATA)
    assert server.leases.holder == "d-2"


def refuses_to_ask(bundle: Bundle, server: LeaseServer, output: str = "text") -> bool:
    server.leases.put("d-2", **SINCE)
    with pytest.raises(UsageError) as caught:
        bundle.run(unlock.run, output=output)
    assert str(caught.value) == f"{HELD}: there is nobody to ask whether to free it (pass --yes)"
    return server.leases.requests == ["GET"]


@pytest.mark.usefixtures("_no_terminal")
def test_without_a_terminal_it_must_be_told(bundle: Bundle, server: LeaseServer) -> None:
    assert refuses_to_ask(bundle, server)


def test_without_an_input_it_must_be_told(
    bundle: Bundle, server: LeaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refuses_to_ask(bundle, server)


@pytest.mark.usefixtures("terminal")
def test_a_program_is_not_asked(bundle: Bundle, server: LeaseServer) -> None:
    assert refuses_to_ask(bundle, server, "json")


@pytest.mark.parametrize("vanishes", [True, False])
def test_what_changed_since_it_was_shown_stays_as_it_is(
    bundle: Bundle, server: LeaseServer, *, vanishes: bool
) -> None:
    server.leases.put("d-2", **SINCE)
    change = server.leases.objects.clear if vanishes else lambda: server.leases.put("d-3")
    server.leases.meanwhile.extend([lambda: None, change])
    with pytest.raises(Locked, match="no longer as it was shown: not freed"):
        bundle.run(unlock.run, yes=True)
    assert vanishes or server.leases.holder == "d-3"


def test_a_refusal_is_told(bundle: Bundle, server: LeaseServer) -> None:
    server.leases.put("d-2")
    server.leases.meanwhile.extend(
        [lambda: server.acts.append(refusal(403, "leases is forbidden"))]
    )
    with pytest.raises(ApiError, match="leases is forbidden"):
        bundle.run(unlock.run, yes=True)
