"""Smoke checks: what is asked for, and what an answer says of the site."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubelet import pages
from wpdeploy import smoke
from wpdeploy.smoke import Finding, Page, Route, Skipped, Smoke, Well

HOST = "www.example.com"
AT_HOME = Route("https", HOST, "/", is_known=True, is_tls=True)
PLAIN = Route("http", HOST, "/", is_known=True, is_tls=False)
NOWHERE = Route("http", "site.blog.svc", "/", is_known=False, is_tls=False)
LOG = "see the container's log, which has the error with its file and line"
HOSTS = "set smoke.host to the site's host name, or correct WordPress's home and siteurl"
PROTO = "correct WordPress's home and siteurl, and have it take X-Forwarded-Proto for HTTPS"
STATUS = "correct the site, or smoke.path, or smoke.status"
PAGE = "<!DOCTYPE html>\n<html><head><title>A site</title></head><body>{}</body></html>\n"


def died(message: str, title: str = "WordPress &rsaquo; Error") -> str:
    head = f"<!DOCTYPE html><html><head><title>{title}</title></head>"
    return (
        f"{head}<body id=\"error-page\"><div class='wp-die-message'>{message}</div></body></html>"
    )


def page(code: int, text: str = PAGE, **more: Any) -> Page:
    return Page(code, more.pop("location", ""), text, more.pop("seconds", 0.2), **more)


def judged(asked: Page, route: Route = AT_HOME, **settings: Any) -> Well | Finding | Route:
    return smoke.judge(Smoke(**settings), route, asked)


# What WordPress and PHP answer when they are sick, and what is told of it.
DATABASE = "WordPress has no connection to its database"
MAINTENANCE = "WordPress is in maintenance mode"
FATAL = "PHP ended with a fatal error"
CRITICAL = "WordPress met a critical error"
ERROR_PAGE = "WordPress shows its error page"
EMPTY = "the page is empty"
BREAKS_OFF = "the page breaks off"
MYSQLI = (
    "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: No such file or directory in "
    "/var/www/html/wp-includes/class-wpdb.php:1988\n"
)
SICK = {
    "no database": (500, died("<h1>Error establishing a database connection</h1>"), DATABASE),
    "no database, with WP_DEBUG": (
        500,
        died("<h1>Error establishing a database connection</h1><p>This either means that ..."),
        DATABASE,
    ),
    "no database, by a drop-in that says 200": (
        200,
        "<html><head><title>Error establishing a database connection</title></head></html>",
        DATABASE,
    ),
    "no database, as a bare headline": (
        200,
        "<html><body><h1>Error establishing a database connection</h1></body></html>",
        DATABASE,
    ),
    "a database that is not there": (
        500,
        died("<h1>Can&#8217;t select database</h1>"),
        DATABASE,
    ),
    "a database that it may not select": (500, died("<h1>Cannot select database</h1>"), DATABASE),
    "a database that went away": (
        500,
        died("<h1>Error reconnecting to the database</h1>"),
        DATABASE,
    ),
    "an exception of mysqli": (200, MYSQLI, DATABASE),
    "a warning of mysqli": (
        500,
        "Warning: mysqli_real_connect(): (HY000/2002): Connection refused in x.php on line 1",
        DATABASE,
    ),
    "PHP without MySQL": (
        500,
        died("Your PHP installation appears to be missing the MySQL extension which is required"),
        "PHP lacks what WordPress requires",
    ),
    "PHP that is too old": (
        500,
        died("Your server is running PHP version 7.0 but WordPress 6.8.3 requires at least 7.2.24"),
        "PHP lacks what WordPress requires",
    ),
    "maintenance": (
        503,
        died("Briefly unavailable for scheduled maintenance. Check back in a minute."),
        MAINTENANCE,
    ),
    "maintenance, by a drop-in that says 200": (
        200,
        "<html><body><h1>Briefly unavailable for scheduled maintenance.</h1></body></html>",
        MAINTENANCE,
    ),
    "a fatal error that is shown": (
        200,
        "<html><body><p>Hello</p><br />\n<b>Fatal error</b>:  Uncaught Error: no in x.php:3",
        FATAL,
    ),
    "a fatal error as the API server passes it on": (
        200,
        "<html><body><br/>\n<b>Fatal error</b>:  Allowed memory size of 1 bytes exhausted",
        FATAL,
    ),
    "a fatal error before anything else": (200, "\nFatal error: Uncaught Error: no", FATAL),
    "a fatal error, followed by WordPress's own page": (
        200,
        "<html><body>\n<b>Fatal error</b>: no<br />" + died("There has been a critical error on x"),
        FATAL,
    ),
    "a parse error": (200, "\nPHP Parse error:  syntax error in x.php on line 3", FATAL),
    "an exception without a message of PHP": (500, "Uncaught TypeError: no", FATAL),
    "a critical error": (
        500,
        died("<p>There has been a critical error on this website.</p>"),
        CRITICAL,
    ),
    "a critical error of WordPress 5.2": (
        500,
        died("<p>The site is experiencing technical difficulties.</p>"),
        CRITICAL,
    ),
    "a critical error in German": (
        500,
        died("<p>Es gab einen kritischen Fehler auf deiner Website.</p>"),
        ERROR_PAGE,
    ),
    "an error page that says 200": (200, died("<p>Desculpe.</p>"), ERROR_PAGE),
    "an error page with other quotes": (403, "<html><body id='error-page'></html>", ERROR_PAGE),
    "an empty page": (200, "", EMPTY),
    "a blank page": (200, " \n\t", EMPTY),
    "an empty error": (500, "", EMPTY),
    "half a page": (200, "<!DOCTYPE html>\n<html><body><p>Hello", BREAKS_OFF),
}


@pytest.mark.parametrize(("code", "text", "what"), SICK.values(), ids=SICK)
def test_a_sick_page_is_known(code: int, text: str, what: str) -> None:
    found = judged(page(code, text))
    assert isinstance(found, Finding)
    assert found.what == f"answers {code}: {what}"
    assert found.rows[0] == ("asked", "https://www.example.com/")
    assert [label for label, _ in found.rows] == ["asked", "to do"]


WELL = {
    "WordPress's front page": (PAGE.format("<p>Hello world!</p>"), {}),
    "an article about a database that is down": (
        PAGE.format('<h1 class="t">Error establishing a database connection</h1>'),
        {},
    ),
    "an article about maintenance": (
        PAGE.format("<h2>Briefly unavailable for scheduled maintenance</h2>"),
        {},
    ),
    "an article about PHP": (
        PAGE.format("<pre>\nFatal error: Uncaught Error: x\n&lt;b>Fatal error</pre>"),
        {},
    ),
    "an article with the critical error": (
        PAGE.format("<p>There has been a critical error on this website.</p>"),
        {},
    ),
    "what a cache says below the page": (PAGE.format("") + "<!-- cached -->\n", {}),
    "a page in capitals": ("<HTML><BODY>Hello</BODY></HTML>", {}),
    "a long page, cut off": ("<html><body>" + "x" * 1000, {"is_cut": True}),
    "JSON that speaks of errors": (
        '{"title": "Uncaught TypeError", "text": "Error establishing a database connection"}',
        {"is_html": False},
    ),
    "a text of its own": ("ok", {}),
}


@pytest.mark.parametrize(("text", "more"), WELL.values(), ids=WELL)
def test_a_healthy_page_may_write_about_errors(text: str, more: dict[str, Any]) -> None:
    assert judged(page(200, text, **more)) == Well(200, AT_HOME)


@pytest.mark.parametrize("tag", ["dberror", "maintenance", "fatal", "critical", "empty"])
def test_of_a_sick_page_nothing_is_cited(tag: str) -> None:
    sick = pages.answer(tag, HOST, "/", ready=True)
    secret = "hunter2"
    found = judged(page(sick.status, sick.body + secret if sick.body else ""))
    assert isinstance(found, Finding)
    assert secret not in repr(found)


@given(
    code=st.integers(100, 599),
    words=st.lists(st.sampled_from(["<html>", "</html>", "Fatal error: ", "\n", "x"])).map("".join),
    location=st.text(),
)
def test_an_answer_is_never_cited(code: int, words: str, location: str) -> None:
    text = f"s3cret{words}s3cret"
    found = judged(page(code, text, location=f"/x?s3cret={location}"))
    assert "s3cret" not in (repr(found) if isinstance(found, Finding) else "")


# Status, pattern, latency


@pytest.mark.parametrize(
    ("status", "code"),
    [("200", 200), ("200,404", 404), ("200-299", 299), ("401", 401), ("301", 301), ("204", 204)],
)
def test_a_code_that_is_expected_is_right(status: str, code: int) -> None:
    text = "" if code == 204 else PAGE
    assert judged(page(code, text, location="/x"), status=status) == Well(code, AT_HOME)


@pytest.mark.parametrize(
    ("status", "code"), [("200", 404), ("200", 201), ("200,204-206", 207), ("200", 304)]
)
def test_another_code_is_wrong(status: str, code: int) -> None:
    rows = (("asked", "https://www.example.com/"), ("to do", STATUS))
    assert judged(page(code), status=status) == Finding(f"answers {code}, and not {status}", rows)


def test_the_page_must_match_the_pattern() -> None:
    assert judged(page(200, PAGE.format("Hello")), pattern="H[a-z]+o") == Well(200, AT_HOME)
    assert judged(page(200, PAGE.format("Bye")), pattern="H[a-z]+o") == Finding(
        "answers 200, but the page does not match smoke.pattern",
        (
            ("asked", "https://www.example.com/"),
            ("pattern", "H[a-z]+o"),
            ("to do", "correct the site, or the pattern"),
        ),
    )


def test_the_page_must_not_take_longer_than_the_latency() -> None:
    assert judged(page(200, seconds=2.0), latency=2) == Well(200, AT_HOME)
    assert judged(page(200, seconds=2.14), latency=2) == Finding(
        "takes 2.1 s to answer, more than 2 s",
        (
            ("asked", "https://www.example.com/"),
            ("to do", "see what WordPress waits for, or raise smoke.latency"),
        ),
    )


# Redirects

MISLED = {
    "the installation": (
        f"https://{HOST}/wp-admin/install.php?step=1",
        "WordPress is not installed in this database, and redirects to wp-admin/install.php",
        "check mysql_database and the table prefix, or install WordPress",
    ),
    "the set-up": (
        "wp-admin/setup-config.php",
        "WordPress has no configuration, and redirects to wp-admin/setup-config.php",
        "build the image with a wp-config.php",
    ),
    "the sign-up of a network": (
        "http://network.example/wp-signup.php?new=www.example.com",
        "WordPress knows no site of this host, and redirects to wp-signup.php",
        "set smoke.host to a host name of the site",
    ),
}


@pytest.mark.parametrize("status", ["200", "302"])
@pytest.mark.parametrize(("location", "what", "to_do"), MISLED.values(), ids=MISLED)
def test_a_site_must_not_lead_there(location: str, what: str, to_do: str, status: str) -> None:
    found = judged(page(302, location=location), status=status)
    assert isinstance(found, Finding)
    assert found.what == f"answers 302: {what}"
    assert found.rows[-1] == ("to do", to_do)


FOLLOWED = {
    "a path": (AT_HOME, "/en/", f"https://{HOST}/en/"),
    "a path with a query": (AT_HOME, "/?page_id=2&a=%20b#top", f"https://{HOST}/?page_id=2&a=%20b"),
    "a relative path": (AT_HOME, "wp-login.php", f"https://{HOST}/wp-login.php"),
    "the whole URL": (AT_HOME, f"https://{HOST.upper()}:443/en", f"https://{HOST}/en"),
    "a path of slashes": (AT_HOME, f"https://{HOST}//", f"https://{HOST}//"),
    "no path": (PLAIN, f"https://{HOST}", f"https://{HOST}/"),
    "https": (PLAIN, f"https://{HOST}/", f"https://{HOST}/"),
    "http behind TLS": (AT_HOME, f"http://{HOST}/en/", f"https://{HOST}/en/"),
    "the host that was not known": (NOWHERE, f"https://{HOST}/", f"https://{HOST}/"),
    "the makeshift host itself": (NOWHERE, "/en/", "http://site.blog.svc/en/"),
}


@pytest.mark.parametrize(("route", "location", "url"), FOLLOWED.values(), ids=FOLLOWED)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_site_is_followed(
    route: Route, location: str, url: str, code: int
) -> None:
    onward = judged(page(code, "", location=location), route)
    assert isinstance(onward, Route)
    assert (onward.url, onward.before) == (url, (route.url,))
    assert onward.is_known is (route.is_known or HOST in url)


AWAY = {
    "another host": ("https://example.com/", "example.com"),
    "a host below it": ("https://en.www.example.com/", "en.www.example.com"),
    "another port": (f"https://{HOST}:8443/", f"{HOST}:8443"),
    "without a scheme": ("//cdn.example/x?y", "cdn.example"),
    "with a password": ("https://user:s3cret@example.com/", "example.com"),
}


@pytest.mark.parametrize(("location", "host"), AWAY.values(), ids=AWAY)
def test_a_redirect_to_another_host_fails(location: str, host: str) -> None:
    found = judged(page(301, location=location))
    assert isinstance(found, Finding)
    assert found.what == f"redirects to {host}, away from {HOST}"
    assert found.rows[-1] == ("to do", HOSTS)
    assert "s3cret" not in repr(found)


def test_a_host_is_learned_once() -> None:
    onward = judged(page(301, location=f"https://{HOST}/"), NOWHERE)
    assert isinstance(onward, Route)
    found = judged(page(301, location="https://example.com/"), onward)
    assert isinstance(found, Finding)
    assert found.what == f"redirects to example.com, away from {HOST}"


@pytest.mark.parametrize(
    "location", ["https://[", "https://x:y/", "javascript:alert(1)", "mailto:a@b", "https:///"]
)
def test_a_redirect_must_lead_somewhere(location: str) -> None:
    found = judged(page(302, location=location))
    assert isinstance(found, Finding)
    assert found.what in {
        "answers 302, a redirect to no address of the web",
        "redirects in a circle",
    }


def test_a_redirect_without_a_location_is_an_answer_like_any_other() -> None:
    found = judged(page(302))
    assert isinstance(found, Finding)
    assert found.what == "answers 302, and not 200"


def test_a_redirect_to_itself_is_a_circle() -> None:
    # What a WordPress that takes no X-Forwarded-Proto does behind a load balancer with TLS.
    assert judged(page(301, location=f"http://{HOST}/?x#y")) == Route(
        "https", HOST, "/?x", is_known=True, is_tls=True, before=(f"https://{HOST}/",)
    )
    assert judged(page(301, location=f"http://{HOST}/")) == Finding(
        "redirects in a circle",
        (
            ("asked", f"https://{HOST}/"),
            ("location", f"http://{HOST}/"),
            ("to do", PROTO),
        ),
    )


def test_redirects_come_to_an_end() -> None:
    led: Well | Finding | Route = AT_HOME
    for number in range(5):
        assert isinstance(led, Route)
        led = judged(page(302, location=f"/{number}"), led)
    assert isinstance(led, Route)
    led = judged(page(302, location="/again"), led)
    assert isinstance(led, Finding)
    assert led.what == "redirects more than 5 times"


PROXY = "/api/v1/namespaces/blog/pods/web-1/proxy"


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        (f"https://{HOST}{PROXY}/wp-login.php?a=b", f"https://{HOST}/wp-login.php?a=b"),
        (f"{PROXY}/en/", "/en/"),
        (f"{PROXY}", "/"),
        (f"https://api.example/k8s/clusters/c-1{PROXY}/x", "https://api.example/x"),
        ("https://example.com/", "https://example.com/"),
        ("wp-login.php", "wp-login.php"),
        ("https://[", "https://["),
        ("", ""),
    ],
)
def test_what_the_proxy_makes_of_a_redirect_is_undone(location: str, sent: str) -> None:
    assert smoke.behind(PROXY, location) == sent


# Where to begin


def ingress(*hosts: str | None, status: Any = None, tls: Any = None, **annotations: str) -> Any:
    named = {f"alb.ingress.kubernetes.io/{key.replace('_', '-')}": annotations[key]
             for key in annotations}  # fmt: skip
    rules = [{"host": host} if host else {} for host in hosts]
    spec = {"rules": rules, **({"tls": tls} if tls else {})}
    return {"metadata": {"annotations": named}, "spec": spec, "status": status}


STARTS = {
    "no Ingress": (Smoke(), None, "http://site.blog.svc/", False),
    "an Ingress for any host": (Smoke(), ingress(None), "http://site.blog.svc/", False),
    "one without rules": (Smoke(), {"metadata": {}, "spec": {}}, "http://site.blog.svc/", False),
    "its host": (Smoke(path="/en/?a=b"), ingress(HOST), f"http://{HOST}/en/?a=b", True),
    "a domain, then a host": (Smoke(), ingress("*.example.com", HOST), f"http://{HOST}/", True),
    "a domain": (Smoke(), ingress("*.example.com"), "http://site.blog.svc/", False),
    "a host of the settings": (Smoke(host="a.example"), ingress(HOST), "http://a.example/", True),
    "a certificate of ACM": (Smoke(), ingress(HOST, certificate_arn="arn"), AT_HOME.url, True),
    "an ALB that listens": (
        Smoke(),
        ingress(HOST, listen_ports='[{"HTTPS": 443}]'),
        AT_HOME.url,
        True,
    ),
    "an ALB that does not": (
        Smoke(),
        ingress(HOST, listen_ports='[{"HTTP": 80}]'),
        PLAIN.url,
        True,
    ),
    "a certificate of Kubernetes": (Smoke(), ingress(HOST, tls=[{}]), AT_HOME.url, True),
}


@pytest.mark.parametrize(("settings", "found", "url", "is_known"), STARTS.values(), ids=STARTS)
def test_settings_and_ingress_say_what_to_ask_first(
    settings: Smoke, found: Any, url: str, *, is_known: bool
) -> None:
    route = smoke.start(settings, found, "site.blog.svc")
    assert (route.url, route.is_known) == (url, is_known)
    assert route.is_tls is url.startswith("https")


def test_a_pod_is_asked_as_a_load_balancer_that_ends_tls_asks() -> None:
    expected = {"Host": HOST, "X-Forwarded-Proto": "https", "Accept": "text/html, */*"}
    assert dict(AT_HOME.headers) == expected
    assert PLAIN.headers["X-Forwarded-Proto"] == "http"
    assert "X-Forwarded-Proto" not in AT_HOME.visitor


@pytest.mark.parametrize(
    ("found", "address"),
    [
        (None, Skipped("there is none")),
        (ingress(HOST), Skipped("it has no address yet")),
        (ingress(HOST, status={"loadBalancer": {}}), Skipped("it has no address yet")),
        (ingress(HOST, status={"loadBalancer": {"ingress": [{}]}}),
         Skipped("it has no address yet")),
        (ingress(HOST, status={"loadBalancer": {"ingress": [{"hostname": "a.elb"}]}}), "a.elb"),
        (ingress(HOST, status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}), "192.0.2.1"),
    ],
)  # fmt: skip
def test_an_ingress_has_an_address_or_a_reason(found: Any, address: str | Skipped) -> None:
    assert smoke.address(found) == address


# Where there is no answer

REACH = (
    "see whether security groups and network policies let the control plane reach the pods' port"
)


@pytest.mark.parametrize(
    ("message", "what", "to_do"),
    [
        (
            "error trying to reach service: dial tcp 10.244.0.2:8080: connect: connection refused",
            "refuses connections",
            "see whether Apache listens at its port",
        ),
        (
            "error trying to reach service: dial tcp 10.0.1.2:8080: i/o timeout",
            "cannot be reached by the API server",
            REACH,
        ),
        ("error trying to reach service: unexpected EOF", BREAKS_OFF, LOG),
        ("error trying to reach service: EOF", "hangs up without an answer", LOG),
        (
            "error trying to reach service: read tcp: connection reset by peer",
            "hangs up without an answer",
            LOG,
        ),
    ],
)
def test_the_api_servers_reason_may_be_the_pods_fault(message: str, what: str, to_do: str) -> None:
    expected = Finding(what, (("asked", f"https://{HOST}/"), ("to do", to_do)))
    assert smoke.refused(AT_HOME, message) == expected


@pytest.mark.parametrize("message", ["", "the server is currently unable to handle the request"])
def test_or_it_is_not(message: str) -> None:
    assert smoke.refused(AT_HOME, message) is None


def test_no_answer_in_time_is_the_pods_fault() -> None:
    to_do = f"see what WordPress waits for; else {REACH}"
    rows = (("asked", f"https://{HOST}/"), ("to do", to_do))
    assert smoke.late(AT_HOME, 10) == Finding("does not answer within 10 s", rows)


def test_an_answer_that_does_not_end_is_the_pods_fault() -> None:
    rows = (("asked", f"https://{HOST}/"), ("to do", LOG))
    assert smoke.broken_off(AT_HOME) == Finding(BREAKS_OFF, rows)
