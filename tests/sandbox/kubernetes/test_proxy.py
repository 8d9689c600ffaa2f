"""The proxy to pods that are served on loopback."""

import json
from collections.abc import Iterator

import pytest
import urllib3

from sandbox.kubelet import Pace, Player, read_kubeconfig
from sandbox.kubernetes import ApiServer
from sandbox.kubernetes.proxy import _through_proxy
from tests.sandbox.kubernetes.test_server import eventually

CORE = "/api/v1/namespaces/default"
PREFIX = f"{CORE}/services/web:http/proxy"
POD = {
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "registry:5000/wp:1",
                "ports": [{"name": "http", "containerPort": 8080}],
            }
        ]
    },
}
SERVICE = {
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]},
}


class Site:
    """A Service with one pod, asked through the API server."""

    def __init__(self, server: ApiServer) -> None:
        self._url = server.url
        token = server.token("admin", ["system:masters"])
        self.pool = urllib3.PoolManager(
            ca_certs=str(server.ca_file), headers={"Authorization": f"Bearer {token}"}
        )

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        named = {**self.pool.headers, **headers}
        data = None if body is None else json.dumps(body)
        return self.pool.request(method, self._url + path, body=data, headers=named, redirect=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("api")
    players: list[Player] = []

    def dial(host: str, port: int) -> tuple[str, int]:
        return players[0].dial(host, port)

    with ApiServer(directory, dial=dial) as server:
        connection = read_kubeconfig(server.admin_kubeconfig, directory)
        players.append(Player(connection, pace=Pace(scale=0.05), on_loopback=True))
        with players[0]:
            found = Site(server)
            found.ask("POST", f"{CORE}/services", SERVICE)
            found.ask("POST", f"{CORE}/services", {**SERVICE, "metadata": {"name": "idle"},
                      "spec": {"selector": {"app": "none"}, "ports": [{"port": 80}]}})  # fmt: skip
            found.ask("POST", f"{CORE}/pods", POD)
            eventually(lambda: found.ask("GET", f"{PREFIX}/").status == 200)
            yield found
            found.pool.clear()


def test_a_request_arrives_as_it_was_sent(site: Site) -> None:
    answer = site.ask(
        "POST", f"{PREFIX}/-/echo?a=%2F", "hello", Host="shop.example.com", Cookie="a=b"
    )
    told = json.loads(answer.data)
    headers = dict(told["headers"])
    assert (told["request"], told["body"]) == ("POST /-/echo?a=%2F", '"hello"')
    assert (headers["host"], headers["cookie"]) == ("shop.example.com", "a=b")
    assert (headers["x-forwarded-for"], headers["x-forwarded-uri"]) == (
        "127.0.0.1",
        f"{PREFIX}/-/echo",
    )
    # The token is for the API server, not for the site.
    assert "authorization" not in headers


def test_a_redirect_to_the_same_host_leads_through_the_proxy(site: Site) -> None:
    headers = {"Host": "shop.example.com", "X-Forwarded-Proto": "https"}
    answer = site.ask("GET", f"{PREFIX}/wp-admin/", **headers)
    assert answer.status == 302
    expected = f"https://shop.example.com{PREFIX}/wp-login.php?reauth=1"
    assert answer.headers["Location"] == expected


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/x/?a=b", "/proxy/x/?a=b"),
        ("http://own/x", "http://own/proxy/x"),
        ("http://elsewhere/x", "http://elsewhere/x"),
        ("x", "x"),
        ("/proxy/x", "/proxy/x"),
    ],
)
def test_redirects(location: str, shown: str) -> None:
    assert _through_proxy(location, "/proxy", ("10.244.0.2:8080", "own")) == shown


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("idle", 503, 'no endpoints available for service "idle"'),
        ("web", 503, 'no endpoints available for service "web"'),
        ("web:81", 503, 'no service port 81 found for service "web"'),
        ("none", 404, 'services "none" not found'),
        ("ftp:web:http", 400, 'invalid service request "ftp:web:http"'),
    ],
)
def test_why_nobody_answers(target: str, status: int, message: str, site: Site) -> None:
    answer = site.ask("GET", f"{CORE}/services/{target}/proxy/")
    assert (answer.status, answer.json()["message"]) == (status, message)
