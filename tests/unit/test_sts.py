"""Who AWS takes a process for, by moto's STS."""

import pytest

from sandbox.aws import ACCOUNT, REGION, Aws
from tests.unit.wire import FakeClock, Server, forget_surroundings, text
from wpdeploy import sts
from wpdeploy.errors import ParameterError


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


def test_the_role_and_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aws() as aws:
        for name, value in (aws.environ | aws.assume("visitor", "alice").environ).items():
            monkeypatch.setenv(name, value)
        told = sts.identity(REGION, FakeClock(), pytest.fail)
    assert told == f"arn:aws:sts::{ACCOUNT}:assumed-role/visitor/alice"


def test_a_token_that_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")
    error = "<Error><Code>ExpiredToken</Code><Message>is expired</Message></Error>"
    with Server(text(f"<ErrorResponse>{error}</ErrorResponse>", 403)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(ParameterError) as caught:
            sts.identity(REGION, FakeClock(), pytest.fail)
    told = "refuses sts:GetCallerIdentity of this process: ExpiredToken: is expired"
    assert str(caught.value) == f"STS: {told}"


def test_a_proxy_that_answers_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")
    notices: list[str] = []
    with Server(*[text("<p>Please log in", 403)] * 8) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(ParameterError) as caught:
            sts.identity(REGION, FakeClock(), notices.append)
    hint = "check AWS_ENDPOINT_URL and the proxies"
    assert str(caught.value) == f"STS: answers with something that cannot be read ({hint})"
    assert len(notices) == 7
