"""`validate`: wait for the rollout, and judge it.

After `apply` it judges that apply, by deployment.json; by hand, with no earlier step, it judges the
generation that is current. With --settle it ends the deployment, and frees its lock.
"""

from collections.abc import Mapping
from contextlib import closing

from wpdeploy import rollout, state
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.observation import Observation
from wpdeploy.report import Report
from wpdeploy.rollout import Outcome, Verdict
from wpdeploy.state import AppliedAt
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.locking import hold
from wpdeploy.target import Target

EXITS: Mapping[Outcome, Exit] = {
    Outcome.SUCCEEDED: Exit.SUCCESS,
    Outcome.FAILED: Exit.ROLLOUT_FAILED,
    Outcome.TIMED_OUT: Exit.TIMED_OUT,
}


def run(invocation: Invocation) -> Report:
    """Judge the rollout of the environment's Deployment."""
    console, settles = invocation.console, invocation.options.settle
    target, applied = _judged(invocation)
    cluster = connect(invocation, target)
    check = hold(invocation, cluster, target, waits=False).check if settles else _nothing
    seconds = invocation.options.timeout or target.deadline
    observation = Observation(cluster, target, applied, invocation.clock, console.line)

    def notify(verdict: Verdict) -> None:
        check()
        console.state(verdict.sentence)

    with closing(observation):
        verdict = rollout.wait(observation, invocation.clock, seconds, notify)
    # Whoever took the lock may have made what was judged.
    check()
    return _report(target, verdict)


def _nothing() -> None:
    """Check no lock: whoever only looks needs none."""


def _judged(invocation: Invocation) -> tuple[Target, AppliedAt | None]:
    deployment = state.read(invocation.context)
    if deployment and deployment.applied:
        return deployment.target, deployment.applied
    invocation.console.line("no apply of this deployment is known: judging what is current")
    # An operator's way: the hooks do not pay for reading the environment file again.
    from wpdeploy import settings  # noqa: PLC0415

    return located(invocation, settings.read(invocation.context)), None


def _report(target: Target, verdict: Verdict) -> Report:
    sentence = f"Deployment {target.name}: {verdict.sentence}"
    data = {"outcome": verdict.outcome.value, **dict(verdict.details)}
    return Report(EXITS[verdict.outcome], sentence, verdict.details, data)
