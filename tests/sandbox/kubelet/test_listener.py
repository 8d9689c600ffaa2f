"""What pods serve: a healthy WordPress, or a sick one, as the tag of its image says."""

import time
from collections.abc import Iterator

import pytest
import urllib3

from sandbox.kubelet.listener import PodListener, Web
from sandbox.kubelet.pages import ELSEWHERE

ADDRESS = "10.244.0.2"
HOST = "www.example.com"


class Pod:
    """One pod, whose image a test chooses."""

    def __init__(self) -> None:
        self.web: Web | None = Web(ready=True, tag="v1")
        self.listener = PodListener(None, lambda address: self.web if address == ADDRESS else None)
        self._pool = urllib3.PoolManager(retries=False, timeout=20.0)

    def ask(self, path: str = "/", host: str = HOST, to: str = ADDRESS) -> urllib3.BaseHTTPResponse:
        address, port = self.listener.dial(to, 8080)
        headers = {"Host": host, "X-Forwarded-Proto": "https", "Connection": "close"}
        url = f"http://{address}:{port}{path}"
        return self._pool.request("GET", url, headers=headers, redirect=False)


@pytest.fixture(scope="module")
def pod() -> Iterator[Pod]:
    made = Pod()
    made.listener.start()
    yield made
    made.listener.stop()
    made._pool.clear()


def test_a_healthy_one_serves_its_pages(pod: Pod) -> None:
    pod.web = Web(ready=True, tag="v1")
    assert [pod.ask(path).status for path in ("/", "/wp-login.php", "/-/ready", "/x")] == [
        200,
        200,
        200,
        404,
    ]
    assert pod.ask("/wp-admin/").headers["Location"] == f"https://{HOST}/wp-login.php?reauth=1"


SICK = {
    "dberror": (500, "<h1>Error establishing a database connection</h1>", ""),
    "install": (302, "", f"https://{HOST}/wp-admin/install.php"),
    "maintenance": (503, "Briefly unavailable for scheduled maintenance.", ""),
    "fatal": (200, "<b>Fatal error</b>:  Uncaught Error", ""),
    "critical": (500, "There has been a critical error on this website.", ""),
    "empty": (200, "", ""),
    "otherhost": (301, "", f"https://{ELSEWHERE}/"),
}


@pytest.mark.parametrize(("tag", "status", "text", "location"), [(k, *v) for k, v in SICK.items()])
def test_a_sick_one_is_ready_nevertheless(
    pod: Pod, tag: str, status: int, text: str, location: str
) -> None:
    pod.web = Web(ready=True, tag=tag)
    found = pod.ask()
    assert (found.status, found.headers.get("Location", "")) == (status, location)
    assert text in found.data.decode()
    assert bool(text) is bool(found.data)
    assert [pod.ask(path).status for path in ("/-/live", "/-/ready")] == [200, 200]


def test_a_fatal_error_ends_the_page(pod: Pod) -> None:
    pod.web = Web(ready=True, tag="fatal")
    assert b"</html" not in pod.ask().data


def test_whoever_follows_to_the_other_host_is_at_home(pod: Pod) -> None:
    pod.web = Web(ready=True, tag="otherhost")
    assert pod.ask(host=ELSEWHERE).status == 200


def test_a_slow_one_takes_its_time(pod: Pod) -> None:
    pod.web = Web(ready=True, tag="slowpage")
    started = time.monotonic()
    assert pod.ask().status == 200
    assert time.monotonic() - started >= 2


@pytest.mark.parametrize("tag", ["v1", "dberror"])
def test_one_that_is_not_ready_says_so(pod: Pod, tag: str) -> None:
    pod.web = Web(ready=False, tag=tag)
    assert [pod.ask(path).status for path in ("/-/live", "/-/ready")] == [200, 503]


def test_where_no_pod_runs_nobody_answers(pod: Pod) -> None:
    with pytest.raises(urllib3.exceptions.HTTPError):
        pod.ask(to="10.244.0.3")
