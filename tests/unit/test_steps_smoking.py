"""Smoke checks ask each new pod through the API server, and then the Ingress, at the wire."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.unit import wire
from tests.unit.api_server import connect_to, refusal
from tests.unit.bundle import Bundle
from tests.unit.wire import Act, Server, answer, cut_off, forget_surroundings, raw, text
from wpdeploy import web
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError, Exit
from wpdeploy.report import Report
from wpdeploy.smoke import Failed, Passed, Skipped, Smoke, Smoked
from wpdeploy.steps import smoking

HOST = "www.example.com"
INGRESS = "/apis/networking.k8s.io/v1/namespaces/blog/ingresses/site"
POD = "/api/v1/namespaces/blog/pods/{}/proxy/"
NONE = refusal(404, 'ingresses.networking.k8s.io "site" not found', {"name": "site"})
PAGE = "<html><body>Hello world!</body></html>"
DIED = '<html><body id="error-page"><h1>Error establishing a database connection</h1></body></html>'
NO_INGRESS = "Ingress skipped: there is none"
NO_DATABASE = "answers 500: WordPress has no connection to its database"


def html(body: str = PAGE, status: int = 200, **headers: str) -> Act:
    return text(body, status, Content_Type="text/html; charset=UTF-8", **headers)


def ingress(address: str = "", **spec: Any) -> Act:
    entries = [{"hostname": address}] if address else []
    found = {"spec": spec, "status": {"loadBalancer": {"ingress": entries}}}
    return answer({"metadata": {"name": "site"}, **found})


class Run:
    """Smoke checks against a scripted API server, and what they said and asked."""

    def __init__(self, directory: Path, *script: Act, **settings: Any) -> None:
        self._script, self._directory, self._settings = script, directory, settings
        self.server = Server(*script)

    def of(self, *pods: str) -> Smoked:
        with self.server:
            bundle = Bundle(self._directory, self.server.url)
            self.clock = bundle.clock
            connection = connect_to(self.server, self._directory)
            target = replace(bundle.target, smoke=Smoke(**self._settings))
            found: list[Smoked] = []

            def step(invocation: Any) -> Report:
                found.append(smoking.run(invocation, connection.cluster, target, pods))
                return Report(Exit.SUCCESS, "")

            try:
                bundle.run(step)
            finally:
                self.told = bundle.told
            return found[0]

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.server.received]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def test_a_pod_is_asked_through_the_api_server(tmp_path: Path) -> None:
    run = Run(tmp_path, ingress(rules=[{"host": HOST}], tls=[{}]), html(), path="/en/?a=b")
    passed = Passed("1 pod answers 200", "Ingress skipped: it has no address yet")
    assert run.of("web-1") == passed
    _, page = run.server.received
    assert (page.method, page.path, page.query) == (
        "GET",
        POD.format("web-1") + "en/",
        {"a": "b"},
    )
    assert page.headers["host"] == HOST
    assert page.headers["x-forwarded-proto"] == "https"
    assert page.headers["accept"] == "text/html, */*"


def test_without_a_host_a_makeshift_is_sent(tmp_path: Path) -> None:
    run = Run(tmp_path, NONE, html())
    assert run.of("web-1") == Passed("1 pod answers 200", NO_INGRESS)
    assert run.server.received[1].headers["host"] == "site.blog.svc"


def test_nothing_is_asked_where_they_are_switched_off(tmp_path: Path) -> None:
    run = Run(tmp_path, enabled=False)
    assert run.of("web-1") == Skipped("switched off by smoke.enabled")
    assert run.asked == []


def test_nothing_is_asked_where_there_is_no_pod(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.of() == Skipped("there is no pod to ask")
    assert run.asked == []


def test_a_sick_pod_fails_after_three_attempts(tmp_path: Path) -> None:
    run = Run(tmp_path, NONE, *[html(DIED, 500)] * 3, host=HOST)
    assert run.of("web-1") == Failed(
        f"pod web-1: {NO_DATABASE}",
        (
            ("pod", "web-1"),
            ("asked", f"http://{HOST}/"),
            ("to do", "check the mysql_ parameters, and that the pods may reach the database"),
        ),
    )
    assert run.clock.slept == [1.0, 1.0]
    assert run.asked == [INGRESS, *[POD.format("web-1")] * 3]


def test_one_unlucky_answer_is_no_failure(tmp_path: Path) -> None:
    run = Run(tmp_path, NONE, html(DIED, 500), html("", 502), html())
    assert run.of("web-1") == Passed("1 pod answers 200", NO_INGRESS)
    assert run.clock.slept == [1.0, 1.0]


def by_path(acts: Mapping[str, Act]) -> Act:
    """Answer each pod with its own."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.split("/")[6]
        acts[name](handler)

    return act


