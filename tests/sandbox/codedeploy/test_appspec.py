from pathlib import Path

import pytest

from sandbox.codedeploy import FIRST, SECOND, Generation
from sandbox.codedeploy.appspec import (
    AppSpec,
    AppSpecError,
    FileExistsBehavior,
    FileMapping,
    Script,
    parse,
    read,
)
from tests.sandbox.codedeploy.archives import HEAD, unpacked

BOTH = pytest.mark.parametrize("generation", [FIRST, SECOND], ids=["first", "second"])


def refusal(text: str, generation: Generation = SECOND) -> str:
    with pytest.raises(AppSpecError) as caught:
        parse(text, generation)
    return str(caught.value)


def scripts(entry: str, generation: Generation = SECOND) -> tuple[Script, ...]:
    return parse(f"{HEAD}hooks:\n  AfterInstall:\n  - {entry}\n", generation).hooks["AfterInstall"]


@BOTH
def test_all_that_it_may_say(generation: Generation) -> None:
    text = """
version: 0.0
os: linux
file_exists_behavior: OVERWRITE
files:
  - {source: /, destination: /opt/site}
permissions: []
hooks:
  AfterInstall:
    - location: " hooks/one "
      timeout: 30
      runas: nobody
    - location: hooks/two
  ValidateService: []
"""
    assert parse(text, generation) == AppSpec(
        hooks={
            "AfterInstall": (Script("hooks/one", 30, "nobody"), Script("hooks/two", 3600, None)),
            "ValidateService": (),
        },
        files=(FileMapping("/", "/opt/site"),),
        file_exists_behavior=FileExistsBehavior.OVERWRITE,
    )


def test_the_least_that_it_must_say() -> None:
    assert parse(HEAD, SECOND) == AppSpec({}, (), FileExistsBehavior.DISALLOW)
    assert parse("version: 0\nos: linux\nhooks:\nfiles:\n", SECOND) == AppSpec({})


def test_of_a_duplicate_event_the_first_is_lost() -> None:
    text = HEAD + "hooks:\n  Install:\n  - location: a\n  Install:\n  - location: b\n"
    assert parse(text, SECOND).hooks == {"Install": (Script("b"),)}


def test_any_name_may_be_an_event() -> None:
    assert parse(f"{HEAD}hooks: {{Instal: [{{location: a}}]}}", FIRST).hooks.keys() == {"Instal"}


@pytest.mark.parametrize(
    ("written", "first", "second"),
    [
        ("60", 60, 60),
        ("'60'", 60, None),
        ("30m", 30, None),
        ("90.5", 90, None),
        ("''", None, None),
        ("soon", None, None),
        ("0", None, None),
        ("-1", None, None),
        ("true", 1, None),
        ("[1]", None, None),
        ("~", 3600, 3600),
    ],
)
def test_timeouts_as_each_generation_reads_them(
    written: str, first: int | None, second: int | None
) -> None:
    entry = f"{{location: a, timeout: {written}}}"
    for generation, expected in ((FIRST, first), (SECOND, second)):
        if expected is None:
            with pytest.raises(AppSpecError, match=r"AfterInstall: script 1: the timeout .* whole"):
                scripts(entry, generation)
        else:
            assert scripts(entry, generation) == (Script("a", expected),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "appspec.yml: a mapping is wanted here"),
        ("- 1", "appspec.yml: a mapping is wanted here"),
        ("os: linux", "appspec.yml: version: None is not the number 0.0: write version: 0.0"),
        ("version: '0.0'\nos: linux", "version: '0.0' is not the number"),
        ("version: 1.0\nos: linux", "version: 1.0 is not the number"),
        ("version: false\nos: linux", "version: False is not the number"),
        ("version: 0.0", "os: None is not linux"),
        ("version: 0.0\nos: windows", "os: 'windows' is not linux: write os: linux"),
        (HEAD + "permissions: [{object: /}]", "permissions: the sandbox does not set any"),
        (HEAD + "hooks: [a]", "hooks: a mapping is wanted"),
        (HEAD + "hooks: {Install: {}}", "hooks: Install: a list is wanted"),
        (HEAD + "hooks: {Install: }", "hooks: Install: a list is wanted"),
        (HEAD + "hooks: {Install: [a]}", "hooks: Install: script 1: a mapping is wanted"),
        (HEAD + "hooks: {Install: [{timeout: 1}]}", "script 1: there is no location"),
        (HEAD + "hooks: {Install: [{location: ' '}]}", "script 1: there is no location"),
        (HEAD + "hooks: {Install: [{location: a, sudo: true}]}", "the sandbox does not do sudo"),
        (HEAD + "files: {}\n", ""),
        (HEAD + "files: {a: b}", "files: a list is wanted"),
        (HEAD + "files: [{source: a}]", "files: entry 1: there is no destination"),
        (HEAD + "files: [{destination: a}]", "files: entry 1: there is no source"),
        (HEAD + "file_exists_behavior: KEEP", "'KEEP' is none of DISALLOW, OVERWRITE, RETAIN"),
        (HEAD + "hooks: &a {}", "line 3: anchors and aliases are refused"),
        (HEAD + "hooks:\n\tInstall: []", "line 4: it is no YAML: "),
        (HEAD + "---\n", "it is no YAML: "),
        (HEAD + "hooks: \x07", "it is no YAML: "),
    ],
)
def test_what_is_refused_is_told_with_its_place(text: str, told: str) -> None:
    if told:
        assert told in refusal(text)
    else:
        assert parse(text, SECOND).files == ()


def test_it_has_one_name_at_the_root_of_the_archive(tmp_path: Path) -> None:
    unpacked(tmp_path, {"appspec.yaml": HEAD, "AppSpec.yml": HEAD, "below/appspec.yml": HEAD})
    with pytest.raises(AppSpecError, match=rf"there is none at the root .*{tmp_path}"):
        read(tmp_path, SECOND)
    assert read(tmp_path / "below", SECOND) == AppSpec({})


def test_it_is_utf_8(tmp_path: Path) -> None:
    (tmp_path / "appspec.yml").write_bytes(HEAD.encode() + b"# \xff")
    with pytest.raises(AppSpecError, match="byte 25 is no UTF-8"):
        read(tmp_path, SECOND)
