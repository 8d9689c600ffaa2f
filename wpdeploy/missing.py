"""What a rollout still lacks to be done: the strictest union of what other tools ask for."""

import re
from collections.abc import Iterator, Sequence

from wpdeploy import doing
from wpdeploy.observed import RECREATE, ReplicaSet, Snapshot, Workload
from wpdeploy.pods import Pod, late

_WHOSE = re.compile(r'(Error creating: )?pods "[^"]*" is forbidden: ')


def of(snapshot: Snapshot, workload: Workload, pods: Sequence[Pod]) -> Iterator[str]:
    """What is not as it should be; `pods` are those of the current ReplicaSet that count."""
    desired = workload.desired
    ready = [pod for pod in pods if pod.ready]
    counters = (workload.updated, workload.ready, workload.available, len(pods), len(ready))
    old = _old(snapshot, workload, pods)
    if any(counter != desired for counter in counters):
        waits = _waited_for(snapshot, workload, pods)
        yield f"ready {min(workload.available, len(ready))}/{desired}, {waits}"
    if old:
        yield f"old pods left: {len(old)}, {old[0].name}"
    elif workload.replicas != workload.updated:
        yield f"old pods left: {workload.replicas - workload.updated}"
    if desired and not {pod.uid for pod in pods} & snapshot.serving:
        yield "the Service has no ready endpoint among the new pods"


def refusal(replica_set: ReplicaSet) -> str:
    """Why the API server refuses its pods, without the name of one that never was."""
    return _WHOSE.sub("", replica_set.failure)


def _old(snapshot: Snapshot, workload: Workload, pods: Sequence[Pod]) -> list[Pod]:
    own = {pod.uid for pod in pods}
    ours = {item.uid for item in snapshot.replica_sets if item.owner == workload.uid}
    return [pod for pod in snapshot.pods if pod.owner in ours and pod.counts and pod.uid not in own]


def _waited_for(snapshot: Snapshot, workload: Workload, pods: Sequence[Pod]) -> str:
    if pod := late(pods):
        return f"waiting for {pod.name}: {doing.words(pod, snapshot.events.get(pod.uid, ()))}"
    refusals = [refusal(item) for item in _newest(snapshot, workload) if item.failure]
    if refusals:
        return f"no pod can be created: {refusals[0]}"
    if len(pods) == workload.desired:
        return "waiting for the controller to count them"
    ending = [pod for pod in snapshot.pods if pod.deleting]
    if workload.strategy == RECREATE and ending:
        hangs = doing.overdue(ending[0], snapshot.now)
        why = f"it {hangs}" if hangs else "new pods are created then (Recreate)"
        return f"waiting for {ending[0].name} to end: {why}"
    return f"{len(pods)} of {workload.desired} new pods exist"


def _newest(snapshot: Snapshot, workload: Workload) -> list[ReplicaSet]:
    return [
        item
        for item in snapshot.replica_sets
        if (item.owner, item.revision) == (workload.uid, workload.revision)
    ]
