"""`image`: built once for a commit, with the layers of the one before it, and read back."""

from datetime import UTC, datetime

import pytest

from pipeline import image
from pipeline.errors import BuildError
from pipeline.registry import Image, Scan
from tests.unit.builds import COMMIT, DIGEST, IMAGE, PlayedBuild, PlayedDocker, PlayedRegistry

OTHER = f"sha256:{'b' * 64}"
BEFORE = Image("0ld", OTHER)


def test_an_image_is_built_pushed_and_read_back() -> None:
    played = PlayedBuild(PlayedRegistry([None, DIGEST]))
    image.run(played.of())
    assert played.docker.calls == [
        ("check",),
        ("login", "ecr.example", "p4ss"),
        ("build", IMAGE),
        ("push", IMAGE),
        ("logout",),
    ]
    assert played.registry.asked == [COMMIT, COMMIT]
    assert played.said == [f"ECR has the image: {DIGEST}"]


def test_an_image_that_is_there_is_used_as_it_is() -> None:
    played = PlayedBuild(PlayedRegistry([DIGEST]))
    image.run(played.of())
    assert played.docker.calls == []
    assert played.said == [f"ECR has the image of this commit, which is not built again: {DIGEST}"]


def test_layers_come_from_the_image_that_was_pushed_last() -> None:
    played = PlayedBuild(PlayedRegistry([None, DIGEST], BEFORE))
    image.run(played.of())
    assert played.docker.calls[2:4] == [
        ("pull", "ecr.example/wordpress:0ld"),
        ("build", IMAGE, "--cache-from", "ecr.example/wordpress:0ld"),
    ]


def test_an_image_that_cannot_be_pulled_is_done_without() -> None:
    played = PlayedBuild(PlayedRegistry([None, DIGEST], BEFORE), PlayedDocker(pulls=False))
    image.run(played.of())
    assert played.docker.calls[3] == ("build", IMAGE)


@pytest.mark.parametrize(
    ("threshold", "counts", "reused"),
    [
        ("HIGH", {"CRITICAL": 1}, False),
        ("HIGH", {"HIGH": 2, "LOW": 1}, False),
        ("HIGH", {"MEDIUM": 3}, True),
        ("HIGH", None, True),
        ("NONE", {"CRITICAL": 1}, True),
    ],
)
def test_no_layer_comes_from_an_image_with_findings_that_count(
    threshold: str, counts: dict[str, int] | None, *, reused: bool
) -> None:
    registry = PlayedRegistry([None, DIGEST], BEFORE, [Scan("COMPLETE", "", counts)])
    played = PlayedBuild(registry)
    image.run(played.of(threshold=threshold))
    [build] = [call for call in played.docker.calls if call[0] == "build"]
    assert build[2] == ("--cache-from" if reused else "--no-cache")
    assert (("pull", "ecr.example/wordpress:0ld") in played.docker.calls) is reused


def test_ecr_may_take_a_moment_to_show_what_was_pushed() -> None:
    played = PlayedBuild(PlayedRegistry([None, None, None, DIGEST]))
    image.run(played.of())
    assert played.clock.slept == [2.0, 2.0]


@pytest.mark.parametrize(("found", "told"), [(OTHER, OTHER), (None, "nothing")])
def test_another_digest_than_dockers_ends_the_build(found: str | None, told: str) -> None:
    played = PlayedBuild(PlayedRegistry([None, found]))
    with pytest.raises(BuildError) as caught:
        image.run(played.of())
    [problem] = caught.value.problems
    assert problem == f"docker has pushed {DIGEST}, and ECR has {told} for the commit"


def test_the_build_arguments() -> None:
    now = datetime(2026, 11, 30, 23, 59, 8, 123, tzinfo=UTC)
    found = image.arguments(PlayedBuild().of(), now)
    assert found == {
        "AS_OF": "2026-11-30",
        "BASE_IMAGE": "debian:sid",
        "REVISION": COMMIT,
        "CREATED": "2026-11-30T23:59:08+00:00",
        "SOURCE": "https://git.example/site",
        "BUILDKIT_INLINE_CACHE": "1",
    }
    assert image.arguments(PlayedBuild().of(arguments={"AS_OF": "x"}), now)["AS_OF"] == "x"
