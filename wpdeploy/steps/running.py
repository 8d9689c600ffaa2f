"""How `apply` runs a Job: made, or made again after a failure, waited for and judged."""

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from wpdeploy import apply, jobs, live, observed, waiting
from wpdeploy.apply import Applied
from wpdeploy.cli import Invocation
from wpdeploy.errors import ClusterError
from wpdeploy.job_observation import JobObservation
from wpdeploy.jobs import Job, Snapshot
from wpdeploy.kinds import Manifest, path_of, title
from wpdeploy.kube import Cluster
from wpdeploy.observed import ReplicaSet
from wpdeploy.report import Report
from wpdeploy.steps.judging import EXITS
from wpdeploy.target import Target
from wpdeploy.verdict import Outcome, Verdict

# Seconds that are left, after the longest wait, to record the end and to say it.
_RESERVE = 60
# Seconds that the Job's controller has to say that its activeDeadlineSeconds are over.
_CONTROLLER = 30


def run(
    invocation: Invocation, cluster: Cluster, target: Target, job: Manifest
) -> Applied | Report:
    """Run the Job, unless it is complete; what was done to it, or why the deployment ends here."""
    line, name = invocation.console.line, title(job)
    # The times of the API server's objects have no fractions.
    since = cluster.server_time().replace(microsecond=0)
    found = cluster.get(path_of(job), name)
    known = jobs.job(found) if found else None
    done = Applied(name, "unchanged", 0)
    if known and known.complete:
        line(f"{name} unchanged: it is complete, and does not run again")
        return done
    if known and not known.failure:
        line(f"{name} unchanged: it still runs, and is waited for")
    else:
        done = _make(invocation, cluster, job, known)
    verdict, snapshot = _wait(invocation, cluster, target, job, since)
    if verdict.outcome is Outcome.SUCCEEDED:
        line(f"{name} complete")
        return done
    # The evidence comes first: with the Job its pods go.
    told = replace(verdict, sentence=f"{name}: {verdict.sentence}")
    report = _report(invocation, cluster, target, told, snapshot)
    _stop(invocation, cluster, job, snapshot)
    return report


def _make(invocation: Invocation, cluster: Cluster, job: Manifest, failed: Job | None) -> Applied:
    """The Job, made; one that failed is deleted before."""
    name = title(job)
    if failed:
        _delete(cluster, job, failed.uid)
        invocation.console.line(f"{name} deleted: it failed before, and is run again")
    force = invocation.options.force_conflicts
    [done] = apply.apply(cluster, [job], {name: None}, force=force).objects
    invocation.console.line(f"{name} created")
    return done


def _delete(cluster: Cluster, job: Manifest, uid: str) -> None:
    """Delete the Job of that uid, whatever has become of it since."""
    metadata = {key: job["metadata"][key] for key in ("name", "namespace")}
    cluster.delete({**job, "metadata": {**metadata, "uid": uid}})


def _wait(
    invocation: Invocation, cluster: Cluster, target: Target, job: Manifest, since: datetime
) -> tuple[Verdict, Snapshot]:
    """The verdict on it, and what was known then; a lost lock ends it."""
    console, clock = invocation.console, invocation.clock
    name = job["metadata"]["name"]
    seconds = _seconds(invocation, target, job)
    observation = JobObservation(cluster, target, name, clock, console.line, since=since)
    with closing(observation), live.telling(console, clock) as states:

        def notify(_snapshot: Snapshot, verdict: Verdict) -> None:
            cluster.before_change()
            states.tell(verdict.sentence)

        verdict = waiting.wait(observation, jobs.assess, clock, seconds, notify)
        snapshot = observation.snapshot()
    cluster.before_change()
    return verdict, snapshot


def _seconds(invocation: Invocation, target: Target, job: Manifest) -> float:
    """How long to wait at most: for what is left of the command's time, and no longer than told."""
    left = invocation.ends - invocation.clock.monotonic() - _RESERVE
    own = job["spec"].get("activeDeadlineSeconds")
    told = target.deadline if own is None else min(target.deadline, own + _CONTROLLER)
    return max(min(left, told), 1)


def _stop(invocation: Invocation, cluster: Cluster, job: Manifest, snapshot: Snapshot) -> None:
    """Delete a Job that could begin when nobody waits for it any more; one that runs goes on."""
    if snapshot.job is None or not jobs.could_begin(snapshot):
        return
    try:
        _delete(cluster, job, snapshot.job.uid)
    except ClusterError as error:
        invocation.console.line(f"{title(job)} is not deleted, and may still begin: {error}")
    else:
        invocation.console.line(f"{title(job)} deleted: nobody waits for it to begin")


def _report(
    invocation: Invocation, cluster: Cluster, target: Target, verdict: Verdict, snapshot: Snapshot
) -> Report:
    """The verdict with its evidence."""
    # A success does not pay for it.
    from wpdeploy.steps import gathering  # noqa: PLC0415

    known = _as_workload(snapshot)
    about = f"Job {snapshot.job.name}" if snapshot.job else "a Job that is gone"
    found = gathering.gather(invocation, cluster, target, verdict, known, writes=True, about=about)
    data = {"outcome": verdict.outcome.value, **dict(found.details), "evidence": found.document}
    return Report(EXITS[verdict.outcome], found.sentence, found.rows, data)


def _as_workload(snapshot: Snapshot) -> observed.Snapshot:
    """The same as of a Deployment whose ReplicaSet the Job is: what evidence is gathered of."""
    job, last = snapshot.job, snapshot.last
    uid, name = (job.uid, job.name) if job else ("", "")
    spec = {"replicas": 1, "selector": {"matchLabels": {"job-name": name}}}
    return observed.Snapshot(
        now=snapshot.now,
        workload=observed.workload({"metadata": {"uid": uid, "generation": 0}, "spec": spec}),
        replica_sets=(ReplicaSet(uid, uid, 0, name),),
        pods=tuple({pod.uid: pod for pod in (last, *snapshot.pods) if pod}.values()),
        serving=frozenset(),
        since=snapshot.since,
        generation=0,
        window=timedelta(),
        grace=snapshot.grace,
        events=snapshot.events,
    )
