"""What became of a deployment, event by event, and how the CodeDeploy console shows it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """The status of a lifecycle event."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


class ErrorCode(StrEnum):
    """The error codes of CodeDeploy's API."""

    SCRIPT_MISSING = "ScriptMissing"
    SCRIPT_NOT_EXECUTABLE = "ScriptNotExecutable"
    SCRIPT_TIMED_OUT = "ScriptTimedOut"
    SCRIPT_FAILED = "ScriptFailed"
    UNKNOWN_ERROR = "UnknownError"


@dataclass(frozen=True)
class Diagnostics:
    """What the agent reports of a failed event."""

    error_code: ErrorCode
    message: str
    script_name: str = ""
    log_tail: str = ""


@dataclass(frozen=True)
class LifecycleEvent:
    """One event: when it started, how long it took, and why it failed if it did."""

    name: str
    outcome: Outcome
    started: datetime | None = None
    seconds: float = 0.0
    exit_code: int = 0
    """The failed script's own, 128 + n if signal n ended it; 1 where that would be none or 0."""
    diagnostics: Diagnostics | None = None


@dataclass(frozen=True)
class Timeline:
    """The lifecycle events of one deployment, in their order."""

    deployment_id: str
    events: tuple[LifecycleEvent, ...]

    @property
    def failed(self) -> LifecycleEvent | None:
        """The event that failed; those after it were skipped."""
        return next((event for event in self.events if event.outcome is Outcome.FAILED), None)

    @property
    def exit_code(self) -> int:
        """0 if all succeeded, else the exit code of the event that failed."""
        return self.failed.exit_code if self.failed else 0


_ROW = "{:<18}{:<10}{:<11}{}"


def console(timeline: Timeline) -> str:
    """The events as a table, then what is known of the one that failed."""
    status = Outcome.FAILED if timeline.failed else Outcome.SUCCEEDED
    lines = [f"Deployment {timeline.deployment_id}: {status}", ""]
    lines.append(_ROW.format("Event", "Duration", "Status", "Error code"))
    lines += map(_row, timeline.events)
    if timeline.failed and timeline.failed.diagnostics:
        lines += _details(timeline.failed.diagnostics)
    return "\n".join(lines) + "\n"


def _row(event: LifecycleEvent) -> str:
    duration = "-" if event.outcome is Outcome.SKIPPED else f"{event.seconds:.2f} s"
    code = event.diagnostics.error_code if event.diagnostics else "-"
    return _ROW.format(event.name, duration, event.outcome, code)


def _details(diagnostics: Diagnostics) -> list[str]:
    lines = ["", f"Error code   {diagnostics.error_code}"]
    lines.append(f"Script name  {diagnostics.script_name or '-'}")
    lines.append(f"Message      {diagnostics.message}")
    lines.append("Log tail" if diagnostics.log_tail else "Log tail     -")
    return lines + diagnostics.log_tail.splitlines()
