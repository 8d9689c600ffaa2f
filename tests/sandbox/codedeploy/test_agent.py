import os
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from sandbox.codedeploy import FIRST, SECOND, Agent, Deployment, Generation, Revision, Timeline
from sandbox.codedeploy.agent import EVENTS
from sandbox.codedeploy.timeline import ErrorCode, Outcome
from tests.sandbox.codedeploy.archives import HEAD, appspec, archive, zipped

BOTH = pytest.mark.parametrize("generation", [FIRST, SECOND], ids=["first", "second"])


class Host:
    """An agent of its own, and deployments d-1, d-2, ... to the group g."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root = directory / "root"
        self.notes = directory / "notes"
        self.heard: list[str] = []
        self.number = 0

    def deploy(
        self,
        files: dict[str, str],
        generation: Generation = SECOND,
        mode: int = 0o755,
        links: dict[str, str] | None = None,
    ) -> Timeline:
        self.number += 1
        bundle = zipped(self.directory / "bundle.zip", files, mode, links)
        agent = Agent(self.root, {"NOTES": str(self.notes)}, generation, self.heard.append)
        return agent.deploy(self.deployment(bundle))

    def deployment(self, bundle: Path) -> Deployment:
        revision = Revision(bundle, "artifacts", "site/bundle.zip", "e1")
        return Deployment(f"d-{self.number}", "site", "Test", "g", revision)

    def path(self, name: str) -> Path:
        return self.root / "g" / f"d-{self.number}" / name

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


NOTE = 'echo "$LIFECYCLE_EVENT $DEPLOYMENT_ID" >> "$NOTES"'
SCRIPTED = ("BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")


@BOTH
def test_the_events_run_in_their_order(host: Host, generation: Generation) -> None:
    found = host.deploy(archive(**dict.fromkeys(reversed(EVENTS), NOTE)), generation)
    assert host.noted() == [f"{event} d-1" for event in SCRIPTED]
    assert [(event.name, event.outcome) for event in found.events] == [
        (event, Outcome.SUCCEEDED) for event in EVENTS
    ]
    assert found.failed is None
    assert found.exit_code == 0


@BOTH
def test_all_events_after_a_failed_one_are_skipped(host: Host, generation: Generation) -> None:
    scripts = dict.fromkeys(SCRIPTED, NOTE) | {"AfterInstall": "echo why; echo no >&2; exit 7"}
    found = host.deploy(archive(**scripts), generation)
    assert host.noted() == ["BeforeInstall d-1"]
    assert [event.outcome.value for event in found.events] == ["Succeeded"] * 4 + [
        "Failed",
        "Skipped",
        "Skipped",
    ]
    assert found.exit_code == 7
    assert found.failed
    assert found.failed.name == "AfterInstall"
    diagnostics = found.failed.diagnostics
    assert diagnostics
    assert diagnostics.error_code is ErrorCode.SCRIPT_FAILED
    assert diagnostics.script_name == "hooks/AfterInstall"
    assert diagnostics.message == (
        "Script at specified location: hooks/AfterInstall failed with exit code 7"
    )
    # The order of the two streams is lost.
    assert "[stdout]why\n" in diagnostics.log_tail
    assert "[stderr]no\n" in diagnostics.log_tail


def test_events_know_when_they_were_and_for_how_long(host: Host) -> None:
    found = host.deploy(archive(BeforeInstall="exit 3"))
    before, failed, skipped = found.events[1], found.events[2], found.events[3]
    assert before.started
    assert failed.started
    assert before.started < failed.started
    assert failed.seconds > 0
    assert skipped.started is None
    assert skipped.seconds == 0


def test_a_script_gets_what_the_agent_gives_and_nothing_else(host: Host) -> None:
    host.deploy(archive(BeforeInstall="tr '\\0' '\\n' < /proc/self/environ > \"$NOTES\""))
    assert set(host.noted()) - {"PWD=/"} == {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"NOTES={host.notes}",
        "LIFECYCLE_EVENT=BeforeInstall",
        "DEPLOYMENT_ID=d-1",
        "APPLICATION_NAME=site",
        "DEPLOYMENT_GROUP_NAME=Test",
        "DEPLOYMENT_GROUP_ID=g",
        "BUNDLE_BUCKET=artifacts",
        "BUNDLE_KEY=site/bundle.zip",
        "BUNDLE_ETAG=e1",
    }


def test_the_version_of_the_bundle_is_there_if_it_has_one(host: Host) -> None:
    bundle = zipped(host.directory / "b.zip", archive(BeforeInstall='echo "$BUNDLE_VERSION$A"'))
    deployment = host.deployment(bundle)
    versioned = replace(deployment, revision=replace(deployment.revision, version="v"))
    Agent(host.root, {"A": "!"}, notify=host.heard.append).deploy(versioned)
    assert host.heard[-1] == "[stdout]v!"


def test_the_agents_path_may_be_another(host: Host) -> None:
    bundle = zipped(host.directory / "b.zip", archive(BeforeInstall='echo "$PATH"'))
    Agent(host.root, {"PATH": "/bin"}, notify=host.heard.append).deploy(host.deployment(bundle))
    assert host.heard[-1] == "[stdout]/bin"


def test_a_script_finds_its_archive_by_its_own_path(host: Host) -> None:
    host.deploy(archive(BeforeInstall='echo "$0"; pwd'))
    directory = host.path("deployment-archive")
    assert host.heard[2:] == [f"[stdout]{directory}/hooks/BeforeInstall", "[stdout]/"]


def test_the_directories_are_the_agents(host: Host) -> None:
    host.deploy(archive(BeforeInstall="echo before", ValidateService="echo valid"))
    assert sorted(path.name for path in host.path("").iterdir()) == [
        "bundle.tar",
        "deployment-archive",
        "logs",
    ]
    assert host.path("deployment-archive/appspec.yml").is_file()
    lines = [line[20:] for line in host.path("logs/scripts.log").read_text().splitlines()]
    assert lines == host.heard
    assert lines == [
        "LifecycleEvent - BeforeInstall",
        "Script - hooks/BeforeInstall",
        "[stdout]before",
        "LifecycleEvent - ValidateService",
        "Script - hooks/ValidateService",
        "[stdout]valid",
    ]


def test_modes_and_links_are_those_of_the_zip_file(host: Host) -> None:
    files = archive(BeforeInstall='"$(dirname "$0")/link"') | {"bin/run": "#!/bin/sh\necho run\n"}
    assert host.deploy(files, links={"hooks/link": "../bin/run"}).exit_code == 0
    assert host.heard[-1] == "[stdout]run"
    assert host.path("deployment-archive/bin/run").stat().st_mode & 0o777 == 0o755


@BOTH
def test_a_hook_that_is_not_executable_is_made_so_but_no_other_file(
    host: Host, generation: Generation
) -> None:
    scripts = {"BeforeInstall": "echo mended", "AfterInstall": '"$(dirname "$0")/run"'}
    files = archive(**scripts) | {"hooks/run": "#!/bin/sh\n"}
    found = host.deploy(files, generation, mode=0o644)
    assert "[stdout]mended" in host.heard
    assert found.failed
    assert (found.failed.name, found.exit_code) == ("AfterInstall", 126)


def test_a_zip_file_without_modes_will_do(host: Host) -> None:
    file = host.directory / "bundle.zip"
    with ZipFile(file, "w") as bundle:
        for name, text in archive(BeforeInstall="exit 4").items():
            entry = ZipInfo(name)
            entry.create_system, entry.external_attr = 0, 0x20
            bundle.writestr(entry, text)
    assert Agent(host.root, {}).deploy(host.deployment(file)).exit_code == 4


def test_an_archive_of_one_directory_is_that_directory(host: Host) -> None:
    files = {f"site-1.0/{name}": text for name, text in archive(BeforeInstall="exit 4").items()}
    assert host.deploy(files).exit_code == 4


@pytest.mark.parametrize("bundle", [b"", b"PK no zip"])
def test_a_bundle_that_is_none_fails_the_download(host: Host, bundle: bytes) -> None:
    file = host.directory / "bundle.zip"
    file.write_bytes(bundle)
    found = Agent(host.root, {}).deploy(host.deployment(file))
    assert found.failed
    assert found.failed.name == "DownloadBundle"
    assert found.failed.diagnostics
    assert found.failed.diagnostics.error_code is ErrorCode.UNKNOWN_ERROR
    assert "not a zip file" in found.failed.diagnostics.message
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("text", "told"), [("version: 2\n", "version: 2 is not"), (None, "there is none at the root")]
)
def test_a_refused_appspec_fails_before_any_script(host: Host, text: str | None, told: str) -> None:
    files = archive(BeforeInstall=NOTE)
    del files["appspec.yml"]
    found = host.deploy(files | ({"appspec.yml": text} if text else {"appspec.yaml": HEAD}))
    assert found.failed
    assert (found.failed.name, found.exit_code) == ("BeforeInstall", 1)
    assert found.failed.diagnostics
    assert found.failed.diagnostics.error_code is ErrorCode.UNKNOWN_ERROR
    assert told in found.failed.diagnostics.message
    assert not host.notes.exists()


def test_an_unknown_event_fails_only_at_install(host: Host) -> None:
    found = host.deploy(archive(BeforeInstall=NOTE, Instal="true", BeforeAllowTraffic="true"))
    assert host.noted() == ["BeforeInstall d-1"]
    assert found.failed
    assert (found.failed.name, found.exit_code) == ("Install", 1)
    assert found.failed.diagnostics
    message = "appspec.yml file contains unknown lifecycle events: Instal"
    assert found.failed.diagnostics.message == message


def test_application_stop_is_the_previous_archives(host: Host) -> None:
    host.deploy(archive(ApplicationStop="echo old", ValidateService="exit 1"))
    assert "[stdout]old" not in host.heard
    host.heard.clear()
    # Its Install finished, though it failed later.
    host.deploy(archive(ApplicationStop="echo new"))
    assert "[stdout]old" in host.heard
    assert host.path("logs/scripts.log").read_text().endswith("[stdout]old\n")
    assert not (host.root / "g" / "d-1" / "logs" / "scripts.log").read_text().endswith("old\n")


def test_an_archive_that_was_not_installed_stops_nothing(host: Host) -> None:
    host.deploy(archive(ApplicationStop="echo old"))
    host.deploy(archive(ApplicationStop="echo failed", BeforeInstall="exit 1"))
    host.heard.clear()
    host.deploy(archive())
    assert "[stdout]old" in host.heard


def test_a_broken_application_stop_blocks_every_later_deployment(host: Host) -> None:
    host.deploy(archive(ApplicationStop="exit 3"))
    for _ in range(2):
        found = host.deploy(archive())
        assert found.failed
        assert (found.failed.name, found.exit_code) == ("ApplicationStop", 3)


def test_a_deployment_may_be_run_again(host: Host) -> None:
    host.deploy(archive(ApplicationStop="exit 5", BeforeInstall="exit 1"))
    host.number -= 1
    # Now ApplicationStop finds the archive of this very deployment.
    assert host.deploy(archive()).exit_code == 5


def test_five_revisions_are_kept_and_the_last_installed_always(host: Host) -> None:
    host.deploy(archive())
    for number in range(2, 9):
        host.deploy(archive(BeforeInstall="exit 1"))
        os.utime(host.path(""), (number, number))
    kept = sorted(path.name for path in (host.root / "g").iterdir())
    assert kept == ["d-1", "d-5", "d-6", "d-7", "d-8"]


def test_groups_are_apart(host: Host) -> None:
    bundle = zipped(host.directory / "b.zip", archive(ApplicationStop="exit 1"))
    deployment = host.deployment(bundle)
    agent = Agent(host.root, {})
    assert agent.deploy(deployment).exit_code == 0
    other = replace(deployment, id="d-9", group="Production", group_id="h")
    assert agent.deploy(other).exit_code == 0


def test_a_timeout_of_the_appspec_holds(host: Host) -> None:
    files = archive(BeforeInstall="echo on; sleep 60")
    found = host.deploy(files | {"appspec.yml": appspec("BeforeInstall", timeout=1)})
    assert found.exit_code == 143
    assert found.failed
    assert 1 <= found.failed.seconds < 30
    assert found.failed.diagnostics
    assert found.failed.diagnostics.error_code is ErrorCode.SCRIPT_TIMED_OUT
    assert found.failed.diagnostics.message == (
        "Script at specified location: hooks/BeforeInstall failed to complete in 1 seconds"
    )
    assert found.failed.diagnostics.log_tail.endswith("[stdout]on\n")


def test_a_relative_root_does_as_well(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(host.directory)
    bundle = zipped(Path("b.zip"), {"appspec.yml": appspec("BeforeInstall")})
    found = Agent(Path("root"), {}).deploy(host.deployment(bundle))
    assert found.failed
    assert found.failed.diagnostics
    missing = host.path("deployment-archive/hooks/BeforeInstall")
    assert found.failed.diagnostics.error_code is ErrorCode.SCRIPT_MISSING
    assert found.failed.diagnostics.message == (
        f"Script does not exist at specified location: {missing}"
    )
