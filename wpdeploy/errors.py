"""Every error that wpdeploy raises on purpose, and the exit codes.

    WpdeployError
    +-- UsageError           2  the command line or the environment of the process
    +-- ConfigurationError   3  an environment file, release.json, parameters.yaml
    +-- ParameterError       4  SSM or KMS
        +-- Denied              the role may not read it (see ssm.py)
    +-- ManifestError        5  a template, or an object that the API server cannot read
    +-- ClusterError         6  unreachable, forbidden, rejected
        +-- ApiError            the API server answered with a Status (see api_status.py)
        +-- Late                no answer in the time that was given (see answer.py)
        +-- BrokenOff           an answer that did not end (see answer.py)
        +-- NoSuchApi           the API server does not have it (see streams.py)
    +-- Locked               9  another deployment is at work (see lease.py)

A rollout or a smoke test that failed is no error: it is a verdict, and is returned.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum


class Exit(IntEnum):
    """What the process tells the CodeDeploy agent, and the scripts of an operator."""

    SUCCESS = 0
    BUG = 1
    USAGE = 2
    CONFIGURATION = 3
    PARAMETERS = 4
    MANIFEST = 5
    CLUSTER = 6
    ROLLOUT_FAILED = 7
    TIMED_OUT = 8
    LOCKED = 9
    SMOKE_FAILED = 10
    CHANGES = 11
    INTERRUPTED = 130
    TERMINATED = 143


class WpdeployError(Exception):
    """Something wpdeploy cannot get past: where, what (one or more problems), what to do."""

    exit_code = Exit.BUG

    def __init__(self, where: str, problems: str | Sequence[str], hint: str = "") -> None:
        self.where = where
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        self.hint = hint
        super().__init__(f"{where}: {'; '.join(self.problems)}" + (f" ({hint})" if hint else ""))

    @property
    def data(self) -> Mapping[str, object]:
        """What a program is told."""
        return {"where": self.where, "problems": self.problems, "hint": self.hint}


class UsageError(WpdeployError):
    """The command line, or the environment of the process, does not say what to do."""

    exit_code = Exit.USAGE


class ConfigurationError(WpdeployError):
    """A file of the bundle that a person wrote is missing or wrong."""

    exit_code = Exit.CONFIGURATION


class ParameterError(WpdeployError):
    """A parameter is missing, or SSM or KMS refused it."""

    exit_code = Exit.PARAMETERS


class ManifestError(WpdeployError):
    """A template cannot be rendered, or makes an object that is none."""

    exit_code = Exit.MANIFEST


class ClusterError(WpdeployError):
    """The API server cannot be reached, or refuses."""

    exit_code = Exit.CLUSTER


class Locked(WpdeployError):
    """Another deployment holds the lock: who, and since when in ISO 8601, where that is known."""

    exit_code = Exit.LOCKED

    def __init__(self, where: str, problem: str, hint: str, holder: str, since: str | None) -> None:
        super().__init__(where, problem, hint)
        self.holder, self.since = holder, since

    @property
    def data(self) -> Mapping[str, object]:
        """What a program is told."""
        return {**super().data, "holder": self.holder, "since": self.since}
