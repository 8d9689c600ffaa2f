import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wpdeploy import release
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError
from wpdeploy.release import Release

DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/wordpress@{DIGEST}"
RELEASE = Release(
    image=IMAGE,
    commit="c0ffee",
    build="wp:1",
    time="2026-11-01T12:00:00Z",
    branch="main",
    subject='Gr\xf6\xdferes Logo \U0001f600, "quoted" {{ x }} & \' / \\',
    link="https://console.aws.amazon.com/codebuild/wp:1?region=eu-central-1#/log",
    versions={"wpdeploy": "0.1", "python": "3.11"},
)
HINT = "CodeBuild writes it into the bundle; by hand, pass --release FILE"


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    return DeploymentContext("Test", "d-1", tmp_path, tmp_path, tmp_path / "release.json")


def document(**changes: object) -> dict[str, object]:
    return vars(RELEASE) | changes


def error(context: DeploymentContext) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        release.read(context)
    assert caught.value.where == "release.json"
    return caught.value


def problems(context: DeploymentContext, content: object) -> tuple[str, ...]:
    context.release_file.write_text(json.dumps(content))
    return error(context).problems


def test_release_json_is_read(context: DeploymentContext) -> None:
    context.release_file.write_text(json.dumps(document()))
    assert release.read(context) == RELEASE


@pytest.mark.parametrize(
    "image",
    [f"wordpress@{DIGEST}", f"localhost:5000/a/b:tag@{DIGEST}", f"r/{'x' * 300}@{DIGEST}"],
)
def test_an_image_by_digest_is_kept_as_it_is(context: DeploymentContext, image: str) -> None:
    context.release_file.write_text(json.dumps(document(image=image)))
    assert release.read(context).image == image


@pytest.mark.parametrize(
    "image",
    [
        *("wordpress", "wordpress:latest", "wordpress@sha512:0", f"wordpress@{DIGEST[:-1]}"),
        *(f"@{DIGEST}", f"a@b@{DIGEST}", f"word press@{DIGEST}", f"{IMAGE}0", f"{IMAGE}\n"),
        IMAGE.upper(),
    ],
)
def test_an_image_without_a_digest_is_refused(context: DeploymentContext, image: str) -> None:
    expected = f'"image" must end in a digest, REPOSITORY@sha256:..., not {image}'
    assert problems(context, document(image=image)) == (expected,)


@pytest.mark.parametrize("value", [None, "", 5, True, [], {}, ["c0ffee"]])
def test_a_value_that_is_no_text_is_refused(context: DeploymentContext, value: object) -> None:
    expected = '"commit" must be a string that is not empty'
    assert problems(context, document(commit=value)) == (expected,)


def test_who_writes_a_release_by_hand_needs_no_more_than_four_keys(
    context: DeploymentContext,
) -> None:
    known: dict[str, Any] = {"image": IMAGE, "commit": "c0ffee", "build": "wp:1", "time": "now"}
    context.release_file.write_text(json.dumps(known))
    assert release.read(context) == Release(**known)


NO_LINE = "must be one line of at most 500 printable characters"
NO_LINK = "must be a URL, https://..., without a password"
NO_VERSIONS = "must be an object of short strings"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        *((key, "a\nb", NO_LINE) for key in ("commit", "build", "time", "branch", "subject")),
        ("branch", "x" * 501, NO_LINE),
        ("subject", "\udcff", NO_LINE),
        ("branch", None, "must be a string"),
        ("subject", ["x"], "must be a string"),
        ("link", "console.aws.amazon.com/codebuild", NO_LINK),
        ("link", "javascript:alert(1)", NO_LINK),
        ("link", "https://", NO_LINK),
        ("link", "https://user:hunter2@ci.example/17", NO_LINK),
        ("link", "https://ci.example/a b", NO_LINK),
        ("link", f"https://ci.example/{'x' * 500}", NO_LINE),
        ("versions", "1.0", NO_VERSIONS),
        ("versions", {"python": 3.11}, NO_VERSIONS),
        ("versions", {"python": "3\n11"}, NO_VERSIONS),
    ],
)
def test_what_nobody_could_show_is_refused(
    context: DeploymentContext, key: str, value: object, problem: str
) -> None:
    assert problems(context, document(**{key: value})) == (f'"{key}" {problem}',)


SUBJECTS = {
    "a line": ("Larger logo", "Larger logo"),
    "a message": ("\n \n  Larger logo \n\nAs the customer wished.\n", "Larger logo"),
    "quotes, braces and slashes": ('"it\'s" {{ x }} & /\\', '"it\'s" {{ x }} & /\\'),
    "emoji": ("Gr\xf6\xdfer \U0001f600", "Gr\xf6\xdfer \U0001f600"),
    "what no terminal should get": ("a\x1b[31mb\tc\u202ed\udcff", "a [31mb c d"),
    "other ends of a line": ("one\u2028two", "one"),
    "200 characters": ("x" * 200, "x" * 200),
    "10 KB": ("x" * 10_000, "x" * 197 + "..."),
    "nothing": (" \n\t\n", ""),
}


@pytest.mark.parametrize(("message", "subject"), SUBJECTS.values(), ids=SUBJECTS)
def test_the_subject_of_a_message(message: str, subject: str) -> None:
    assert release.subject(message) == subject
    assert release.problems(document(subject=subject)) == []


def test_it_is_told_by_as_much_as_is_known() -> None:
    known = Release(IMAGE, "c0ffee" * 7, "wp:1", "now")
    assert release.told(known) == "commit c0ffeec0ffee"
    assert release.told(replace(known, branch="main")) == "commit c0ffeec0ffee on main"
    assert (
        release.told(replace(known, branch="main", subject="Larger logo"))
        == "commit c0ffeec0ffee on main: Larger logo"
    )


def test_all_that_is_wrong_is_told_at_once(context: DeploymentContext) -> None:
    assert problems(context, {"image": "wordpress", "tag": "v1", "commit": 5, "\u2713": ""}) == (
        '"commit" must be a string that is not empty',
        '"build" must be a string that is not empty',
        '"time" must be a string that is not empty',
        '"image" must end in a digest, REPOSITORY@sha256:..., not wordpress',
        'has the unknown key "tag"',
        'has the unknown key "\u2713"',
    )


@pytest.mark.parametrize("content", [None, [], "wordpress", 5])
def test_a_document_of_another_kind_is_refused(context: DeploymentContext, content: object) -> None:
    assert problems(context, content) == ("must be an object with image, commit, build, time",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"image": x}', "is not JSON: Expecting value: line 1 column 11 (char 10)"),
        (b"{}\n{}", "is not JSON: Extra data: line 2 column 1 (char 3)"),
        (b"\x1f\x8b\x08", "is not UTF-8 text (byte 1)"),
    ],
)
def test_a_file_that_is_no_json_is_refused_with_the_place(
    context: DeploymentContext, content: bytes, problem: str
) -> None:
    context.release_file.write_bytes(content)
    assert str(error(context)) == f"release.json: {problem} ({HINT})"


def test_json_without_end_is_refused(context: DeploymentContext) -> None:
    context.release_file.write_text("[" * 100_000)
    assert str(error(context)) == f"release.json: is nested too deeply ({HINT})"


def test_a_number_that_python_cannot_hold_is_refused(context: DeploymentContext) -> None:
    context.release_file.write_text("9" * 5000)
    assert error(context).hint == HINT


def test_a_release_that_is_missing_is_told_with_what_to_do(context: DeploymentContext) -> None:
    assert str(error(context)) == f"release.json: there is no such file ({HINT})"
