from datetime import UTC, datetime

from sandbox.codedeploy import Timeline, console
from sandbox.codedeploy.timeline import Diagnostics, ErrorCode, LifecycleEvent, Outcome

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
STOPPED = LifecycleEvent("ApplicationStop", Outcome.SUCCEEDED, START, 0.004)
SKIPPED = LifecycleEvent("ValidateService", Outcome.SKIPPED)


def failed(diagnostics: Diagnostics) -> Timeline:
    event = LifecycleEvent("AfterInstall", Outcome.FAILED, START, 61.26, 7, diagnostics)
    return Timeline("d-1", (STOPPED, event, SKIPPED))


def test_a_success_is_a_table() -> None:
    assert console(Timeline("d-1", (STOPPED,))).splitlines() == [
        "Deployment d-1: Succeeded",
        "",
        "Event             Duration  Status     Error code",
        "ApplicationStop   0.00 s    Succeeded  -",
    ]


def test_a_failure_has_what_the_agent_reported() -> None:
    diagnostics = Diagnostics(ErrorCode.SCRIPT_FAILED, "it failed", "hooks/a", "one\n  two\n")
    assert failed(diagnostics).exit_code == 7
    assert console(failed(diagnostics)).splitlines() == [
        "Deployment d-1: Failed",
        "",
        "Event             Duration  Status     Error code",
        "ApplicationStop   0.00 s    Succeeded  -",
        "AfterInstall      61.26 s   Failed     ScriptFailed",
        "ValidateService   -         Skipped    -",
        "",
        "Error code   ScriptFailed",
        "Script name  hooks/a",
        "Message      it failed",
        "Log tail",
        "one",
        "  two",
    ]


def test_a_failure_without_a_script() -> None:
    assert console(failed(Diagnostics(ErrorCode.UNKNOWN_ERROR, "no"))).splitlines()[-4:] == [
        "Error code   UnknownError",
        "Script name  -",
        "Message      no",
        "Log tail     -",
    ]
