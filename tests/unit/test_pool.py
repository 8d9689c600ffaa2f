"""The connections to an API server, as the kernel sees them."""

import threading
from collections.abc import Callable
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from sandbox.certificates import Authority
from tests.unit import eks_cluster
from tests.unit.api_server import Connection, connect_to
from tests.unit.wire import Server, forget_surroundings, stream

KEEPALIVE, TICKS = "02", 100


def _timer(port: int) -> tuple[str, float]:
    """The timer of the connection to that port, and the seconds in which it goes off."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, state, _, timer, *_ = line.split()
        if (int(remote.partition(":")[2], 16), state) == (port, "01"):
            kind, _, when = timer.partition(":")
            return kind, int(when, 16) / TICKS
    raise AssertionError(f"no connection to {port}")


def _kubeconfig(server: Server, directory: Path, _: Authority) -> Connection:
    return connect_to(server, directory)


def _eks(server: Server, _: Path, authority: Authority) -> Connection:
    return eks_cluster.connect(server.url, authority)


@pytest.mark.parametrize(("way", "is_tls"), [(_kubeconfig, False), (_eks, True)])
def test_a_watch_asks_whether_its_peer_is_still_there(
    way: Callable[[Server, Path, Authority], Connection],
    is_tls: bool,  # noqa: FBT001  # a parameter of the test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget_surroundings(monkeypatch)
    authority, tls, end = Authority(tmp_path), SSLContext(PROTOCOL_TLS_SERVER), threading.Event()
    tls.load_cert_chain(*authority.server("server", "127.0.0.1"))
    with Server(stream(b"{}\n", until=end), tls=tls if is_tls else None) as server:
        watch = way(server, tmp_path, authority).cluster.watch("/api/v1/pods", {})
        kind, seconds = _timer(server.port)
        end.set()
        watch.close()
    assert kind == KEEPALIVE
    assert 5 < seconds <= 10
