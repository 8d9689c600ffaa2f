"""ECR as the build asks it, at the wire; tests/pipeline does it with moto's."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.errors import BuildError
from pipeline.registry import Image, Registry, Scan
from pipeline.variables import Repository
from tests.unit.wire import Act, FakeClock, Server, answer, forget_surroundings

REPOSITORY = Repository("ecr.example", "blog/wordpress", "eu-central-1")
DIGEST = f"sha256:{'a' * 64}"
ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/blog/wordpress"

POLICY = "allow it in the policy of the build's role"


def refusal(code: str, message: str = "no") -> Act:
    return answer({"__type": code, "message": message}, 400)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


@contextmanager
def asked(monkeypatch: pytest.MonkeyPatch, *script: Act) -> Iterator[tuple[Registry, Server]]:
    with Server(*script) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield Registry(REPOSITORY, FakeClock(), pytest.fail), server


def test_an_image_is_asked_for_by_its_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer({"imageDetails": [{"imageDigest": DIGEST}]})
    with asked(monkeypatch, found) as (registry, server):
        assert registry.digest("c0ffee") == DIGEST
    [seen] = server.received
    assert seen.headers["x-amz-target"].endswith(".DescribeImages")
    assert seen.document == {
        "repositoryName": "blog/wordpress",
        "imageIds": [{"imageTag": "c0ffee"}],
    }


def test_an_image_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(monkeypatch, refusal("ImageNotFoundException")) as (registry, _):
        assert registry.digest("c0ffee") is None


@pytest.mark.parametrize(
    ("code", "message", "problem", "hint"),
    [
        (
            "RepositoryNotFoundException",
            "none",
            "there is no repository blog/wordpress in eu-central-1",
            "set IMAGE_REPOSITORY to the URI of one, or make it",
        ),
        (
            "AccessDeniedException",
            f"User: x is not authorized to perform: ecr:DescribeImages on resource: {ARN} because",
            f"access denied: ecr:DescribeImages on {ARN}",
            POLICY,
        ),
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            "access denied: ecr:DescribeImages on blog/wordpress",
            POLICY,
        ),
        (
            "InvalidParameterException",
            "bad",
            "refuses ecr:DescribeImages of blog/wordpress: InvalidParameterException: bad",
            "",
        ),
    ],
)
def test_a_refusal_is_one_line(
    monkeypatch: pytest.MonkeyPatch, code: str, message: str, problem: str, hint: str
) -> None:
    with (
        asked(monkeypatch, refusal(code, message)) as (registry, _),
        pytest.raises(BuildError) as caught,
    ):
        registry.digest("c0ffee")
    found = caught.value
    assert (found.where, found.problems, found.hint) == ("ECR", (problem,), hint)


def test_the_newest_image_is_the_one_that_was_pushed_last(monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = [("one", "b", 1_790_000_000.0), ("two", "a", 1_790_000_009.5), ("three", "c", 1.0)]
    details = [
        {"imageTags": [tag, "more"], "imageDigest": f"sha256:{digest * 64}", "imagePushedAt": time}
        for tag, digest, time in pushed
    ]
    with asked(monkeypatch, answer({"imageDetails": details})) as (registry, server):
        assert registry.newest() == Image("two", DIGEST)
    assert server.received[0].document["filter"] == {"tagStatus": "TAGGED"}


def test_an_empty_repository_has_no_newest_image(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(monkeypatch, answer({"imageDetails": []})) as (registry, _):
        assert registry.newest() is None


def test_a_login_lasts_for_hours_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    token = base64.b64encode(b"AWS:p4ss:w0rd").decode()
    with asked(monkeypatch, answer({"authorizationData": [{"authorizationToken": token}]})) as (
        registry,
        _,
    ):
        assert registry.password() == "p4ss:w0rd"


def test_a_login_that_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        asked(monkeypatch, refusal("AccessDeniedException")) as (registry, _),
        pytest.raises(BuildError, match="denied: ecr:GetAuthorizationToken on blog/wordpress"),
    ):
        registry.password()


BASIC = {
    "findings": [
        {"name": "CVE-2026-2", "severity": "HIGH"},
        {"name": "CVE-2026-3", "severity": "LOW"},
        {
            "name": "CVE-2026-1",
            "severity": "CRITICAL",
            "attributes": [
                {"key": "package_version", "value": "3.5.1-1"},
                {"key": "package_name", "value": "openssl"},
            ],
        },
    ],
    "findingSeverityCounts": {"CRITICAL": 1, "HIGH": 1, "LOW": 1},
}
ENHANCED = {
    "enhancedFindings": [{"severity": "MEDIUM", "title": "CVE-2026-4 - curl"}],
    "findingSeverityCounts": {"MEDIUM": 1},
}


@pytest.mark.parametrize(
    ("status", "found", "scan"),
    [
        (
            "COMPLETE",
            BASIC,
            Scan(
                "COMPLETE",
                "done",
                {"CRITICAL": 1, "HIGH": 1, "LOW": 1},
                ("CRITICAL CVE-2026-1 openssl 3.5.1-1", "HIGH CVE-2026-2"),
            ),
        ),
        ("ACTIVE", ENHANCED, Scan("ACTIVE", "done", {"MEDIUM": 1}, ("MEDIUM CVE-2026-4 - curl",))),
        ("COMPLETE", {}, Scan("COMPLETE", "done", {})),
    ],
)
def test_a_scan_that_is_done_has_its_findings_the_worst_first(
    monkeypatch: pytest.MonkeyPatch, status: str, found: object, scan: Scan
) -> None:
    whole = answer(
        {
            "imageScanStatus": {"status": status, "description": "done"},
            "imageScanFindings": found,
        }
    )
    with asked(monkeypatch, whole, whole) as (registry, server):
        assert registry.scan(DIGEST) == scan
    assert json.loads(server.received[0].body)["imageId"] == {"imageDigest": DIGEST}


def test_a_scan_that_goes_on_has_none_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(monkeypatch, answer({"imageScanStatus": {"status": "IN_PROGRESS"}})) as (
        registry,
        _,
    ):
        assert registry.scan(DIGEST) == Scan("IN_PROGRESS")


def test_an_image_without_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(monkeypatch, refusal("ScanNotFoundException")) as (registry, _):
        assert registry.scan(DIGEST) is None
