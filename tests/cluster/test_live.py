"""What `validate` shows while it waits: on a terminal, in a pipe, and to who stays."""

import json
import re
import signal

import pytest

from tests.cluster.site import Site, running
from tests.terminal import Emulator, Terminal

NEW = r"\nwordpress-\w+-\w+ +2 new +\d+ s +0 +(?!ready)\w+"
OLD = r"\nwordpress-\w+-\w+ +1 old +\d+ s +0 +ready"


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: the way to the API server makes no difference here."""


def terminal(site: Site, *options: str, **environ: str) -> Terminal:
    """`validate` by hand, on a terminal."""
    return Terminal(
        site.command("validate", *options),
        {**site.environ(), "TERM": "xterm", **environ},
        columns=110,
    )


def frame(screen: Emulator) -> str:
    return "\n".join(screen.frame)


def rolling(site: Site, tag: str) -> None:
    """A release under way over another one."""
    site.deployed()
    site.release(tag, digest="b")
    site.deployment_id = "d-TEST00002"
    assert site.deploy(["render", "apply"]).code == 0


def test_a_terminal_shows_the_pods_and_then_the_lines_that_a_pipe_gets(site: Site) -> None:
    rolling(site, "slow")
    with terminal(site) as shown:
        shown.until(lambda screen: re.search(NEW, frame(screen)))
        assert re.search(OLD, frame(shown.screen))
        assert shown.end() == 0
    assert shown.is_as_before
    log = [line for line in shown.screen.log if line]
    assert log[-1] == "wpdeploy validate: succeeded: Deployment wordpress: ready 3/3"
    assert all(re.match(r" +\d+\.\d s  ", line) for line in log[:-1])
    assert any("ready 0/3" in line or "ready 1/3" in line for line in log)


def test_ctrl_c_restores_the_terminal_and_keeps_the_lines(site: Site) -> None:
    rolling(site, "notready")
    with terminal(site) as shown:
        shown.until(lambda screen: "not ready" in frame(screen))
        shown.press("\x03")
        assert shown.end() == 130
    assert shown.is_as_before
    log = [line for line in shown.screen.log if line]
    assert log[-1] == "wpdeploy validate: FAILED (exit 130): interrupted; nothing is undone"
    assert any("ready 0/3, waiting for wordpress-" in line for line in log)


def test_the_view_follows_the_size_of_the_window(site: Site) -> None:
    rolling(site, "notready")
    with terminal(site) as shown:
        shown.until(lambda screen: "RESTARTS" in frame(screen))
        shown.resize(40, 8)
        shown.until(lambda screen: screen.frames and "RESTARTS" not in frame(screen))
        assert len(shown.screen.frame) <= 8
        assert max(map(len, shown.screen.frame)) < 40
        assert "not ready" in frame(shown.screen)
        shown.process.send_signal(signal.SIGTERM)
        assert shown.end() == 143
    assert shown.is_as_before


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(site: Site) -> None:
    rolling(site, "slow")
    with terminal(site, TERM="dumb") as shown:
        assert shown.end() == 0
    assert "\x1b" not in shown.raw


def test_a_program_on_a_terminal_gets_its_document_alone(site: Site) -> None:
    rolling(site, "slow")
    with terminal(site, "--output", "json") as shown:
        assert shown.end() == 0
    document = json.loads(shown.raw)
    assert document["outcome"] == "succeeded"
    assert {pod["state"] for pod in document["pods"] if pod["new"]} == {"ready"}


def test_who_stays_hears_each_change_and_ends_it_with_the_last_verdict(site: Site) -> None:
    site.deployed()
    with terminal(site, "--watch") as shown:
        shown.until(lambda screen: "succeeded: ready 3/3" in frame(screen))
        site.release("badpull", digest="b")
        site.deployment_id = "d-TEST00002"
        assert site.deploy(["render", "apply"]).code == 0
        shown.until(lambda screen: "failed: pod wordpress-" in frame(screen))
        shown.press("\x03")
        assert shown.end() == 7
    told = "\n".join(shown.screen.log)
    assert re.search(r"succeeded: ready 3/3\n(.*\n)+.* failed: pod wordpress-", told)
    assert "ROLLOUT FAILED (exit 7)" in told


def test_a_watch_in_a_pipe_ends_with_its_time_and_changes_nothing(site: Site) -> None:
    site.deployed()
    before = site.fingerprint()
    result = site.run("validate", "--watch", "--timeout", "3")
    assert result.code == 0, result.output
    assert "succeeded: ready 3/3" in result.output.splitlines()[-2]
    assert result.block == ["wpdeploy validate: succeeded: Deployment wordpress: ready 3/3"]
    assert site.fingerprint() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_of_what_is_well_is_ended_with_success(site: Site, number: int) -> None:
    site.deployed()
    with running(site.start("validate", "--watch")) as process:
        assert process.stdout
        while "  succeeded: ready 3/3" not in process.stdout.readline():
            pass
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert output == "wpdeploy validate: succeeded: Deployment wordpress: ready 3/3\n"


def test_a_pipe_gets_a_line_for_each_change_and_no_code(site: Site) -> None:
    rolling(site, "slow")
    result = site.run("validate")
    assert result.code == 0, result.output
    *lines, last = result.output.splitlines()
    assert last == "wpdeploy validate: succeeded: Deployment wordpress: ready 3/3"
    told = [line[11:] for line in lines]
    assert [text.partition(",")[0] for text in told if text.startswith("ready")] == sorted(
        text.partition(",")[0] for text in told if text.startswith("ready")
    )
    assert len(told) == len(set(told)) > 3