def test_every_pod_is_asked(tmp_path: Path) -> None:
    names = [f"web-{number}" for number in range(40)]
    run = Run(tmp_path, NONE, *[html()] * 40)
    assert run.of(*names) == Passed("40 pods answer 200", NO_INGRESS)
    assert sorted(run.asked[1:]) == sorted(map(POD.format, names))


def test_pods_are_asked_eight_at_a_time(tmp_path: Path) -> None:
    # Nobody is answered before all eight are there, and more than eight never are.
    together, now, most = threading.Barrier(8), set[int](), [0]

    def act(handler: BaseHTTPRequestHandler) -> None:
        now.add(threading.get_ident())
        together.wait(wire.PATIENCE)
        most[0] = max(most[0], len(now))
        together.wait(wire.PATIENCE)
        now.discard(threading.get_ident())
        html()(handler)

    run = Run(tmp_path, NONE, *[act] * 16)
    assert run.of(*(f"web-{number}" for number in range(16))) == Passed(
        "16 pods answer 200", NO_INGRESS
    )
    assert most == [8]


def test_one_sick_pod_among_many_fails(tmp_path: Path) -> None:
    pods = {f"web-{number}": html() for number in range(20)} | {"web-7": html(DIED, 500)}
    run = Run(tmp_path, NONE, *[by_path(pods)] * 30)
    failed = run.of(*pods)
    assert isinstance(failed, Failed)
    assert failed.sentence == f"pod web-7: {NO_DATABASE}"


# Redirects


def redirect(location: str) -> Act:
    return html("", 302, Location=location)


def test_a_redirect_that_leads_through_the_proxy_stays_on_the_site(tmp_path: Path) -> None:
    proxied = f"https://{HOST}{POD.format('web-1')}"
    script = (redirect(f"{proxied}en/?a=b"), html())
    run = Run(tmp_path, ingress(rules=[{"host": HOST}], tls=[{}]), *script)
    assert isinstance(run.of("web-1"), Passed)
    assert run.asked[1:] == [POD.format("web-1"), POD.format("web-1") + "en/"]
    assert run.server.received[2].query == {"a": "b"}


def test_the_installation_through_the_proxy_is_the_installation(tmp_path: Path) -> None:
    proxied = f"http://{HOST}{POD.format('web-1')}"
    run = Run(tmp_path, NONE, *[redirect(f"{proxied}wp-admin/install.php")] * 3, host=HOST)
    failed = run.of("web-1")
    assert isinstance(failed, Failed)
    assert failed.sentence == (
        "pod web-1: answers 302: WordPress is not installed in this database, and redirects to "
        "wp-admin/install.php"
    )
    assert ("location", f"http://{HOST}/wp-admin/install.php") in failed.details


def test_a_redirect_tells_the_host(tmp_path: Path) -> None:
    run = Run(tmp_path, NONE, redirect(f"https://{HOST}/"), html())
    assert isinstance(run.of("web-1"), Passed)
    first, second = run.server.received[1:]
    assert (first.headers["host"], second.headers["host"]) == ("site.blog.svc", HOST)
    assert (first.path, second.path) == (POD.format("web-1"),) * 2
    assert second.headers["x-forwarded-proto"] == "https"


# Where there is no answer

EOF = "error trying to reach service: unexpected EOF"


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (refusal(500, EOF), "the page breaks off"),
        (cut_off(PAGE.encode()), "the page breaks off"),
        (
            refusal(503, "error trying to reach service: dial tcp: connect: connection refused"),
            "refuses connections",
        ),
    ],
    ids=["a page that breaks off", "one that breaks off on the way", "a closed port"],
)
def test_a_pod_without_an_answer_fails(act: Act, what: str, tmp_path: Path) -> None:
    failed = Run(tmp_path, NONE, *[act] * 3).of("web-1")
    assert isinstance(failed, Failed)
    assert failed.sentence == f"pod web-1: {what}"


def test_a_pod_that_does_not_answer_in_time_fails(tmp_path: Path) -> None:
    left = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        left.wait(wire.PATIENCE)

    try:
        failed = Run(tmp_path, NONE, *[silent] * 3, timeout=1).of("web-1")
    finally:
        left.set()
    assert isinstance(failed, Failed)
    assert failed.sentence == "pod web-1: does not answer within 1 s"


def test_a_pod_that_is_gone_is_not_missed(tmp_path: Path) -> None:
    gone = refusal(404, 'pods "web-2" not found', {"name": "web-2", "kind": "pods"})
    run = Run(tmp_path, NONE, *[by_path({"web-1": html(), "web-2": gone})] * 2)
    assert run.of("web-1", "web-2") == Passed("1 pod answers 200", NO_INGRESS)


def test_where_all_pods_are_gone_nothing_is_well(tmp_path: Path) -> None:
    gone = refusal(404, 'pods "web-1" not found', {"name": "web-1", "kind": "pods"})
    failed = Run(tmp_path, NONE, gone).of("web-1")
    assert failed == Failed("the new pods are gone", (("to do", "see who deletes them"),))


