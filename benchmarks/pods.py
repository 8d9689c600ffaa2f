"""What watching a rollout of many pods costs: memory, processor, and how late the verdict is.

    python -m benchmarks.pods [--pods 1000] [--seconds 60]

A scripted API server, in a process of its own, replaces all pods of a Deployment within that time;
this process waits for it as `validate` does.
"""

import argparse
import multiprocessing
import resource
import time
from contextlib import closing
from multiprocessing.connection import Connection

import urllib3

from benchmarks import scripted_rollout
from benchmarks.figures import table
from wpdeploy.clock import Clock
from wpdeploy.kube import Access, Cluster
from wpdeploy.observation import Observation
from wpdeploy.observed import Snapshot
from wpdeploy.record import AppliedAt
from wpdeploy.stability import Judge
from wpdeploy.target import KubeconfigCluster, Target
from wpdeploy.verdict import Outcome, Verdict
from wpdeploy.waiting import wait

# At most: megabytes resident, of one processor.
_MEMORY, _PROCESSOR = 100, 1.0
_WINDOW = 10
_TARGET = Target(KubeconfigCluster("-", None), "shop", "web", 900, stability_window=_WINDOW)


def _watched(url: str) -> tuple[Verdict, int, float, float]:
    """The verdict, how often it was thought about, seconds it took, and those of a processor."""
    clock, looks = Clock(), 0
    cluster = Cluster(Access(url, urllib3.PoolManager(maxsize=8), lambda _: None), clock, print)
    applied = AppliedAt(cluster.server_time().replace(microsecond=0), scripted_rollout.GENERATION)
    started, before = time.monotonic(), time.process_time()
    observation = Observation(cluster, _TARGET, applied, clock, print)

    def notify(_snapshot: Snapshot, _verdict: Verdict) -> None:
        nonlocal looks
        looks += 1

    with closing(observation):
        verdict = wait(observation, Judge(), clock, 900, notify)
    return verdict, looks, time.monotonic() - started, time.process_time() - before


def _run(pods: int, seconds: float) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, pods, seconds), daemon=True)
    server.start()
    idle = _resident()
    verdict, looks, wall, spent = _watched(ours.recv())
    ours.send("it is over: when was the last change?")
    late = time.time() - _WINDOW - ours.recv()
    server.terminate()
    if verdict.outcome is not Outcome.SUCCEEDED:
        raise SystemExit(f"the rollout did not succeed: {verdict.sentence}")
    rows = (
        (f"of {pods} pods in {seconds:.0f} s", "measured", "at most"),
        ("resident at most, MB", f"{_resident():.0f} (idle {idle:.0f})", f"{_MEMORY}"),
        ("of one processor", f"{spent / wall:.2f} ({spent:.1f} s in {wall:.0f} s)", "1.00"),
        ("success after the last change and the window, s", f"{late:.2f}", ""),
        ("looks at the whole", f"{looks}", ""),
    )
    print(table(*rows))
    if _resident() > _MEMORY or spent / wall > _PROCESSOR:
        raise SystemExit("it costs more than it may")


def _resident() -> float:
    """Megabytes that this process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _serve(pipe: Connection, pods: int, seconds: float) -> None:
    server = scripted_rollout.Server(pods, seconds)
    pipe.send(server.url)
    pipe.recv()
    pipe.send(server.ended)
    pipe.recv()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    _run(options.pods, options.seconds)
