"""What will go wrong with an archive on a host, or may, found without running any of it."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from sandbox.codedeploy import appspec
from sandbox.codedeploy.agent import EVENTS, TRAFFIC_EVENTS
from sandbox.codedeploy.appspec import AppSpec, AppSpecError, FileExistsBehavior, Script
from sandbox.codedeploy.generations import FIRST, SECOND

# The service gives an event an hour, however many scripts it has.
_LONGEST = 3600
_NO_SCRIPTS = {"DownloadBundle", "Install", *TRAFFIC_EVENTS}


def lint(archive: Path) -> list[str]:
    """The problems that an unpacked archive has with either generation of the agent."""
    try:
        specs = [appspec.read(archive, generation) for generation in (FIRST, SECOND)]
    except AppSpecError as error:
        return [str(error)]
    problems = [*_lost_events(archive), *_files(specs[0])]
    for event, scripts in specs[0].hooks.items():
        problems += (f"{appspec.NAME}: hooks: {event}: {found}" for found in _event(event, scripts))
        for script in scripts:
            problems += (f"{script.location}: {found}" for found in _script(archive, script))
    return problems


def _lost_events(archive: Path) -> Iterator[str]:
    document = yaml.compose((archive / appspec.NAME).read_text(encoding="utf-8"))
    for section, hooks in _entries(document):
        if section.value == "hooks":
            for event, count in Counter(key.value for key, _ in _entries(hooks)).items():
                if count > 1:
                    yield f"{appspec.NAME}: hooks: {event} is here {count} times: the last counts"


def _entries(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _files(spec: AppSpec) -> Iterator[str]:
    if spec.file_exists_behavior is FileExistsBehavior.DISALLOW:
        for mapping in spec.files:
            yield (
                f"{appspec.NAME}: files: {mapping.destination}: Install fails if a file is there "
                "that it did not make, when it has removed the previous version's"
            )


def _event(event: str, scripts: tuple[Script, ...]) -> Iterator[str]:
    if event not in (*EVENTS, *TRAFFIC_EVENTS):
        yield f"there is no such event: Install fails; there are {', '.join(EVENTS)}"
    elif event in _NO_SCRIPTS:
        yield "no script of this event ever runs"
    total = sum(script.timeout for script in scripts)
    if total > _LONGEST:
        yield f"the timeouts add up to {total} s: an event has {_LONGEST} s at most"


def _script(archive: Path, script: Script) -> Iterator[str]:
    path = archive / script.location.lstrip("/")
    if " " in script.location:
        yield "a space parts the path: the rest is taken for arguments"
    if not path.is_file():
        yield "there is no such file in the archive"
        return
    if not os.access(path, os.X_OK):
        yield "it is not executable: chmod 755"
    with path.open("rb") as stream:
        first = stream.readline()
    if not first.startswith((b"#!", b"\x7fELF")):
        yield "its first line is no #!, and there is no shell that would read it"
    elif first.endswith(b"\r\n"):
        yield "its first line ends in CR LF: no such interpreter is found"
