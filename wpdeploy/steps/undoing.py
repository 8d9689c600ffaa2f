"""What becomes of a release whose rollout failed, when its failure is told and recorded."""

from collections.abc import Sequence
from dataclasses import replace

from wpdeploy import rollback
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit, WpdeployError
from wpdeploy.kube import Cluster
from wpdeploy.record import Record
from wpdeploy.report import Report
from wpdeploy.steps import restoring
from wpdeploy.target import Target


def undo(
    invocation: Invocation,
    cluster: Cluster,
    target: Target,
    known: Sequence[Record],
    report: Report,
) -> Report:
    """Roll back the newest of the records, which failed; its report, and what came of that."""
    goal = rollback.of_failed(known[0], known)
    if isinstance(goal, str):
        return _with(report, f"not rolled back: {goal}", None)
    # The evidence comes first: a rollback takes the pods away that it is about.
    _tell(invocation, report)
    told = rollback.told(goal)
    invocation.console.line(f"rolling back to {told}")
    try:
        after = restoring.restore(invocation, cluster, target, goal)
    except WpdeployError as error:
        # The deployment ends with what failed first; this is part of what is told of it.
        return _unrestored(invocation, report, goal, str(error))
    if after.exit is not Exit.SUCCESS:
        return _unrestored(invocation, report, goal, after.sentence)
    return _with(report, f"rolled back to {told}", goal.number)


def _tell(invocation: Invocation, report: Report) -> None:
    invocation.console.line(report.sentence)
    for label, text in report.rows:
        invocation.console.line(f"  {label}: {text}")


def _unrestored(invocation: Invocation, report: Report, goal: Record, why: str) -> Report:
    """The report of a failure after which the rollback failed as well."""
    command = f"python -m wpdeploy rollback --group {invocation.context.group}"
    whole = _with(report, f"the rollback to {rollback.told(goal)} failed: {why}", None)
    # The other rows were told before the rollback: there is no room for them and for both reasons.
    kept = tuple(row for row in whole.rows if row[0] == "evidence")
    row = ("to do", f"mend that, then: {command} --to {goal.number}")
    return replace(whole, rows=(*kept, row))


def _with(report: Report, told: str, restored: int | None) -> Report:
    data = {**report.data, "rolled_back_to": restored, "rollback": told}
    return replace(report, sentence=f"{report.sentence}; {told}", data=data)
