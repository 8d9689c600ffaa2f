"""The URL that an EKS token is made of, and the credentials that it is signed with."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import pytest

from sandbox.aws import ACCOUNT, BASTION, Aws
from sandbox.sts import Presigned, caller
from tests.unit.wire import Server, answer, forget_surroundings, text
from wpdeploy import aws
from wpdeploy.errors import ClusterError
from wpdeploy.retries import Transient


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The access key of the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")
    return "AKIDEXAMPLE"


def _url(region: str = "eu-central-1") -> SplitResult:
    return urlsplit(aws.identity_url("Blog_1", region))


def _query(url: SplitResult) -> dict[str, str]:
    return dict(parse_qsl(url.query, strict_parsing=True))


@pytest.mark.parametrize("session_token", ["", "FwoGZXIvYXdzE+/=&"], ids=["a user's", "a role's"])
def test_it_has_what_eks_wants_and_nothing_else(
    session_token: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if session_token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", session_token)
    before = datetime.now(UTC).replace(microsecond=0)
    url = _url()
    query = _query(url)
    signature, date = query.pop("X-Amz-Signature"), query.pop("X-Amz-Date")

    assert (url.scheme, url.netloc, url.path) == ("https", "sts.eu-central-1.amazonaws.com", "/")
    assert before <= datetime.strptime(date, "%Y%m%dT%H%M%S%z") <= datetime.now(UTC)
    assert len(bytes.fromhex(signature)) == 32
    assert query == {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key}/{date[:8]}/eu-central-1/sts/aws4_request",
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
        **({"X-Amz-Security-Token": session_token} if session_token else {}),
    }


def test_its_signature_tells_sts_who_is_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aws() as started:
        for name, value in started.environ.items():
            monkeypatch.setenv(name, value)
        url = _url()
        headers = {"host": url.netloc, "x-k8s-aws-id": "Blog_1"}
        arn = caller(started, Presigned(_query(url), headers))

    assert arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/{BASTION}/")


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_it_names_the_sts_of_the_region(region: str, host: str) -> None:
    url = _url(region)
    assert url.netloc == host
    assert f"/{region}/sts/aws4_request" in _query(url)["X-Amz-Credential"]


@pytest.mark.usefixtures("key")
def test_no_endpoint_of_the_environment_takes_the_place_of_awss_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert _url().netloc == "sts.eu-central-1.amazonaws.com"


# Where the credentials are from


def _credentials(key: str, lifetime: timedelta) -> Mapping[str, object]:
    expiration = f"{datetime.now(UTC) + lifetime:%Y-%m-%dT%H:%M:%SZ}"
    return {"AccessKeyId": key, "SecretAccessKey": "hunter22", "Expiration": expiration}


def _signer(url: SplitResult) -> str:
    return _query(url)["X-Amz-Credential"].partition("/")[0]


def test_an_instances_credentials_are_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    role = {"Code": "Success", "Token": "a token", **_credentials("AKID1", timedelta(hours=6))}
    with Server(text("imds-token"), text("bastion"), answer(role)) as metadata:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        urls = [_url(), _url()]

    assert [_signer(url) for url in urls] == ["AKID1", "AKID1"]
    assert _query(urls[0])["X-Amz-Security-Token"] == "a token"
    assert len(metadata.received) == 3


@pytest.mark.parametrize(
    ("environ", "patience"),
    [({}, (5, 2)), ({"AWS_METADATA_SERVICE_TIMEOUT": "9"}, (9, 2))],
    ids=["at least", "more where that is set"],
)
def test_a_busy_host_has_time_to_tell_its_role(
    environ: Mapping[str, str], patience: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    names = ("metadata_service_timeout", "metadata_service_num_attempts")
    assert tuple(aws._session().get_config_variable(name) for name in names) == patience


def test_metadata_that_are_busy_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    role = {"Code": "Success", "Token": "a token", **_credentials("AKID1", timedelta(hours=6))}
    busy = text("slow down", 503)
    answers = (busy, text("imds-token"), busy, text("bastion"), busy, answer(role))
    with Server(*answers) as metadata:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        assert _signer(_url()) == "AKID1"
    assert len(metadata.received) == 6


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file from which a process takes the credentials, AKID1 for five minutes at first."""
    file, config = tmp_path / "credentials.json", tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = cat {file}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    _issue(file, "AKID1", timedelta(minutes=5))
    return file


def _issue(file: Path, key: str, lifetime: timedelta) -> None:
    file.write_text(json.dumps({"Version": 1, **_credentials(key, lifetime)}))


def test_credentials_about_to_expire_are_asked_for_anew(source: Path) -> None:
    first = _signer(_url())
    _issue(source, "AKID2", timedelta(hours=6))
    assert [first, _signer(_url())] == ["AKID1", "AKID2"]


def test_credentials_that_cannot_be_renewed_now_may_be_later(source: Path) -> None:
    _url()
    source.unlink()
    with pytest.raises(Transient) as caught:
        _url()

    assert isinstance(caught.value.cause, ClusterError)
    assert str(caught.value.cause) == (
        "EKS token: Error when retrieving credentials from custom-process: "
        f"cat: {source}: No such file or directory"
    )


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        pytest.param(
            {},
            "EKS token: there are no AWS credentials "
            "(give the bastion's instance profile a role, or set AWS credentials)",
            id="none",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"},
            "EKS token: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
            id="half of them",
        ),
        pytest.param(
            {"AWS_PROFILE": "nobody"},
            "EKS token: The config profile (nobody) could not be found",
            id="no such profile",
        ),
    ],
)
def test_without_credentials_there_is_no_token(
    environ: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ClusterError) as caught:
        _url()
    assert str(caught.value) == told
