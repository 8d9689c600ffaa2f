"""Random rollouts, seen through watches that lag and break: no verdict is wrong, or late.

What must hold is stated here anew, on the model's JSON and on what was so with its pods; nothing of
the core is asked.
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import api_objects as api
from tests.unit import rollout_model as model_of
from tests.unit.rollout_looks import Shown, observation
from tests.unit.rollout_model import BENIGN, HARMFUL, MISSING, UNKNOWN, Model
from tests.unit.rollout_states import NOW, WINDOW
from wpdeploy.observed import Snapshot
from wpdeploy.record import AppliedAt
from wpdeploy.stability import Judge
from wpdeploy.verdict import Outcome, Verdict
from wpdeploy.waiting import wait

Json = dict[str, Any]
Objects = Mapping[str, Mapping[str, Json]]
LONG = 5000.0
KINDS = ("deployments", "replicasets", "pods", "endpointslices")
HOPELESS = {
    ("InvalidImageName", "x"),
    ("ErrImagePull", UNKNOWN),
    ("CreateContainerConfigError", MISSING),
}


class Step(NamedTuple):
    """What happens after so many seconds, to which object, and whether the watches tell it now."""

    what: str
    which: int
    seconds: float
    is_told: bool


class World:
    """A model with a script, and what an observer has been told of it: waiting's Observation."""

    def __init__(self, script: Sequence[Step], before: int, skews: list[float]) -> None:
        self.model = Model(NOW + timedelta(seconds=0.7), skews)
        self._script = list(script)
        self._shown = Shown(self.model.now)
        self._pass(30)
        self.model.applied("new")
        since = self.model.now.replace(microsecond=0)
        generation = self.model.deployment["metadata"]["generation"]
        self._since, self._silent = api.stamp(since), set[str]()
        self._pending: list[tuple[str, str, Json]] = []
        for step in self._script[:before]:
            self._act(step)
        del self._script[:before], self._pending[:]
        self._show()
        self._real = observation(self._shown, AppliedAt(since, generation, {"wordpress": "new"}))
        self.told: Objects = self.model.objects
        self.held: list[tuple[float, bool]] = []

    def snapshot(self) -> Snapshot:
        self.held.append((self.monotonic(), is_done(self.told)))
        return self._real.snapshot()

    def monotonic(self) -> float:
        return (self.model.now - NOW).total_seconds()

    def refresh(self) -> None:
        self._show()
        self._real.refresh()
        self.told = copy.copy(self.model.objects)
        self._pending.clear()

    def wait(self, seconds: float) -> None:
        assert not is_doomed(self.told, self._since), "it goes on though it is lost"
        until = self.monotonic() + seconds
        while self._script and self.monotonic() + self._script[0].seconds <= until:
            step = self._script.pop(0)
            self._do(step)
            if step.is_told and self._deliver():
                return
        if not self._script and self._finish():
            return
        passed = until - self.monotonic()
        self._pass(passed)
        if self._script:
            self._script[0] = self._script[0]._replace(seconds=self._script[0].seconds - passed)

    def _pass(self, seconds: float) -> None:
        self.model.now += timedelta(seconds=seconds)
        self._shown.now = self.model.now

    def _show(self) -> None:
        self._shown.lists = {
            kind: list(items.values()) for kind, items in self.model.objects.items()
        }

    def _do(self, step: Step) -> None:
        if step.what == "a watch is silent":
            self._silent.add(KINDS[step.which % len(KINDS)])
        self._act(step)
        if step.what == "listed anew":
            self._list_anew()

    def _act(self, step: Step) -> None:
        self._pass(step.seconds)
        before = {kind: dict(items) for kind, items in self.model.objects.items()}
        pods, act = self.model.pods, {**BENIGN, **HARMFUL}.get(step.what)
        if act and pods:
            act(self.model, pods[step.which % len(pods)])
        elif step.what == "applied by another":
            self.model.applied("another")
        elif step.what == "scaled":
            self.model.scaled(1 + step.which % 3)
        elif step.what in CONTROLLERS:
            CONTROLLERS[step.what](self.model)
        self._note(before)

    def _note(self, before: Objects) -> None:
        for kind in KINDS:
            now = self.model.objects[kind]
            for uid, item in now.items():
                if before[kind].get(uid) is not item:
                    self._pending.append((kind, "MODIFIED", item))
            gone = [item for uid, item in before[kind].items() if uid not in now]
            self._pending += [(kind, "DELETED", item) for item in gone]

    def _deliver(self) -> bool:
        """Hand on what the watches that are not silent have; whether that was anything."""
        ready = [item for item in self._pending if item[0] not in self._silent]
        self._pending = [item for item in self._pending if item[0] in self._silent]
        for kind, what, item in ready:
            self._real._streams._take(self._stream(kind), {"type": what, "object": item})
            told = {uid: old for uid, old in self.told[kind].items() if uid != _uid(item)}
            self.told = {
                **self.told,
                kind: told if what == "DELETED" else told | {_uid(item): item},
            }
        return bool(ready)

    def _list_anew(self) -> None:
        """The watches that were silent begin with a list."""
        self._show()
        for kind in self._silent:
            self._real._streams._relist(self._stream(kind))
            self.told = {**self.told, kind: dict(self.model.objects[kind])}
        self._pending = [item for item in self._pending if item[0] not in self._silent]
        self._silent.clear()

    def _stream(self, kind: str) -> Any:
        return next(item for item in self._real._streams._streams if item.path.endswith(f"/{kind}"))

    def _finish(self) -> bool:
        """The watches work again, and all controllers and kubelets do what is left to do."""
        self._pass(1)
        was_silent = bool(self._silent)
        self._list_anew()
        before = {kind: dict(items) for kind, items in self.model.objects.items()}
        finish(self.model)
        self._note(before)
        self._deliver()
        return was_silent or not _are_equal(before, self.model.objects)


