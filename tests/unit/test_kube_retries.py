"""Which of the API server's failures are tried again, at the wire."""

from pathlib import Path

import pytest

from tests.unit.api_server import Connection, connect_to, refusal
from tests.unit.wire import Act, Server, answer, cut_off, forget_surroundings, raw, stream, text
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError, Exit
from wpdeploy.kinds import Manifest

MANIFEST: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "w", "namespace": "blog"},
}
DONE = answer(MANIFEST)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def _apply(directory: Path, *script: Act) -> Connection:
    """Apply against the script, to its end and to success; the connection it went over."""
    with Server(*script) as server:
        connection = connect_to(server, directory)
        assert connection.cluster.apply(MANIFEST) == MANIFEST
    assert len(server.received) == len(script)
    return connection


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_or_broken_is_asked_again(code: int, tmp_path: Path) -> None:
    _, clock, notices = _apply(tmp_path, refusal(code, "not now"), DONE)

    assert clock.slept == [0.25]
    assert notices == [f"trying again (1 of 8): Service w: PATCH refused ({code}): not now"]


@pytest.mark.parametrize(
    ("retry_after", "slept"),
    [
        ("0", 0.0),
        ("3", 3.0),
        ("3600", 30.0),
        ("Fri, 20 Nov 2026 10:00:00 GMT", 0.25),
        ("1.5", 0.25),
        ("-1", 0.25),
        ("soon", 0.25),
        ("", 0.25),
        ("²", 0.25),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_a_retry_after_in_seconds_is_obeyed(
    code: int, retry_after: str, slept: float, tmp_path: Path
) -> None:
    script = (refusal(code, "not now", Retry_After=retry_after), DONE)

    assert _apply(tmp_path, *script).clock.slept == [slept]


@pytest.mark.parametrize("code", [400, 403, 404, 405, 406, 409, 410, 413, 415, 418, 422])
def test_a_refusal_is_final(code: int, tmp_path: Path) -> None:
    with Server(refusal(code, "no"), DONE) as server:
        cluster, clock, notices = connect_to(server, tmp_path)
        with pytest.raises(ApiError) as caught:
            cluster.apply(MANIFEST)

    assert (caught.value.code, caught.value.exit_code) == (code, Exit.CLUSTER)
    assert (len(server.received), clock.slept, notices) == (1, [], [])


def test_a_refusal_that_is_no_text_is_shown_as_far_as_it_is_one(tmp_path: Path) -> None:
    with Server(text(b"\xff\xfe no", 400)) as server, pytest.raises(ApiError) as caught:
        connect_to(server, tmp_path).cluster.apply(MANIFEST)

    assert str(caught.value) == "Service w: PATCH refused (400): \ufffd\ufffd no"


@pytest.mark.parametrize(
    "message",
    [
        "failed to create typed patch object: .spec.ports: expected list, got string",
        'failed to convert new object (blog/w; /v1, Kind=Service) to proper version: "x"',
        "cannot convert int64 to string",
    ],
)
def test_a_wrong_type_is_final_though_it_comes_as_a_500(message: str, tmp_path: Path) -> None:
    with Server(refusal(500, message), DONE) as server:
        cluster, clock, _ = connect_to(server, tmp_path)
        with pytest.raises(ApiError) as caught:
            cluster.apply(MANIFEST)

    assert str(caught.value) == (f"Service w: invalid: {message} (correct its template in k8s)")
    assert caught.value.exit_code == Exit.MANIFEST
    assert (len(server.received), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        pytest.param(raw(b""), "cannot be reached: ", id="hangs up"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9\r\n\r\n"), "cannot be reached: ", id="no HTTP"),
        pytest.param(cut_off(b'{"kind": "Serv'), "the answer broke off: ", id="ends too early"),
        pytest.param(
            stream(b'{"kind": "Serv', whole=False), "the answer broke off: ", id="ends in a chunk"
        ),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            "the answer broke off: ",
            id="broken chunks",
        ),
    ],
)
def test_a_broken_answer_is_asked_for_again(act: Act, problem: str, tmp_path: Path) -> None:
    _, clock, notices = _apply(tmp_path, act, DONE)

    assert clock.slept == [0.25]
    (notice,) = notices
    assert notice.startswith("trying again (1 of 8): ")
    assert problem in notice


def test_after_eight_attempts_the_last_answer_is_the_error(tmp_path: Path) -> None:
    with Server(*[refusal(503, f"no {number}") for number in range(9)]) as server:
        cluster, clock, notices = connect_to(server, tmp_path)
        with pytest.raises(ApiError) as caught:
            cluster.apply(MANIFEST)

    assert str(caught.value) == "Service w: PATCH refused (503): no 7"
    assert (len(server.received), len(notices), sum(clock.slept)) == (8, 7, 23.75)


def test_a_server_that_is_not_there_is_an_error_with_its_address(tmp_path: Path) -> None:
    with Server() as server:
        cluster, clock, _ = connect_to(server, tmp_path)

    with pytest.raises(ClusterError) as caught:
        cluster.apply(MANIFEST)

    error = caught.value
    assert (error.where, error.exit_code) == (f"API server {server.url}", Exit.CLUSTER)
    assert error.problems[0].startswith("cannot be reached: ")
    assert error.problems[0].endswith("Connection refused")
    assert error.hint == "check the address, the route and the security groups"
    assert len(clock.slept) == 7


def test_an_api_server_that_has_just_come_back_may_forbid_what_it_will_allow(
    tmp_path: Path,
) -> None:
    script = (raw(b""), refusal(403, "no Role yet"), refusal(403, "no Role yet"), DONE)

    assert _apply(tmp_path, *script).clock.slept == [0.25, 0.5, 1.0]


def test_once_it_has_answered_what_it_forbids_is_final_again(tmp_path: Path) -> None:
    with Server(raw(b""), DONE, refusal(403, "no")) as server:
        cluster, clock, _ = connect_to(server, tmp_path)
        cluster.apply(MANIFEST)
        with pytest.raises(ApiError):
            cluster.apply(MANIFEST)

    assert clock.slept == [0.25]


def test_an_apply_that_is_tried_again_says_the_same_again(tmp_path: Path) -> None:
    with Server(refusal(503, "not now"), raw(b""), DONE) as server:
        connect_to(server, tmp_path).cluster.apply(MANIFEST, force=True)

    first, *others = server.received
    assert first.query == {"fieldManager": "wpdeploy", "force": "true"}
    for other in others:
        assert (other.query, other.body) == (first.query, first.body)
