"""`validate --watch`: stay after the verdict, and tell each change of it; it only reads."""

import math
from contextlib import closing

from wpdeploy import live, staying
from wpdeploy.cli import Invocation
from wpdeploy.ending import Terminated
from wpdeploy.observation import Observation
from wpdeploy.observed import Snapshot
from wpdeploy.report import Report
from wpdeploy.steps.judging import Trial
from wpdeploy.verdict import Outcome, Verdict


def ends(invocation: Invocation) -> float:
    """When the watch ends, by the clock."""
    return invocation.clock.monotonic() + (invocation.options.timeout or math.inf)


def stay(trial: Trial, verdict: Verdict, report: Report, *, until: float) -> Report:
    """The report of the last verdict on what is current, whoever deployed it.

    Ctrl-C and SIGTERM ask for it; before there is one, they end this as any other command.
    """
    invocation, target = trial.invocation, trial.target
    console, clock = invocation.console, invocation.clock
    observation = Observation(trial.cluster, target, None, clock, console.line)
    view = live.watching(console, clock, invocation.environ, f"Deployment {target.name}")
    is_open = False

    def heard(snapshot: Snapshot, now: Verdict) -> None:
        nonlocal is_open
        is_open = now.outcome is Outcome.PROGRESSING
        notify(snapshot, now)

    try:
        with closing(observation), view as notify:
            for changed in staying.verdicts(
                observation, verdict, clock, patience=target.deadline, ends=until, notify=heard
            ):
                report = trial.conclude(changed, observation.snapshot())
                is_open = False
    except (KeyboardInterrupt, Terminated):
        if is_open:
            raise
    return report
