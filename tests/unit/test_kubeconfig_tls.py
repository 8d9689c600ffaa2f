"""TLS to the API server, and proxies on the way to it."""

import base64
import ssl
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from tests.unit.api_server import connect, write_kubeconfig
from tests.unit.wire import Server, answer, forget_surroundings
from wpdeploy.errors import ClusterError

VERSION = {"gitVersion": "v1.36.0"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _context(authority: Authority, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("server", *(names or ("127.0.0.1",))))
    return context


def _ask(kubeconfig: Path) -> object:
    return connect(kubeconfig).cluster.get("/version", "version")


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _who_asks(handler: BaseHTTPRequestHandler) -> None:
    """Answer with the common name in the client's certificate."""
    assert isinstance(handler.connection, ssl.SSLSocket)
    certificate = handler.connection.getpeercert() or {}
    answer({"subject": certificate.get("subject")})(handler)


def test_the_authority_of_the_kubeconfig_is_trusted_from_a_file(
    authority: Authority, tmp_path: Path
) -> None:
    with Server(answer(VERSION), tls=_context(authority)) as server:
        cluster = {"certificate-authority": str(authority.file)}
        assert _ask(write_kubeconfig(tmp_path, server.url, None, cluster)) == VERSION


def test_the_authority_of_the_kubeconfig_is_trusted_from_its_text(
    authority: Authority, tmp_path: Path
) -> None:
    with Server(answer(VERSION), tls=_context(authority)) as server:
        cluster = {"certificate-authority-data": _base64(authority.file)}
        assert _ask(write_kubeconfig(tmp_path, server.url, None, cluster)) == VERSION


def test_a_client_certificate_is_shown(authority: Authority, tmp_path: Path) -> None:
    context = _context(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    pair = authority.client("bastion", "wpdeploy")
    user = {
        "client-certificate-data": _base64(pair.certificate),
        "client-key-data": _base64(pair.key),
    }
    cluster = {"certificate-authority": str(authority.file)}

    with Server(_who_asks, tls=context) as server:
        found = _ask(write_kubeconfig(tmp_path, server.url, user, cluster))

    assert found == {"subject": [[["commonName", "wpdeploy"]]]}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("127.0.0.1", "unable to get local issuer certificate"),
        ("elsewhere.example", "IP address mismatch"),
    ],
    ids=["another authority", "another name"],
)
def test_a_bad_certificate_is_an_error_at_once(
    name: str, problem: str, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    trusted = authority if name != "127.0.0.1" else Authority(tmp_path / "other")
    with Server(tls=_context(authority, name)) as server:
        connection = connect(
            write_kubeconfig(
                tmp_path, server.url, None, {"certificate-authority": str(trusted.file)}
            )
        )
        with pytest.raises(ClusterError) as caught:
            connection.cluster.get("/version", "version")

    error = caught.value
    assert error.where == f"API server {server.url}"
    assert error.problems[0].startswith("TLS failed: ")
    assert problem in error.problems[0]
    assert error.hint == "check the cluster's CA and its address"
    assert (connection.clock.slept, connection.notices) == ([], [])


def test_a_server_name_stands_for_the_address(authority: Authority, tmp_path: Path) -> None:
    with Server(answer(VERSION), tls=_context(authority, "elsewhere.example")) as server:
        cluster = {
            "certificate-authority": str(authority.file),
            "tls-server-name": "elsewhere.example",
        }
        assert _ask(write_kubeconfig(tmp_path, server.url, None, cluster)) == VERSION


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_kubeconfig_may_ask_not_to_verify(authority: Authority, tmp_path: Path) -> None:
    with Server(answer(VERSION), tls=_context(authority, "elsewhere.example")) as server:
        kubeconfig = write_kubeconfig(
            tmp_path, server.url, None, {"insecure-skip-tls-verify": True}
        )
        assert _ask(kubeconfig) == VERSION


def test_a_handshake_that_breaks_off_is_tried_again(authority: Authority, tmp_path: Path) -> None:
    """As behind a load balancer whose API server is starting."""
    with Server(answer(VERSION), tls=_context(authority), hang_ups=1) as server:
        connection = connect(
            write_kubeconfig(
                tmp_path, server.url, None, {"certificate-authority": str(authority.file)}
            )
        )
        assert connection.cluster.get("/version", "version") == VERSION

    assert connection.clock.slept == [0.25]


def test_the_proxy_of_the_kubeconfig_is_used(tmp_path: Path) -> None:
    with Server(answer(VERSION)) as proxy:
        kubeconfig = write_kubeconfig(
            tmp_path, "http://api.example:6443", None, {"proxy-url": proxy.url}
        )
        assert _ask(kubeconfig) == VERSION

    assert proxy.received[0].path == "http://api.example:6443/version"


def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Server(answer(VERSION)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert _ask(write_kubeconfig(tmp_path, "http://api.example:6443")) == VERSION

    assert proxy.received[0].path == "http://api.example:6443/version"


@pytest.mark.parametrize("exempt", ["127.0.0.1", "10.0.0.0/8,127.0.0.0/8", "*"])
def test_an_api_server_that_the_environment_exempts_is_asked_directly(
    exempt: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Server(answer(VERSION)) as server, Server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", exempt)
        assert _ask(write_kubeconfig(tmp_path, server.url)) == VERSION

    assert proxy.received == []
