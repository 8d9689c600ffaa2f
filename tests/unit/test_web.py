"""A page as a visitor has it, at the wire: by an address, and with the host's own certificate."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from tests.unit.wire import PATIENCE, Server, cut_off, forget_surroundings, text
from wpdeploy import web
from wpdeploy.answer import Answer, BrokenOff, Late
from wpdeploy.errors import ClusterError

HOST = "www.example.com"
LOOPBACK = "127.0.0.1"
HEADERS = {"Host": HOST, "Accept": "text/html"}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this machine trusts."""
    forget_surroundings(monkeypatch)
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def tls(authority: Authority, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("server", name))
    return context


def get(url: str, server: Server, monkeypatch: pytest.MonkeyPatch, seconds: float = 5) -> Answer:
    monkeypatch.setitem(web.PORTS, url.partition(":")[0], server.port)
    return web.get(url, LOOPBACK, HEADERS, seconds)


def test_a_page_is_asked_for_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(text("Hello", 404, X_Some="thing")) as server:
        found = get(f"http://{HOST}/en/?a=%20b", server, monkeypatch)
    assert (found.code, found.body, found.headers["x-some"]) == (404, b"Hello", "thing")
    assert (found.is_own, found.is_cut) == (False, False)
    (seen,) = server.received
    assert (seen.method, seen.path, seen.query) == ("GET", "/en/", {"a": " b"})
    assert (seen.headers["host"], seen.headers["accept"]) == (HOST, "text/html")


def test_a_redirect_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(text("", 301, Location="/x")) as server:
        assert get(f"http://{HOST}/", server, monkeypatch).headers["location"] == "/x"


def test_a_long_page_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(text("x" * (3 << 20))) as server:
        found = get(f"http://{HOST}/", server, monkeypatch)
    assert (len(found.body), found.is_cut) == (1 << 20, True)


def test_the_certificate_is_the_hosts_and_not_the_addresss(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(text("Hello"), tls=tls(authority, HOST)) as server:
        assert get(f"https://{HOST}/", server, monkeypatch).body == b"Hello"


@pytest.mark.parametrize("name", ["other.example", LOOPBACK])
def test_another_hosts_certificate_is_refused(
    name: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(tls=tls(authority, name)) as server, pytest.raises(ClusterError) as caught:
        get(f"https://{HOST}/", server, monkeypatch)
    assert caught.value.where == LOOPBACK
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.problems[0]


def test_an_authority_that_nobody_knows_is_refused(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path / "other").file))
    failed = pytest.raises(ClusterError, match="CERTIFICATE_VERIFY_FAILED")
    with Server(tls=tls(authority, HOST)) as server, failed:
        get(f"https://{HOST}/", server, monkeypatch)


def test_nobody_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        pass
    with pytest.raises(ClusterError, match="cannot be reached") as caught:
        get(f"http://{HOST}/", server, monkeypatch)
    assert caught.value.where == LOOPBACK


def test_silence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    left = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        left.wait(PATIENCE)

    with Server(silent) as server:
        with pytest.raises(Late, match=r"no answer within 0\.2 s"):
            get(f"http://{HOST}/", server, monkeypatch, 0.2)
        left.set()


def test_a_page_that_breaks_off_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(cut_off(b"Hel")) as server, pytest.raises(BrokenOff, match="broke off"):
        get(f"http://{HOST}/", server, monkeypatch)
