"""The token for a cluster of EKS: what it is, when it is renewed, who shares it."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from tests.unit.api_server import Connection, refusal
from tests.unit.eks_cluster import Signer, cluster_at, connect, signed_in
from tests.unit.wire import PATIENCE, FakeClock, Server, answer, forget_surroundings
from wpdeploy import eks
from wpdeploy.api_status import ApiError
from wpdeploy.eks import Sign
from wpdeploy.errors import ClusterError
from wpdeploy.kube import Access

OBJECT = {"gitVersion": "v1.36.0"}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def access(authority: Authority, signer: Signer, clock: FakeClock) -> Access:
    return _access(authority, signer, clock)


def _access(authority: Authority, sign: Sign, clock: FakeClock) -> Access:
    return eks.access(cluster_at("https://blog.example/", authority), sign, clock)


def _header(access: Access, refused: str | None = None) -> str | None:
    return access.authorization(refused)


@pytest.mark.parametrize("tail", ["a", "ab", "abc", "~~~?"])
def test_a_token_is_the_signed_url_in_unpadded_base64(tail: str, authority: Authority) -> None:
    header = _header(_access(authority, lambda *_: f"https://sts/?{tail}", FakeClock()))
    assert header
    assert header.startswith("Bearer k8s-aws-v1.")
    assert not set(header) & set("=+/")
    assert signed_in(header) == f"https://sts/?{tail}"


def test_nothing_is_signed_before_it_is_needed(access: Access, signer: Signer) -> None:
    assert signer.signed == []
    _header(access)
    assert signer.signed == [("blog", "eu-central-1")]


def test_a_token_serves_for_ten_minutes(access: Access, clock: FakeClock) -> None:
    first = _header(access)
    clock.now += 599
    assert _header(access) == first
    clock.now += 1
    assert _header(access) != first


def test_a_renewed_token_serves_for_ten_minutes_again(access: Access, clock: FakeClock) -> None:
    first = _header(access)
    clock.now += 500
    second = _header(access, first)
    clock.now += 599
    assert second == _header(access) != first


def test_a_token_that_two_threads_were_refused_with_is_renewed_once(
    access: Access, signer: Signer
) -> None:
    first = _header(access)
    second = _header(access, first)
    assert _header(access, first) == second != first
    assert len(signer.signed) == 2


def test_what_could_not_be_signed_is_signed_the_next_time(authority: Authority) -> None:
    signer = Signer()

    def sign(cluster: str, region: str) -> str:
        url = signer(cluster, region)
        if len(signer.signed) == 1:
            raise ClusterError("EKS token", "not now")
        return url

    access = _access(authority, sign, FakeClock())
    with pytest.raises(ClusterError, match="not now"):
        _header(access)
    assert signed_in(_header(access)) == "https://sts.example/?2"


def test_threads_never_sign_at_the_same_time(authority: Authority) -> None:
    meeting = threading.Barrier(2)
    met = list[int]()

    def sign(*_: str) -> str:
        with suppress(threading.BrokenBarrierError):  # nobody else came
            met.append(meeting.wait(0.1))
        return "https://sts.example/"

    access = _access(authority, sign, FakeClock())
    threads = [threading.Thread(target=_header, args=(access,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert met == []


def test_no_token_is_shown_by_an_access(access: Access) -> None:
    assert repr(access) == "Access(url='https://blog.example')"


# At the API server


def _ask(connection: Connection) -> object:
    return connection.cluster.get("/version", "version")


def _sent(server: Server) -> list[str]:
    return [signed_in(seen.headers["authorization"]) for seen in server.received]


def test_the_token_is_sent_with_every_request(authority: Authority) -> None:
    with Server(answer(OBJECT), answer(OBJECT)) as server:
        connection = connect(server.url, authority)
        assert [_ask(connection), _ask(connection)] == [OBJECT, OBJECT]

    assert _sent(server) == ["https://sts.example/?1"] * 2


def test_a_token_that_is_not_taken_any_more_is_renewed(authority: Authority) -> None:
    with Server(refusal(401, "Unauthorized"), answer(OBJECT), answer(OBJECT)) as server:
        connection = connect(server.url, authority)
        assert [_ask(connection), _ask(connection)] == [OBJECT, OBJECT]

    assert _sent(server) == [f"https://sts.example/?{number}" for number in (1, 2, 2)]
    assert connection.clock.slept == []


def test_a_role_that_stays_unknown_is_an_error_that_says_what_it_lacks(
    authority: Authority,
) -> None:
    with (
        Server(*[refusal(401, "Unauthorized")] * 2) as server,
        pytest.raises(ApiError) as caught,
    ):
        _ask(connect(server.url, authority))

    assert str(caught.value) == (
        "version: the API server does not know who is asking (401) (give who asks (a "
        "bastion: its role) an access entry for the EKS cluster blog, and check this machine's "
        "clock)"
    )
    assert len(server.received) == 2
