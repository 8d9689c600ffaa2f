"""Random rollouts on the simulated cluster, while pods go, replicas change and watches break.

`validate` runs as a process of its own. What was true meanwhile is read from the API server's own
store, where every change is seen at once; nothing of the core is asked.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sandbox.kubernetes import ApiServer
from sandbox.kubernetes.store import Change
from tests.cluster.site import Site, image, until
from tests.simulated.conftest import SimulatedPlane
from tests.unit.rollout_rules import Objects, is_complete

Json = dict[str, Any]
WINDOW = 4
# Longer than anything here takes that a tier decides.
TIMEOUT = 40.0
# Kubernetes writes whole seconds; a change takes a moment to be known, a process to end.
BLUR = 1.5
HEALTHY = ("v2", "v3", "slow")
DOOMED = ("badpull", "invalidname", "badconfig", "crashloop", "oom")
# How these end depends on who comes first.
DOUBTFUL = ("crashonce", "crashlater", "flap")
MERGE = "application/strategic-merge-patch+json"
# Where the store has what a rollout consists of.
KINDS = {"apps/deployments": "deployments", "apps/replicasets": "replicasets", "/pods": "pods"}


class History:
    """The objects of a namespace as they were, each time that one of them changed."""

    def __init__(self, namespace: str, now: Objects) -> None:
        self._namespace = namespace
        self.moments = [(time.monotonic(), now)]

    def note(self, change: Change) -> None:
        """What the store calls on every change."""
        storage, namespace, name = change.key
        if namespace != self._namespace or storage not in KINDS:
            return
        kind, (_, before) = KINDS[storage], self.moments[-1]
        others = {own: item for own, item in before[kind].items() if own != name}
        now = others if change.after is None else others | {name: change.after}
        self.moments.append((time.monotonic(), {**before, kind: now}))

    def held(self, is_so: Callable[[Objects], bool], begin: float, end: float) -> bool:
        """Whether it was so all the time."""
        known = [at for at, _ in self.moments if at <= begin]
        return all(is_so(then) for at, then in self.moments if known[-1] <= at <= end)


class Rollout(RuleBasedStateMachine):
    """One rollout, what befalls it meanwhile, and at its end what `validate` said of it."""

    site: ClassVar[Site]
    server: ClassVar[ApiServer]
    history: ClassVar[History]
    number = 1

    def __init__(self) -> None:
        super().__init__()
        self.tag, self.is_muted = "", False
        self.process: subprocess.Popen[str] | None = None

    @initialize(tag=st.sampled_from([*HEALTHY, *DOOMED, *DOUBTFUL]), replicas=st.integers(1, 4))
    def begins(self, tag: str, replicas: int) -> None:
        type(self).number += 1
        # The same image again would be no rollout.
        reference = image(tag, digest=f"{self.number % 16:x}")
        containers = [{"name": "wordpress", "image": reference}]
        template = {"spec": {"containers": containers}}
        self._patch({"replicas": replicas, "template": template})
        self.tag = tag
        self.process = self.site.start("validate", "--timeout", f"{TIMEOUT:.0f}")

    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0, 2.0]))
    def time_passes(self, seconds: float) -> None:
        if self.process is not None and self.process.poll() is None:
            time.sleep(seconds)

    @rule(replicas=st.integers(1, 4))
    def it_is_scaled(self, replicas: int) -> None:
        self._patch({"replicas": replicas})

    @rule(which=st.integers(0, 7))
    def a_pod_is_deleted(self, which: int) -> None:
        if names := sorted(self.site.pod_names()):
            path = f"{self.site.collection('pods', 'v1')}/{names[which % len(names)]}"
            self.site.plane_request("DELETE", path)

    @rule(which=st.integers(0, 7))
    def a_pod_is_evicted(self, which: int) -> None:
        running = [pod for pod in self.site.pods() if pod["status"]["phase"] == "Running"]
        if names := sorted(pod["metadata"]["name"] for pod in running):
            self.site.player.evict(self.site.namespace, names[which % len(names)])

    @rule()
    def the_watches_break(self) -> None:
        self.server.interrupt_watches()

    @rule()
    def the_watches_end_and_their_history_is_gone(self) -> None:
        self.server.forget_history()
        self.server.end_watches()

    @rule(code=st.sampled_from([410, 429, 500, 503]))
    def the_next_watches_are_refused(self, code: int) -> None:
        with self.server.watch_faults.refusing(code, times=3):
            self.server.interrupt_watches()
            time.sleep(0.2)

    @rule()
    def the_next_watches_are_told_nothing(self) -> None:
        self.is_muted = True
        with self.server.watch_faults.silent():
            self.server.end_watches()
            time.sleep(0.2)

    def teardown(self) -> None:
        if self.process is None:
            return
        began = time.monotonic()
        output, _ = self.process.communicate(timeout=2 * TIMEOUT)
        self._check(self.process.returncode, time.monotonic(), began, output)

    def _check(self, code: int, ended: float, left_alone: float, output: str) -> None:
        """The two invariants, and that nothing else than success or failure comes out."""
        if code == 0:
            assert self.tag not in DOOMED, output
            assert self._was_done_for_a_window(ended), output
        if self.tag in HEALTHY:
            assert code == 0, output
        if self.tag in DOOMED:
            assert code == 7, output
            if not self.is_muted:
                assert ended - left_alone < TIMEOUT / 2, f"left to the deadline: {output}"

    def _was_done_for_a_window(self, ended: float) -> bool:
        """Whether there was a window, at most a process's end ago, in which it was complete."""
        ends = [ended - 0.1 * tenths for tenths in range(int(10 * BLUR) + 1)]
        return any(self.history.held(is_complete, end - (WINDOW - BLUR), end) for end in ends)

    def _patch(self, spec: Json) -> None:
        path = f"{self.site.collection('deployments')}/wordpress"
        self.site.ask("PATCH", path, {"spec": spec}, MERGE)


@contextmanager
def recorded(server: ApiServer, site: Site) -> Iterator[History]:
    """What becomes of the site's objects from now on, and what they are now."""
    with server.store.lock:
        now = {
            kind: {
                item["metadata"]["name"]: item for item in server.store.items(key, site.namespace)
            }
            for key, kind in KINDS.items()
        }
        history = History(site.namespace, now)
        server.store.listen(history.note)
    yield history


@pytest.mark.timeout(600)
def test_no_success_is_false_and_nothing_that_is_lost_is_left_to_the_deadline(
    site: Site, plane: SimulatedPlane
) -> None:
    site.configure({"rollout": {"stability_window": WINDOW}})
    site.deployed()
    with recorded(plane.server, site) as history:
        until(lambda: is_complete(history.moments[-1][1]))
        Rollout.site, Rollout.server, Rollout.history = site, plane.server, history
        run_state_machine_as_test(
            Rollout,
            settings=settings(
                max_examples=10,
                stateful_step_count=7,
                # A run takes its time, and is never the same twice: what fails is told as it is.
                phases=[Phase.generate],
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