def test_a_page_that_is_not_found_is_no_pod_that_is_gone(tmp_path: Path) -> None:
    failed = Run(tmp_path, NONE, *[html(PAGE, 404)] * 3).of("web-1")
    assert isinstance(failed, Failed)
    assert failed.sentence == "pod web-1: answers 404, and not 200"


def test_an_api_server_in_trouble_is_asked_again(tmp_path: Path) -> None:
    busy = refusal(429, "too many requests, please try again later")
    run = Run(tmp_path, NONE, busy, raw(b""), refusal(503, "etcd is unavailable"), html())
    assert run.of("web-1") == Passed("1 pod answers 200", NO_INGRESS)
    assert [line[:18] for line in run.told] == [f"trying again ({n} of" for n in (1, 2, 3)]
    assert run.clock.slept == [0.25, 0.5, 1.0]


def test_an_api_server_that_stays_in_trouble_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="etcd is unavailable"):
        Run(tmp_path, NONE, *[refusal(503, "etcd is unavailable")] * 8).of("web-1")


def test_whoever_may_not_ask_is_told_what_is_missing(tmp_path: Path) -> None:
    denied = 'pods "web-1" is forbidden: User "bastion" cannot get resource "pods/proxy"'
    with pytest.raises(ApiError) as caught:
        Run(tmp_path, NONE, refusal(403, denied)).of("web-1")
    assert caught.value.where == "pod web-1"
    assert caught.value.problems == (f"forbidden: {denied}",)
    assert "run bootstrap" in caught.value.hint


def test_the_time_for_all_pods_is_bounded(tmp_path: Path) -> None:
    asked, left = threading.Event(), threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        asked.set()
        left.wait(wire.PATIENCE)

    def late(handler: BaseHTTPRequestHandler) -> None:
        asked.wait(wire.PATIENCE)
        run.clock.now += 120
        html()(handler)

    run = Run(tmp_path, NONE, *[by_path({"web-1": late, "web-2": silent})] * 2)
    try:
        failed = run.of("web-1", "web-2")
    finally:
        left.set()
    assert failed == Failed(
        "only 1 of 2 pods have answered in 120 s",
        (("to do", "see why they, or the API server, are that slow"),),
    )


def test_the_latency_is_measured_from_request_to_answer(tmp_path: Path) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        run.clock.now += 2.5
        html()(handler)

    run = Run(tmp_path, NONE, *[slow] * 3, latency=2)
    failed = run.of("web-1")
    assert isinstance(failed, Failed)
    assert failed.sentence == "pod web-1: takes 2.5 s to answer, more than 2 s"


# The Ingress


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Server], Server]:
    """Have the servers of a scheme at the port of this one."""

    def place(scheme: str, server: Server) -> Server:
        monkeypatch.setitem(web.PORTS, scheme, server.port)
        return server

    return place


def test_the_ingress_is_asked_where_it_has_an_address(
    tmp_path: Path, serve: Callable[[str, Server], Server]
) -> None:
    with serve("http", Server(html())) as balancer:
        run = Run(tmp_path, ingress("127.0.0.1", rules=[{"host": HOST}]), html())
        assert run.of("web-1") == Passed("1 pod answers 200", "Ingress 127.0.0.1 answers 200")
    (seen,) = balancer.received
    assert (seen.path, seen.headers["host"]) == ("/", HOST)
    assert "x-forwarded-proto" not in seen.headers


def test_without_a_host_the_ingress_is_asked_by_its_address(
    tmp_path: Path, serve: Callable[[str, Server], Server]
) -> None:
    with serve("http", Server(html())) as balancer:
        assert isinstance(Run(tmp_path, ingress("127.0.0.1"), html()).of("web-1"), Passed)
    assert balancer.received[0].headers["host"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (html("<html></html>", 503), "answers 503, and not 200"),
        (html(DIED, 500), NO_DATABASE),
        (html("", 301, Location=f"https://{HOST}/"), "answers 301"),
    ],
)
def test_what_the_ingress_says_is_told_and_not_judged(
    act: Act, told: str, tmp_path: Path, serve: Callable[[str, Server], Server]
) -> None:
    with serve("http", Server(act)):
        run = Run(tmp_path, ingress("127.0.0.1", rules=[{"host": HOST}]), html())
        assert run.of("web-1") == Passed("1 pod answers 200", f"Ingress 127.0.0.1 {told}")


def test_an_ingress_that_cannot_be_reached_is_told(
    tmp_path: Path, serve: Callable[[str, Server], Server]
) -> None:
    serve("http", Server())._http.server_close()
    passed = Run(tmp_path, ingress("127.0.0.1"), html()).of("web-1")
    assert isinstance(passed, Passed)
    assert passed.remark.startswith("Ingress 127.0.0.1 cannot be reached: ")
