"""Whether ECR has an image, at the wire: AWS JSON 1.1 from a script, and moto's registry."""

import json
from collections.abc import Callable

import pytest

from sandbox.aws import REGION, Aws
from tests.unit.wire import Act, FakeClock, Server, answer, forget_surroundings
from wpdeploy import ecr
from wpdeploy.errors import ClusterError

HOST = f"111122223333.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"{HOST}/blog/wordpress:v1@{DIGEST}"
INDEX = {"manifests": [{"platform": {"os": "linux", "architecture": "arm64"}}]}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


Look = Callable[..., object]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    def manifest(server: Server, image: str = IMAGE) -> object:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        return ecr.manifest(image, FakeClock(), pytest.fail)

    return manifest


def _found(*manifests: object) -> Act:
    return answer({"images": [{"imageManifest": json.dumps(each)} for each in manifests]})


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        (IMAGE, "blog/wordpress"),
        (f"{HOST}/wordpress@{DIGEST}", "wordpress"),
        (f"111122223333.dkr-ecr.{REGION}.on.aws/wordpress:1@{DIGEST}", "wordpress"),
        (f"111122223333.dkr.ecr-fips.{REGION}.amazonaws.com/wordpress@{DIGEST}", "wordpress"),
    ],
)
def test_an_image_is_asked_for_by_its_digest(look: Look, image: str, repository: str) -> None:
    with Server(_found(INDEX)) as server:
        assert look(server, image) == INDEX
    [seen] = server.received
    assert seen.headers["x-amz-target"].endswith(".BatchGetImage")
    assert f"/{REGION}/ecr/aws4_request" in seen.headers["authorization"]
    asked = seen.document
    assert len([each for each in asked.pop("acceptedMediaTypes") if "manifest." in each]) == 3
    assert asked == {
        "registryId": "111122223333",
        "repositoryName": repository,
        "imageIds": [{"imageDigest": DIGEST}],
    }


def test_an_image_that_is_not_there(look: Look) -> None:
    with Server(_found()) as server:
        assert look(server) is None


def test_a_repository_that_is_not_there(look: Look) -> None:
    refusal = answer({"__type": "RepositoryNotFoundException", "message": "none"}, 400)
    with Server(refusal) as server:
        assert look(server) is None


@pytest.mark.parametrize(
    "image",
    [
        f"ghcr.io/blog/wordpress@{DIGEST}",
        f"{HOST}.example/wordpress",
        f"example.org/{IMAGE}",
    ],
)
def test_another_registry_is_not_asked(look: Look, image: str) -> None:
    with Server() as server, pytest.raises(ClusterError, match="in another registry"):
        look(server, image)
    assert server.received == []


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            (
                "User: x is not authorized to perform: ecr:BatchGetImage on resource: "
                "arn:aws:ecr:x:1:repository/y because no policy"
            ),
            "ecr:BatchGetImage on arn:aws:ecr:x:1:repository/y",
        ),
        ("no", "ecr:BatchGetImage on the repository blog/wordpress"),
    ],
)
def test_a_role_that_may_not_look(look: Look, message: str, told: str) -> None:
    refusal = answer({"__type": "AccessDeniedException", "Message": message}, 400)
    with Server(refusal) as server, pytest.raises(ClusterError) as caught:
        look(server)
    hint = "allow it in the role's policy, if doctor shall look"
    assert str(caught.value) == f"ECR: access denied: {told} ({hint})"


def test_any_other_refusal_is_told_as_it_is(look: Look) -> None:
    refusal = answer({"__type": "InvalidParameterException", "message": "bad"}, 400)
    with Server(refusal) as server, pytest.raises(ClusterError) as caught:
        look(server)
    told = "refuses ecr:BatchGetImage of blog/wordpress: InvalidParameterException: bad"
    assert str(caught.value) == f"ECR: {told}"


def test_a_real_registry_as_far_as_moto_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aws() as aws:
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        client = aws.client("ecr")
        client.create_repository(repositoryName="blog/wordpress")
        client.put_image(
            repositoryName="blog/wordpress",
            imageManifest=json.dumps(INDEX | {"mediaType": "application/json"}),
            imageDigest=DIGEST,
        )
        found = ecr.manifest(IMAGE, FakeClock(), pytest.fail)
        assert found
        assert found["manifests"] == INDEX["manifests"]
        other = IMAGE.replace("a" * 64, "b" * 64)
        assert ecr.manifest(other, FakeClock(), pytest.fail) is None
