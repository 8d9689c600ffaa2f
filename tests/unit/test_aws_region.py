"""The region: the environment file's, AWS_REGION, or the instance metadata's."""

import pytest

from tests.unit.wire import Act, Server, forget_surroundings, raw, text
from wpdeploy import aws
from wpdeploy.errors import ConfigurationError, Exit

TOKEN = "/latest/api/token"
ZONE = "/latest/meta-data/placement/availability-zone/"
NOWHERE = (
    "region: neither the environment file nor AWS_REGION nor the instance metadata names one "
    '(add "region: eu-central-1", or the one it is, to the environment file)'
)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _use(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server be the instance metadata service."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)


@pytest.mark.parametrize(
    ("configured", "environ", "region"),
    [
        ("eu-central-1", {}, "eu-central-1"),
        ("eu-central-1", {"AWS_REGION": "us-east-1"}, "eu-central-1"),
        (None, {"AWS_REGION": "us-east-1"}, "us-east-1"),
        ("", {"AWS_REGION": "us-east-1"}, "us-east-1"),
    ],
)
def test_the_environment_file_goes_before_aws_region(
    configured: str | None, environ: dict[str, str], region: str
) -> None:
    assert aws.region(configured, environ) == region


@pytest.mark.parametrize("environ", [{}, {"AWS_REGION": ""}])
def test_else_the_instance_says_where_it_is(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(text("hunter22"), text("eu-central-1b")) as metadata:
        _use(metadata, monkeypatch)
        assert aws.region(None, environ) == "eu-central-1"

    token, zone = metadata.received
    assert (token.method, token.path) == ("PUT", TOKEN)
    assert (zone.method, zone.path) == ("GET", ZONE)
    assert zone.headers["x-aws-ec2-metadata-token"] == "hunter22"


def test_metadata_that_are_busy_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = text("slow down", 503)
    with Server(busy, text("hunter22"), busy, text("eu-central-1b")) as metadata:
        _use(metadata, monkeypatch)
        assert aws.region(None, {}) == "eu-central-1"

    assert [seen.path for seen in metadata.received] == [TOKEN, TOKEN, ZONE, ZONE]


@pytest.mark.parametrize("environ", [{}, {"AWS_REGION": "us-east-1"}])
def test_a_configured_region_asks_nobody(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server() as metadata:
        _use(metadata, monkeypatch)
        aws.region("eu-central-1", environ)

    assert metadata.received == []


@pytest.mark.parametrize(
    "script",
    [
        pytest.param((raw(b""),) * 4, id="hangs up"),
        pytest.param((text("no", 403),) * 3, id="forbids"),
        pytest.param((text("no", 400),), id="does not like the question"),
        pytest.param((text("hunter22"), *[text("no", 404)] * 2), id="knows no zone"),
        pytest.param((text("hunter22"), *[text("")] * 2), id="an empty zone"),
        pytest.param((text("<html>"), text("<html>captive portal</html>")), id="a web page"),
    ],
)
def test_metadata_that_name_no_region_are_an_error(
    script: tuple[Act, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(*script) as metadata:
        _use(metadata, monkeypatch)
        with pytest.raises(ConfigurationError) as caught:
            aws.region(None, {})

    assert str(caught.value) == NOWHERE
    assert len(metadata.received) == len(script)


def test_a_machine_without_metadata_is_the_same_error() -> None:
    with pytest.raises(ConfigurationError) as caught:
        aws.region(None, {})

    assert (str(caught.value), caught.value.exit_code) == (NOWHERE, Exit.CONFIGURATION)


def test_a_proxy_that_knows_no_metadata_is_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as gone:
        _use(gone, monkeypatch)
        monkeypatch.setenv("http_proxy", gone.url)

    with pytest.raises(ConfigurationError) as caught:
        aws.region(None, {})

    assert str(caught.value) == NOWHERE