def finish(model: Model) -> None:
    """What everybody but a container in trouble does in the end."""
    model.rolled()
    model.created()
    for pod in model.pods:
        if not model_of.is_active(pod):
            model.gone(pod)
        elif not pod["status"]["containerStatuses"]:
            model.started(pod)
        elif not model_of.is_ready(pod) and "running" in _state(pod):
            model.became_ready(pod)
    model.removed()
    model.counted()
    model.served()


CONTROLLERS = {
    "all goes on": finish,
    "rolled": Model.rolled,
    "created": Model.created,
    "removed": Model.removed,
    "counted": Model.counted,
    "served": Model.served,
}


def _state(pod: Json) -> Json:
    state: Json = pod["status"]["containerStatuses"][0]["state"]
    return state


def _uid(item: Json) -> str:
    uid: str = item["metadata"]["uid"]
    return uid


def _are_equal(first: Objects, second: Objects) -> bool:
    return all(first[kind] == second[kind] for kind in KINDS)


def own_pods(objects: Objects) -> list[Json]:
    """The pods of the newest ReplicaSet, where the Deployment knows it for its own."""
    newest = max(objects["replicasets"].values(), key=model_of.revision)
    pods = objects["pods"].values()
    return [pod for pod in pods if model_of.is_owned(pod, _uid(newest)) and model_of.is_active(pod)]


def is_current(objects: Objects) -> bool:
    """Whether the controller has seen the generation, and made its ReplicaSet."""
    (deployment,) = objects["deployments"].values()
    newest = max(map(model_of.revision, objects["replicasets"].values()))
    seen: int = deployment["status"]["observedGeneration"]
    is_seen = seen >= deployment["metadata"]["generation"]
    return is_seen and newest == model_of.revision(deployment)


def is_done(objects: Objects) -> bool:
    """The strictest union, of what these objects say."""
    (deployment,) = objects["deployments"].values()
    own, status = own_pods(objects), deployment["status"]
    desired: int = deployment["spec"]["replicas"]
    counters = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    serving = {item["targetRef"]["uid"] for item in objects["endpointslices"]["slice"]["endpoints"]}
    return (
        is_current(objects)
        and all(status[name] == desired for name in counters)
        and len(own) == desired == sum(map(model_of.is_ready, own))
        and not [pod for pod in objects["pods"].values() if _is_stray(pod, own)]
        and bool(serving & {_uid(pod) for pod in own})
    )


def _is_stray(pod: Json, own: Sequence[Json]) -> bool:
    return model_of.is_active(pod) and pod not in own


def is_doomed(objects: Objects, since: str) -> bool:
    """Whether a new pod shows what no patience cures."""
    return is_current(objects) and any(
        (waits["reason"], waits["message"]) in HOPELESS
        for pod in own_pods(objects)
        for item in pod["status"]["containerStatuses"]
        if (waits := item["state"].get("waiting")) and pod["metadata"]["creationTimestamp"] >= since
    )


def check_success(world: World) -> None:
    """A success is true, has been for the whole window, and is that of what was applied."""
    model, end = world.model, world.monotonic()
    assert is_done(model.objects)
    assert model.deployment["spec"]["template"] == model_of._template("new")
    # Kubernetes writes whole seconds.
    latest = model.now - timedelta(seconds=WINDOW - 1)
    for pod in own_pods(model.objects):
        truth = model.truths[_uid(pod)]
        assert truth.ready_since is not None
        assert truth.ready_since <= latest
        assert truth.restarted is None or truth.restarted <= latest
    lacked = [number for number, (_, is_held) in enumerate(world.held) if not is_held]
    if lacked:
        whole = world.held[lacked[-1] + 1][0]
        assert end - whole >= WINDOW - 1e-6


def judged(world: World) -> Verdict:
    return wait(world, Judge(), world, LONG, lambda _snapshot, _verdict: None)


# Without many a step in which all goes on, hardly a rollout would ever be complete.
WORK = ["rolled", "created", "removed", "counted", "served", "scaled", *["all goes on"] * 15]
WATCHES = ["a watch is silent", "listed anew"]
KUBELETS = ["started", "became ready", *BENIGN]
SKEWS = st.lists(st.sampled_from([0.0, -0.5, -40.0, 40.0]), min_size=1, max_size=3)


def scripts(names: Sequence[str]) -> st.SearchStrategy[list[Step]]:
    seconds = st.sampled_from([1.0, 1.0, 2.0, 5.0, 9.5, 12.0])
    step = st.builds(Step, st.sampled_from(names), st.integers(0, 5), seconds, st.booleans())
    return st.lists(step, max_size=40)


@settings(max_examples=400, deadline=None)
@given(scripts([*WORK, *WATCHES, *KUBELETS]), st.integers(0, 40), SKEWS)
def test_what_no_rollout_deserves_to_fail_for_ends_in_success(
    script: list[Step], before: int, skews: list[float]
) -> None:
    world = World(script, before, skews)
    verdict = judged(world)
    assert verdict.outcome is Outcome.SUCCEEDED, verdict.sentence
    check_success(world)


@settings(max_examples=400, deadline=None)
@given(
    scripts([*WORK, *WATCHES, *KUBELETS, *HARMFUL, "applied by another"]), st.integers(0, 40), SKEWS
)
def test_no_success_is_false_and_nothing_that_is_lost_is_waited_for(
    script: list[Step], before: int, skews: list[float]
) -> None:
    world = World(script, before, skews)
    if judged(world).outcome is Outcome.SUCCEEDED:
        check_success(world)
