"""`rollback`: back to a release that succeeded, by hand.

What changes is shown before anybody is asked, and what was shown is what is done: who finds that
something was deployed meanwhile changes nothing.
"""

from dataclasses import replace

from wpdeploy import rollback, settings
from wpdeploy.cli import Invocation
from wpdeploy.errors import ClusterError, Exit
from wpdeploy.kube import Cluster
from wpdeploy.record import Record
from wpdeploy.report import Report
from wpdeploy.steps import diff, recording, restoring
from wpdeploy.steps.asking import agreed
from wpdeploy.steps.configuring import configuration
from wpdeploy.steps.connection import connect, located
from wpdeploy.steps.locking import hold
from wpdeploy.target import Target


def run(invocation: Invocation) -> Report:
    """Show what a record would change, ask, restore it and judge the rollout."""
    options = invocation.options
    target = located(invocation, settings.read(invocation.context))
    cluster = connect(invocation, target)
    records = recording.records(invocation, cluster, target).all()
    goal = rollback.by_hand(records, options.to)
    # What cannot come back any more is told before anybody is asked.
    configuration(invocation, cluster, target, goal)
    force = options.force_conflicts
    diff.show(invocation, diff.of_record(cluster, target, goal, records, force=force))
    if not _agreed(invocation, goal):
        return _told(Report(Exit.INTERRUPTED, "nothing was changed"), goal)
    hold(invocation, cluster, target, waits=True)
    _check_newest(invocation, cluster, target, records[0])
    return _told(restoring.restore(invocation, cluster, target, goal, force=force), goal)


def _agreed(invocation: Invocation, goal: Record) -> bool:
    told = f"rollback to {rollback.told(goal)}"
    question = f"roll back to #{goal.number}? The database stays as it is."
    return agreed(invocation, told, "do it", question)


def _told(report: Report, goal: Record) -> Report:
    back = "back" if report.exit is Exit.SUCCESS else "not back"
    sentence = f"{back} on {rollback.told(goal)}: {report.sentence}"
    return replace(report, sentence=sentence, data={**report.data, "to": goal.number})


def _check_newest(invocation: Invocation, cluster: Cluster, target: Target, shown: Record) -> None:
    newest = recording.records(invocation, cluster, target).all()[:1]
    if not newest or newest[0] != shown:
        now = newest[0].told if newest else "there is no record"
        hint = "nothing was changed; run it again to see what it would change now"
        raise ClusterError("rollback", f"it is no longer as it was shown: {now}", hint)
