"""How `validate --settle` ends a deployment: its record, and what follows from the verdict."""

from collections.abc import Sequence
from dataclasses import replace

from wpdeploy import pruning
from wpdeploy.cli import Invocation
from wpdeploy.errors import ClusterError, Exit, WpdeployError
from wpdeploy.kube import Cluster
from wpdeploy.record import Record, Result
from wpdeploy.report import Report
from wpdeploy.steps import recording
from wpdeploy.target import Target


def settle(
    invocation: Invocation, cluster: Cluster, target: Target, number: int, report: Report
) -> Report:
    """End the deployment of that number; if it failed, do what the environment wants done then."""
    try:
        known = end(invocation, cluster, target, number, report)
    except ClusterError as error:
        if report.exit is Exit.SUCCESS:
            raise
        # The verdict is worse news than that nobody will remember it.
        invocation.console.line(f"the failure is not recorded: {error}")
        return report
    if report.exit is Exit.SUCCESS:
        return _told(report, known)
    if not known or target.on_failure == "keep":
        return report
    # A success does not pay for what a rollback may need.
    from wpdeploy.steps import undoing  # noqa: PLC0415

    return undoing.undo(invocation, cluster, target, known, report)


def _told(report: Report, known: Sequence[Record]) -> Report:
    """The report of a success; whoever wanted today's parameters must learn that it has others."""
    restores = known[0].restores if known else None
    if restores is None:
        return report
    return replace(report, sentence=f"{report.sentence}; as #{restores}, with its parameters")


def end(
    invocation: Invocation, cluster: Cluster, target: Target, number: int, report: Report
) -> tuple[Record, ...]:
    """Record how the deployment of that number ended, and prune; all records, none: it is gone."""
    records = recording.records(invocation, cluster, target)
    succeeded = report.exit is Exit.SUCCESS
    result = Result.SUCCEEDED if succeeded else Result.FAILED
    reason = "" if succeeded else report.sentence
    known = records.settle(number, result, cluster.server_time(), reason)
    if known and succeeded:
        _prune(invocation, cluster, target, known)
    return known


def _prune(
    invocation: Invocation, cluster: Cluster, target: Target, known: Sequence[Record]
) -> None:
    """Delete what the release no longer has; the deployment has succeeded, whatever comes of it."""
    line = invocation.console.line
    try:
        inventory = pruning.survey(cluster, target.namespace, target.name)
        pruning.prune(cluster, pruning.plan(inventory, known), target.name, line)
    except WpdeployError as error:
        line(f"pruning stopped, the next deployment goes on: {error}")
