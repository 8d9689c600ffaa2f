"""What a replica answers, and what it logs."""

import json
from collections.abc import Iterator

import pytest

from tests.image.containers import Container, Network, Runner
from tests.image.engine import Engine
from tests.image.services import wait_until
from tests.image.site import Site

# Set aside for documentation, and public: whoever comes from there is no proxy of ours.
PUBLIC_SUBNET = "203.0.113.0/24"


def entry(replica: Container, request: str) -> dict[str, object]:
    """The line of the access log for a request."""
    found: list[dict[str, object]] = []

    def there() -> bool:
        rows = [json.loads(line) for line in replica.logs()[0]]
        found.extend(row for row in rows if row["request"] == request)
        return bool(found)

    wait_until(there, f"the log line of {request}")
    return found[0]


@pytest.fixture(scope="module")
def public_network(engine: Engine, image: str) -> Iterator[Network]:
    made = Network(engine, image, subnet=PUBLIC_SUBNET)
    yield made
    made.close()


def test_live_and_ready_answer_outside_of_wordpress(replica: Container) -> None:
    live, ready = replica.get("/-/live"), replica.await_ready().get("/-/ready", Host="another.test")
    assert (live.status, live.text) == (200, "alive\n")
    assert (ready.status, json.loads(ready.text)) == (
        200,
        {"ready": True, "database": "ok", "page": "ok", "memcached": "ok"},
    )
    assert ready.headers["Cache-Control"] == live.headers["Cache-Control"] == "no-store"


def test_an_access_is_one_line_of_json(replica: Container) -> None:
    path = "/missing?a=%22b%22&c=d"
    headers = {"User-Agent": 'a "quoted" \\agent\\', "Referer": "http://else.test/\xe9"}
    answer = replica.get(path, Host="site.test", X_Forwarded_For="198.51.100.7", **headers)
    row = entry(replica, f"GET {path} HTTP/1.1")
    assert (answer.status, row["status"]) == (404, 404)
    assert row["client"] == "198.51.100.7"
    assert row["agent"] == headers["User-Agent"]
    # Of what is not ASCII, what comes before it.
    assert row["referer"] == "http://else.test/"
    assert row["host"] == "site.test"
    assert row["microseconds"] > 0  # type: ignore[operator]  # a number, in JSON


def test_probes_that_go_well_are_not_logged(replica: Container) -> None:
    replica.get("/-/live")
    replica.get("/-/ready")
    replica.get("/after-the-probes", Host="site.test")
    entry(replica, "GET /after-the-probes HTTP/1.1")
    assert not [line for line in replica.logs()[0] if "/-/" in line]


def test_a_proxy_with_a_private_address_is_believed(site: Site, replica: Container) -> None:
    headers = {
        "X_Forwarded_Proto": "https",
        "X_Forwarded_For": "192.0.2.66, 198.51.100.7, 10.1.2.3",
    }
    request = site.probe(replica, "request", **headers)
    assert (request["ssl"], request["client"]) == (True, "198.51.100.7")
    request = site.probe(replica, "request", X_Forwarded_Proto="http")
    assert (request["ssl"], request["client"]) == (False, site.runner.network.gateway)


def test_anybody_else_is_not(site: Site, runner: Runner, public_network: Network) -> None:
    settings = site.settings | {"WORDPRESS_DB_WAIT_SECONDS": "1"}
    replica = runner.start(settings, network=public_network).await_live()
    replica.get("/wp-includes/none.css", X_Forwarded_For="10.0.0.1", X_Forwarded_Proto="https")
    assert entry(replica, "GET /wp-includes/none.css HTTP/1.1")["client"] == public_network.gateway


@pytest.mark.parametrize(
    "path", ["/wp-config.php", "/.git/config", "/wp-content/.env", "/readme.html"]
)
def test_what_is_nobodys_business_is_forbidden(replica: Container, path: str) -> None:
    assert replica.get(path, Host="site.test").status == 403


def test_what_was_uploaded_is_never_run(replica: Container) -> None:
    uploads = "/var/www/html/wp-content/uploads"
    for name in ("a.php", "b.phtml", "c.php.txt"):
        replica.execute("sh", "-c", f"echo '<?php echo 6 * 7;' >{uploads}/{name}")
    answers = [
        replica.get(f"/wp-content/uploads/{name}") for name in ("a.php", "b.phtml", "c.php.txt")
    ]
    assert [answer.status for answer in answers] == [403, 403, 200]
    assert "42" not in answers[2].text


def test_a_directory_is_not_listed(replica: Container) -> None:
    assert "Index of" not in replica.get("/wp-includes/css/", Host="site.test").text


def test_wordpress_does_not_say_which_one_it_is(replica: Container) -> None:
    front = replica.get("/", Host="site.test")
    assert 'name="generator"' not in front.text
    assert "X-Powered-By" not in front.headers
    assert front.headers["Server"] == "Apache"
