"""TLS to a cluster of EKS, and the proxy on the way to it."""

import select
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from sandbox.certificates import Authority
from tests.unit.eks_cluster import Signer, cluster_at, connect
from tests.unit.wire import PATIENCE, FakeClock, Server, answer, forget_surroundings
from wpdeploy import eks
from wpdeploy.errors import ClusterError, ConfigurationError
from wpdeploy.target import EksCluster

OBJECT = {"gitVersion": "v1.36.0"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def other_authority(tmp_path: Path) -> Authority:
    (tmp_path / "other").mkdir()
    return Authority(tmp_path / "other")


def _tls(authority: Authority, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("server", name))
    return context


def _ask(url: str, authority: Authority) -> object:
    return connect(url, authority).cluster.get("/version", "version")


def test_the_clusters_authority_is_trusted(authority: Authority) -> None:
    with Server(answer(OBJECT), tls=_tls(authority)) as server:
        assert _ask(server.url, authority) == OBJECT


def test_another_authority_is_an_error_at_once(
    authority: Authority, other_authority: Authority
) -> None:
    with Server(tls=_tls(authority)) as server:
        connection = connect(server.url, other_authority)
        with pytest.raises(ClusterError, match="unable to get local issuer certificate") as caught:
            connection.cluster.get("/version", "version")

    assert caught.value.hint == "check the cluster's CA and its address"
    assert (connection.clock.slept, connection.notices) == ([], [])


def test_the_authorities_of_the_machine_are_not_trusted(
    authority: Authority, other_authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with (
        Server(tls=_tls(authority)) as server,
        pytest.raises(ClusterError, match="unable to get local issuer certificate"),
    ):
        _ask(server.url, other_authority)


def test_another_name_is_an_error_at_once(authority: Authority) -> None:
    with (
        Server(tls=_tls(authority, "elsewhere.example")) as server,
        pytest.raises(ClusterError, match="IP address mismatch"),
    ):
        _ask(server.url, authority)


@pytest.mark.parametrize(
    "data",
    ["", "a", "////", b64encode(b"no PEM").decode(), "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="],
    ids=["empty", "no base64", "no text", "no PEM", "cut off"],
)
def test_an_authority_that_is_no_certificate_is_an_error(data: str) -> None:
    cluster = EksCluster("blog", "eu-central-1", "https://blog.example", data)
    with pytest.raises(ClusterError) as caught:
        eks.access(cluster, Signer(), FakeClock())

    assert caught.value.where == "EKS cluster blog"
    assert caught.value.problems[0].startswith("its certificate authority is no certificate: ")


# Proxies


class _Tunnel(StreamRequestHandler):
    """One CONNECT, to whatever is at that port of loopback."""

    def handle(self) -> None:
        assert isinstance(self.server, Proxy)
        target = self.rfile.readline().decode().split()[1]
        self.server.asked.append(target)
        while self.rfile.readline().strip():
            pass
        port = int(target.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            _relay(self.connection, there)


def _relay(here: socket.socket, there: socket.socket) -> None:
    other = {here: there, there: here}
    while readable := select.select([here, there], [], [], PATIENCE)[0]:
        for side in readable:
            if not (sent := side.recv(65536)):
                return
            other[side].sendall(sent)


class Proxy(ThreadingTCPServer):
    """An HTTP proxy; it keeps where it was asked to go."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.asked: list[str] = []
        self.address = f"127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(PATIENCE)


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_proxy_of_the_environment_is_used(
    scheme: str, proxy: Proxy, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", scheme + proxy.address)
    with Server(answer(OBJECT), tls=_tls(authority, "blog.example")) as server:
        assert _ask(f"https://blog.example:{server.port}", authority) == OBJECT

    assert proxy.asked == [f"blog.example:{server.port}"]


def test_a_cluster_that_the_environment_exempts_is_asked_directly(
    proxy: Proxy, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)
    monkeypatch.setenv("NO_PROXY", "blog.example,127.0.0.1")
    with Server(answer(OBJECT), tls=_tls(authority)) as server:
        assert _ask(server.url, authority) == OBJECT

    assert proxy.asked == []


@pytest.mark.parametrize("url", ["ftp://proxy.example", "http://[proxy"])
def test_a_proxy_that_is_none_is_an_error(
    url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY: is no proxy: "):
        eks.access(cluster_at("https://blog.example", authority), Signer(), FakeClock())
