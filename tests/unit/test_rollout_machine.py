"""Random rollouts, seen through watches that lag and break: no verdict is wrong, or late.

What must hold is stated here anew, on the model's JSON and on what was so with its pods; nothing of
the core is asked.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import api_objects as api
from tests.unit import rollout_model as model_of
from tests.unit.rollout_looks import Shown, observation
from tests.unit.rollout_model import BENIGN, HARMFUL, Model
from tests.unit.rollout_rules import Objects, is_done, is_doomed, own_pods, uid
from tests.unit.rollout_states import NOW, WINDOW
from wpdeploy.observed import Snapshot
from wpdeploy.record import AppliedAt
from wpdeploy.stability import Judge
from wpdeploy.verdict import Outcome, Verdict
from wpdeploy.waiting import wait

Json = dict[str, Any]
LONG = 5000.0
KINDS = ("deployments", "replicasets", "pods", "endpointslices")


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
        self.told: Objects = self._all()
        self.held: list[tuple[float, bool]] = []

    def snapshot(self) -> Snapshot:
        self.held.append((self.monotonic(), is_done(self.told)))
        return self._real.snapshot()

    def monotonic(self) -> float:
        return (self.model.now - NOW).total_seconds()

    def refresh(self) -> None:
        self._show()
        self._real.refresh()
        self.told = self._all()
        self._pending.clear()

    def wait(self, seconds: float) -> None:
        assert not is_doomed(self.told, self._since), "it goes on though it is lost"
        until = self.monotonic() + seconds
        while self._script and self.monotonic() + self._script[0].seconds <= until:
            step = self._script.pop(0)
            self._do(step)
            if step.is_told and self._deliver():
                return
        if not self._script and self.monotonic() + 1 <= until and self._finish():
            return
        passed = until - self.monotonic()
        self._pass(passed)
        if self._script:
            self._script[0] = self._script[0]._replace(seconds=self._script[0].seconds - passed)

    def _all(self) -> Objects:
        return {kind: dict(items) for kind, items in self.model.objects.items()}

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
        before = self._all()
        pods, act = self.model.pods, {**BENIGN, **HARMFUL}.get(step.what)
        if act and pods:
            act(self.model, pods[step.which % len(pods)])
            self._pass(0)
        elif step.what == "applied by another":
            self.model.applied("another")
        elif step.what == "scaled":
            self.model.scaled(1 + step.which % 3)
        elif step.what == "all goes on":
            finish(self.model, step.which)
        elif step.what in CONTROLLERS:
            CONTROLLERS[step.what](self.model)
        self._note(before)

    def _note(self, before: Objects) -> None:
        for kind in KINDS:
            now = self.model.objects[kind]
            for own, item in now.items():
                if before[kind].get(own) is not item:
                    self._pending.append((kind, "MODIFIED", item))
            gone = [item for own, item in before[kind].items() if own not in now]
            self._pending += [(kind, "DELETED", item) for item in gone]

    def _deliver(self) -> bool:
        """Hand on what the watches that are not silent have; whether that was anything."""
        ready = [item for item in self._pending if item[0] not in self._silent]
        self._pending = [item for item in self._pending if item[0] in self._silent]
        for kind, what, item in ready:
            self._real._streams._take(self._stream(kind), {"type": what, "object": item})
            told = {own: old for own, old in self.told[kind].items() if own != uid(item)}
            self.told = {
                **self.told,
                kind: told if what == "DELETED" else told | {uid(item): item},
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
        before = self._all()
        finish(self.model)
        self._note(before)
        self._deliver()
        return was_silent or not _are_equal(before, self.model.objects)


def finish(model: Model, left_out: int = -1) -> None:
    """What everybody does who is not in trouble; one of the controllers may be left out."""
    model.rolled()
    model.created()
    for pod in model.pods:
        if not model_of.is_active(pod) or model_of.is_disrupted(pod):
            model.gone(pod)
        elif not pod["status"]["containerStatuses"]:
            model.started(pod)
        elif not model_of.is_ready(pod):
            model.became_ready(pod)
    for number, act in enumerate((Model.removed, Model.counted, Model.served)):
        if number != left_out:
            act(model)


CONTROLLERS = {
    "rolled": Model.rolled,
    "created": Model.created,
    "removed": Model.removed,
    "counted": Model.counted,
    "served": Model.served,
}


def _are_equal(first: Objects, second: Objects) -> bool:
    return all(first[kind] == second[kind] for kind in KINDS)


def check_success(world: World) -> None:
    """A success is true, has been for the whole window, and is that of what was applied."""
    model, end = world.model, world.monotonic()
    assert is_done(model.objects)
    assert model.deployment["spec"]["template"] == model_of._template("new")
    # Kubernetes writes whole seconds.
    latest = model.now - timedelta(seconds=WINDOW - 1)
    for pod in own_pods(model.objects):
        truth = model.truths[uid(pod)]
        assert truth.ready_since is not None
        assert truth.ready_since <= latest
        assert truth.restarted is None or truth.restarted <= latest
    lacked = [number for number, (_, is_held) in enumerate(world.held) if not is_held]
    if lacked:
        whole = world.held[lacked[-1] + 1][0]
        assert end - whole >= WINDOW - 1e-6


def judged(world: World) -> Verdict:
    return wait(world, Judge(), world, LONG, lambda _snapshot, _verdict: None)


WORK = ["rolled", "created", "removed", "counted", "served", "scaled", *["all goes on"] * 10]
WATCHES = ["a watch is silent", "a watch is silent", "listed anew"]
KUBELETS = ["started", "became ready", *BENIGN]
SKEWS = st.lists(st.sampled_from([0.0, -0.5, -40.0, 40.0]), min_size=1, max_size=3)


def scripts(names: Sequence[str]) -> st.SearchStrategy[list[Step]]:
    seconds = st.sampled_from([1.0, 1.0, 2.0, 4.0, 9.5])
    told = st.sampled_from([True, True, False])
    step = st.builds(Step, st.sampled_from(names), st.integers(0, 5), seconds, told)
    # A rollout that has come some way: what is of interest happens about its end.
    begun = st.integers(0, 7).map(lambda count: [Step("all goes on", -1, 1, is_told=True)] * count)
    return st.tuples(begun, st.lists(step, max_size=30)).map(lambda parts: parts[0] + parts[1])


@settings(max_examples=400, deadline=None)
@given(scripts([*WORK, *WATCHES, *KUBELETS]), st.integers(0, 12), SKEWS)
def test_what_no_rollout_deserves_to_fail_for_ends_in_success(
    script: list[Step], before: int, skews: list[float]
) -> None:
    world = World(script, before, skews)
    verdict = judged(world)
    assert verdict.outcome is Outcome.SUCCEEDED, verdict.sentence
    check_success(world)


@settings(max_examples=400, deadline=None)
@given(
    scripts([*WORK, *WATCHES, *KUBELETS, *HARMFUL, "applied by another"]), st.integers(0, 12), SKEWS
)
def test_no_success_is_false_and_nothing_that_is_lost_is_waited_for(
    script: list[Step], before: int, skews: list[float]
) -> None:
    world = World(script, before, skews)
    if judged(world).outcome is Outcome.SUCCEEDED:
        check_success(world)
