from pathlib import Path

import pytest

from sandbox.codedeploy import lint
from tests.sandbox.codedeploy.archives import HEAD, appspec, archive, unpacked

SOUND = archive(BeforeInstall="true", ValidateService="true")
HOOK = "hooks/BeforeInstall"


def test_a_sound_archive_has_no_problems(tmp_path: Path) -> None:
    assert lint(unpacked(tmp_path, SOUND)) == []


def test_a_missing_execute_bit(tmp_path: Path) -> None:
    [found] = lint(unpacked(tmp_path, archive(BeforeInstall="true"), mode=0o644))
    assert found == f"{HOOK}: it is not executable: chmod 755"


def twice(first: int, second: int) -> str:
    entries = [f"{{location: {HOOK}, timeout: {seconds}}}" for seconds in (first, second)]
    return f"{HEAD}hooks: {{BeforeInstall: [{', '.join(entries)}]}}"


BEFORE = f"{HEAD}hooks:\n  BeforeInstall:\n  - location: {HOOK}\n"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({HOOK: "#!/bin/sh\r\ntrue\r\n"}, f"{HOOK}: its first line ends in CR LF"),
        ({HOOK: "true\n"}, f"{HOOK}: its first line is no #!"),
        ({"appspec.yml": twice(1800, 1801)}, "hooks: BeforeInstall: the timeouts add up to 3601 s"),
        ({"appspec.yml": BEFORE + f"  - location: {HOOK}"}, "the timeouts add up to 7200 s"),
        ({"appspec.yml": appspec("BeforeInstal")}, "hooks: BeforeInstal: there is no such event"),
        ({"appspec.yml": appspec("Install")}, "Install: no script of this event ever runs"),
        ({"appspec.yml": BEFORE + BEFORE[30:]}, "hooks: BeforeInstall is here 2 times"),
        ({"appspec.yml": BEFORE + "    timeout: 30m"}, "the timeout '30m' is refused"),
        ({"appspec.yml": BEFORE + "    timeout: '30'"}, "the timeout '30' is refused"),
        ({"appspec.yml": HEAD.replace("linux", "Linux")}, "os: 'Linux' is not linux"),
        ({"appspec.yml": BEFORE.replace(HOOK, "hooks/none")}, "hooks/none: there is no such file"),
        ({"appspec.yml": BEFORE.replace(HOOK, "hooks")}, "hooks: there is no such file"),
        ({"appspec.yml": BEFORE.replace(HOOK, "a b"), "a b": "#!/bin/sh"}, "a b: a space parts"),
        (
            {"appspec.yml": HEAD + "files: [{source: /, destination: /opt/site}]"},
            "files: /opt/site: Install fails if a file is there",
        ),
    ],
)
def test_what_will_fail_on_a_host_is_found(
    tmp_path: Path, changed: dict[str, str], told: str
) -> None:
    [found] = [problem for problem in lint(unpacked(tmp_path, SOUND | changed)) if told in problem]
    assert "\n" not in found


def test_an_hour_is_allowed(tmp_path: Path) -> None:
    assert lint(unpacked(tmp_path, SOUND | {"appspec.yml": twice(1800, 1800)})) == []


def test_files_that_may_be_overwritten_are_sound(tmp_path: Path) -> None:
    text = HEAD + "file_exists_behavior: OVERWRITE\nfiles: [{source: /, destination: /opt/site}]"
    assert lint(unpacked(tmp_path, {"appspec.yml": text})) == []


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    files = archive(BeforeInstall="true", Validate="true") | {HOOK: "true"}
    assert len(lint(unpacked(tmp_path, files, mode=0o644))) == 4
