"""The scripts of one lifecycle event, one after the other, until one fails."""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.codedeploy.appspec import Script
from sandbox.codedeploy.generations import Generation
from sandbox.codedeploy.process import Ended, Fault, run
from sandbox.codedeploy.script_log import ScriptLog
from sandbox.codedeploy.timeline import Diagnostics, ErrorCode

# What is wrong beside the exit code; {} is the timeout. For a stream that is left open the agent
# has a code of its own, which the service's API has not.
_FAULTS = {
    Fault.TIMED_OUT: (ErrorCode.SCRIPT_TIMED_OUT, "to complete in {} seconds"),
    Fault.STDOUT_OPEN: (ErrorCode.UNKNOWN_ERROR, "to close STDOUT"),
    Fault.STDERR_OPEN: (ErrorCode.UNKNOWN_ERROR, "to close STDERR"),
    Fault.UNREADABLE: (
        ErrorCode.SCRIPT_FAILED,
        "with error ArgumentError with message invalid byte sequence in UTF-8",
    ),
}


class ScriptError(Exception):
    """A script failed: what the agent reports, and the script's own exit code, or 1."""

    def __init__(self, diagnostics: Diagnostics, exit_code: int = 1) -> None:
        super().__init__(diagnostics.message)
        self.diagnostics = diagnostics
        self.exit_code = exit_code or 1


@dataclass(frozen=True)
class Hooks:
    """Where and how the scripts of an event run."""

    archive: Path
    environ: Mapping[str, str]
    generation: Generation
    log: ScriptLog

    def run(self, event: str, scripts: Iterable[Script]) -> None:
        """Run them in their order; a ScriptError tells of the first that fails."""
        self.log.heading(f"LifecycleEvent - {event}")
        for script in scripts:
            self._make_executable(script)
            self.log.heading(f"Script - {script.location}")
            self._judge(script, self._start(script))

    def _make_executable(self, script: Script) -> None:
        path = self._path(script.location)
        if not path.exists():
            message = f"Script does not exist at specified location: {path}"
            raise self._error(ErrorCode.SCRIPT_MISSING, script, message)
        if os.access(path, os.X_OK):
            return
        # The agent mends a missing bit of the hook itself, though of no other file.
        try:
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o111)
        except OSError as error:
            message = f"Unable to set script at specified location: {script.location} as executable"
            raise self._error(ErrorCode.SCRIPT_NOT_EXECUTABLE, script, message) from error

    def _start(self, script: Script) -> Ended:
        try:
            return run(
                self._command(script),
                self.environ,
                script.timeout,
                self.generation,
                self.log.output,
            )
        except OSError as error:
            how = f"with error {self.generation.reason(error)}"
            raise self._failed(script, how) from error

    def _judge(self, script: Script, ended: Ended) -> None:
        if ended.fault:
            code, how = _FAULTS[ended.fault]
            raise self._failed(script, how.format(script.timeout), code, ended.code)
        if ended.code:
            exit_code = self.generation.signalled if ended.signalled else ended.code
            raise self._failed(script, f"with exit code {exit_code}", exit_code=ended.code)

    def _command(self, script: Script) -> list[str]:
        # There are no arguments, and no way to quote: a space parts the path.
        first, *rest = script.location.split(" ")
        command = [str(self._path(first)), *rest]
        return ["su", script.runas, "-c", *command] if script.runas else command

    def _path(self, location: str) -> Path:
        return self.archive / location.lstrip("/")

    def _failed(
        self,
        script: Script,
        how: str,
        code: ErrorCode = ErrorCode.SCRIPT_FAILED,
        exit_code: int = 1,
    ) -> ScriptError:
        user = f" run as user {script.runas}" if script.runas else ""
        message = f"Script at specified location: {script.location}{user} failed {how}"
        return self._error(code, script, message, exit_code)

    def _error(
        self, code: ErrorCode, script: Script, message: str, exit_code: int = 1
    ) -> ScriptError:
        return ScriptError(Diagnostics(code, message, script.location, self.log.tail), exit_code)
