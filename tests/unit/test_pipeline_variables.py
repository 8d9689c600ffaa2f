"""The variables of a build: each wrong one is named, and what they say of the build's page."""

from collections.abc import Mapping

import pytest

from pipeline import variables
from pipeline.errors import BuildError
from pipeline.variables import Repository

HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
MUST_BE = "IMAGE_REPOSITORY must be the URI of a repository of ECR"
ARN = "arn:aws:codebuild:eu-west-1:111122223333:build/site-build:5f0c"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (f"{HOST}/wordpress", Repository(HOST, "wordpress", "eu-central-1")),
        (f"{HOST}/blog/wordpress", Repository(HOST, "blog/wordpress", "eu-central-1")),
        (
            "111122223333.dkr-ecr.eu-west-1.on.aws/wordpress",
            Repository("111122223333.dkr-ecr.eu-west-1.on.aws", "wordpress", "eu-west-1"),
        ),
        ("127.0.0.1:5000/wordpress", Repository("127.0.0.1:5000", "wordpress", "eu-south-1")),
    ],
)
def test_a_repository_of_ecr_tells_its_region(uri: str, expected: Repository) -> None:
    found = variables.read({"IMAGE_REPOSITORY": uri, "AWS_REGION": "eu-south-1"})
    assert found.repository == expected
    assert str(found.repository) == uri


REPOSITORY = {"IMAGE_REPOSITORY": f"{HOST}/wordpress"}


def test_what_is_not_set_has_a_default() -> None:
    found = variables.read(REPOSITORY)
    assert (found.threshold, found.platform) == ("NONE", "x86_64")
    assert (found.branch, found.build, found.link, found.source) == ("", "local", "", "")
    assert found.arguments == {}


def test_codebuild_says_which_build_it_is() -> None:
    found = variables.read(
        REPOSITORY | {"CODEBUILD_BUILD_ID": "site-build:5f0c", "CODEBUILD_BUILD_ARN": ARN}
    )
    assert found.build == "site-build:5f0c"
    assert found.link == (
        "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/111122223333"
        "/projects/site-build/build/site-build%3A5f0c/?region=eu-west-1"
    )


def test_arguments_of_the_dockerfile_are_passed_on_where_they_are_not_empty() -> None:
    given = {"BASE_IMAGE": "debian:sid", "DATABASE_CA_URL": "", "PATH": "/bin", "AS_OF": "x y"}
    assert variables.read(REPOSITORY | given).arguments == {
        "BASE_IMAGE": "debian:sid",
        "AS_OF": "x y",
    }


@pytest.mark.parametrize(
    ("environ", "faults"),
    [
        ({}, [f"{MUST_BE}, and is not set"]),
        (
            {"IMAGE_REPOSITORY": f"{HOST}/wordpress:latest"},
            [f"{MUST_BE}, not {HOST}/wordpress:latest"],
        ),
        (
            {"IMAGE_REPOSITORY": "wordpress", "SCAN_THRESHOLD": "LOW", "BUNDLE_PLATFORM": "arm"},
            [
                f"{MUST_BE}, not wordpress",
                "SCAN_THRESHOLD must be one of NONE, CRITICAL, HIGH, MEDIUM, not LOW",
                "BUNDLE_PLATFORM must be one of x86_64, aarch64, not arm",
            ],
        ),
        (
            {"IMAGE_REPOSITORY": "127.0.0.1:5000/wordpress"},
            ["AWS_REGION must be set: 127.0.0.1:5000/wordpress does not tell the region"],
        ),
    ],
)
def test_all_that_is_wrong_is_told(environ: Mapping[str, str], faults: list[str]) -> None:
    with pytest.raises(BuildError) as caught:
        variables.read(environ)
    assert list(caught.value.problems) == faults
