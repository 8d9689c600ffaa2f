"""How a step judges a rollout: waited for, asked for a page, its failure looked into.

What is known of a failure is gathered before anything of it is undone.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from wpdeploy import live, view, waiting
from wpdeploy.cli import Invocation
from wpdeploy.errors import Exit
from wpdeploy.kube import Cluster
from wpdeploy.observation import Observation
from wpdeploy.observed import Snapshot
from wpdeploy.record import AppliedAt
from wpdeploy.report import Report
from wpdeploy.rollout import current_pods
from wpdeploy.smoke import Failed, Passed, Smoked
from wpdeploy.stability import Judge
from wpdeploy.target import Target
from wpdeploy.verdict import Culprit, Outcome, Verdict, failed

EXITS: Mapping[Outcome, Exit] = {
    Outcome.SUCCEEDED: Exit.SUCCESS,
    Outcome.FAILED: Exit.ROLLOUT_FAILED,
    Outcome.TIMED_OUT: Exit.TIMED_OUT,
}


@dataclass(frozen=True)
class Trial:
    """A rollout before its judge; a lost lock ends it.

    The evidence of a failure is written into the state directory, or else onto the console.
    """

    invocation: Invocation
    cluster: Cluster
    target: Target
    writes: bool = False

    def judge(self, applied: AppliedAt | None, seconds: int) -> Report:
        """The report of the verdict, for which is waited so many seconds at most."""
        return self.conclude(*self.wait(applied, seconds))

    def wait(self, applied: AppliedAt | None, seconds: int) -> tuple[Verdict, Snapshot]:
        """The verdict, and what it is on."""
        console, clock = self.invocation.console, self.invocation.clock
        observation = Observation(self.cluster, self.target, applied, clock, console.line)
        view = live.watching(console, clock, self.invocation.environ, self._title)
        with closing(observation), view as tell:

            def notify(snapshot: Snapshot, verdict: Verdict) -> None:
                self.cluster.before_change()
                tell(snapshot, verdict)

            verdict = waiting.wait(observation, Judge(), clock, seconds, notify)
            snapshot = observation.snapshot()
        # Whoever took the lock may have made what was judged.
        self.cluster.before_change()
        return verdict, snapshot

    def conclude(self, verdict: Verdict, snapshot: Snapshot) -> Report:
        """The report of a verdict; a success must stand the smoke checks as well."""
        if verdict.outcome is not Outcome.SUCCEEDED:
            return self._lost(EXITS[verdict.outcome], verdict, snapshot)
        smoked = self._smoked(snapshot)
        if isinstance(smoked, Failed):
            pod = Culprit(dict(smoked.details).get("pod", ""), "")
            worse = failed(smoked.sentence, smoked.details, pod)
            return self._lost(Exit.SMOKE_FAILED, worse, snapshot, smoked)
        sentences = (verdict.sentence, smoked.sentence if isinstance(smoked, Passed) else "")
        sentence = f"{self._title}: {'; '.join(filter(None, sentences))}"
        data = view.document(verdict, snapshot, smoke=_document(smoked))
        return Report(Exit.SUCCESS, sentence, verdict.details, data)

    @property
    def _title(self) -> str:
        return f"Deployment {self.target.name}"

    def _smoked(self, snapshot: Snapshot) -> Smoked:
        # A rollout that failed does not pay for it.
        from wpdeploy.steps import smoking  # noqa: PLC0415

        pods = [pod.name for pod in current_pods(snapshot)]
        smoked = smoking.run(self.invocation, self.cluster, self.target, pods)
        if remark := _remark(smoked):
            self.invocation.console.line(remark)
        self.cluster.before_change()
        return smoked

    def _lost(
        self, end: Exit, verdict: Verdict, snapshot: Snapshot, smoked: Smoked | None = None
    ) -> Report:
        # A success does not pay for it.
        from wpdeploy.steps import gathering  # noqa: PLC0415

        found = gathering.gather(
            self.invocation, self.cluster, self.target, verdict, snapshot, writes=self.writes
        )
        # Its verdict and its snapshot are those that are fit to be shown.
        smoke = _document(smoked) if smoked else None
        data = view.document(found.verdict, found.snapshot, smoke=smoke, evidence=found.document)
        return Report(end, f"{self._title}: {found.sentence}", found.rows, data)


def _remark(smoked: Smoked) -> str:
    if isinstance(smoked, Passed):
        return smoked.remark
    return "" if isinstance(smoked, Failed) else f"smoke checks skipped: {smoked.reason}"


def _document(smoked: Smoked) -> dict[str, Any]:
    if isinstance(smoked, Passed):
        return {"result": "passed", "sentence": smoked.sentence, "remark": smoked.remark}
    if isinstance(smoked, Failed):
        return {"result": "failed", "sentence": smoked.sentence}
    return {"result": "skipped", "reason": smoked.reason}
