"""States of a rollout for the tests of its verdict: a healthy one, and changes to it."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from wpdeploy import pods
from wpdeploy.observed import ReplicaSet, Snapshot, Workload
from wpdeploy.pods import Container, Pod

NOW = datetime(2026, 11, 5, 3, 0, tzinfo=UTC)
IMAGE = "registry.example/wordpress@sha256:" + "a" * 64
# What a kubelet says between two attempts to pull.
BACK_OFF = f'Back-off pulling image "{IMAGE}"'
WINDOW = 10


def ago(seconds: float) -> datetime:
    """So many seconds before NOW."""
    return NOW - timedelta(seconds=seconds)


APPLIED = ago(120)


def workload(**changes: Any) -> Workload:
    """A Deployment of three replicas whose rollout is complete."""
    complete = Workload(
        uid="deployment",
        selector="app=wordpress",
        generation=7,
        observed_generation=7,
        revision=4,
        desired=3,
        replicas=3,
        updated=3,
        ready=3,
        available=3,
        progress_reason="NewReplicaSetAvailable",
        progress_message='ReplicaSet "web-new" has successfully progressed.',
        progress_updated=ago(60),
        replica_failure="",
    )
    return dataclasses.replace(complete, **changes)


def container(**changes: Any) -> Container:
    """A container that runs and never ended."""
    running = Container(
        name="wordpress", image=IMAGE, restarts=0, waiting="", message="", last_exit="", began=None
    )
    return dataclasses.replace(running, **changes)


def waiting(reason: str, message: str = "", **changes: Any) -> tuple[Container]:
    """One container that waits for a reason."""
    return (container(waiting=reason, message=message, **changes),)


def pod(name: str, **changes: Any) -> Pod:
    """A pod of the new ReplicaSet, made after the apply, ready for a minute."""
    ready = Pod(
        uid=f"uid-of-{name}",
        name=name,
        owner="new",
        created=ago(90),
        deleting=False,
        over=False,
        ready=True,
        unschedulable="",
        containers=(container(),),
        transition=ago(60),
        changed=ago(60),
        transition_within=ago(60),
    )
    return dataclasses.replace(ready, **changes)


def unready(name: str, *containers: Container, seconds: float = 60, **changes: Any) -> Pod:
    """A pod of the new ReplicaSet that has stood still for so many seconds without being ready."""
    state = {"ready": False, "containers": containers, "changed": ago(seconds)}
    found = pod(name, **state | changes)
    trouble = found.trouble or pods._trouble(found, None)
    return dataclasses.replace(found, trouble=trouble, troubled=ago(seconds))


def snapshot(*pods: Pod, **changes: Any) -> Snapshot:
    """A complete rollout with these pods, all of which serve; three ready ones if none is given."""
    shown = pods or (pod("web-1"), pod("web-2"), pod("web-3"))
    complete = Snapshot(
        now=NOW,
        workload=workload(),
        replica_sets=(
            ReplicaSet("old", "deployment", 3),
            ReplicaSet("new", "deployment", 4, "web-new"),
            ReplicaSet("somebody else's", "another deployment", 4),
        ),
        pods=shown,
        serving=frozenset(item.uid for item in shown),
        since=APPLIED,
        generation=7,
        window=timedelta(seconds=WINDOW),
    )
    return dataclasses.replace(complete, **changes)


def starting(*pods: Pod, **changes: Any) -> Snapshot:
    """A rollout that has begun: the new ReplicaSet has these pods, none of the old ones is left."""
    counters = {"replicas": len(pods), "updated": len(pods), "ready": 0, "available": 0}
    begun = workload(progress_reason="ReplicaSetUpdated", **counters)
    return snapshot(*pods, **{"workload": begun, "serving": frozenset()} | changes)
