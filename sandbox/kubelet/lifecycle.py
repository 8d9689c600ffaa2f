"""The life of a pod on its node, as scripts that change its state.

    start: the init containers ─→ keep_running, one for each container, side by side
    terminate, at any moment, in their place

Whoever runs a script keeps the time and writes the status after each step, so a unit test needs
neither a clock nor a server.
"""

import re
from collections.abc import Generator

from sandbox.kubelet.creation import create
from sandbox.kubelet.events import NORMAL, WARNING
from sandbox.kubelet.faults import Exit
from sandbox.kubelet.logs import JOB_END, JOB_START, SERVER_END, SERVER_START
from sandbox.kubelet.pods import Container, Json
from sandbox.kubelet.runtime import Runtime, Script, back_off
from sandbox.kubelet.timestamps import go_duration, seconds

_DONE = Exit(0, "Completed", 0)
_KILLED = Exit(137, "Error", 0)
_PROBE_PERIOD = 10
_GRACE_PERIOD = 30
_UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"
_SLEEP = re.compile(r"\bsleep (\d+)")


def start(runtime: Runtime) -> Script:
    """Give the pod its address, run its init containers one after the other, then the others."""
    runtime.pod.start_time = runtime.pod.start_time or seconds(runtime.now())
    yield runtime.pace.sandbox
    runtime.pod.has_address = True
    for container in runtime.pod.init:
        yield from (_accompany if container.is_sidecar else _initialize)(runtime, container)
        if container.exit_code:
            return
    for container in runtime.pod.containers:
        yield _keep_running(runtime, container)


def _accompany(runtime: Runtime, container: Container) -> Script:
    """Run a sidecar; what comes after it waits for its start only."""
    yield _keep_running(runtime, container)
    while not container.started:
        yield runtime.pace.sync


def _initialize(runtime: Runtime, container: Container) -> Script:
    """Run an init container until it has completed, or until the pod's restart policy gives up."""
    while _wants_to_run(runtime, container) and container.exit_code != 0:
        yield from _created(runtime, container)
        ending = container.behaviour.init_exit
        yield ending.after
        _end(runtime, container, ending)


def _keep_running(runtime: Runtime, container: Container) -> Script:
    """Create and run a container, and restart it as the pod's restart policy says."""
    while _wants_to_run(runtime, container):
        yield from _created(runtime, container)
        if container.running:
            ending = yield from _run(runtime, container)
            if ending is None:
                return
            _end(runtime, container, ending)
        elif _wants_to_run(runtime, container):
            container.wait("RunContainerError", container.behaviour.start_error)
    if runtime.pod.over:
        for each in runtime.pod.init:
            if each.running:
                _end(runtime, each, _DONE)


def _created(runtime: Runtime, container: Container) -> Script:
    """Create a container that does not run, after a wait if it ran before."""
    if container.runs and not container.running:
        yield runtime.pace.sync
        yield from _await_restart(runtime, container)
    if not container.running:
        yield from create(runtime, container)


def terminate(runtime: Runtime) -> Script:
    """Stop what runs, within the grace period."""
    running = [each for each in runtime.pod.all_containers() if each.running]
    for container in running:
        runtime.record(container, NORMAL, "Killing", f"Stopping container {container.name}")
    yield _stopping_time(runtime, running)
    for container in running:
        _end(runtime, container, _KILLED if container.behaviour.ignores_sigterm else _DONE)


def _wants_to_run(runtime: Runtime, container: Container) -> bool:
    if container.is_sidecar:
        return not runtime.pod.over
    code, policy = container.exit_code, runtime.pod.restart_policy
    return code is None or policy == "Always" or (policy == "OnFailure" and code != 0)


def _run(runtime: Runtime, container: Container) -> Generator["float | Script", None, Exit | None]:
    """Play the process until it ends by itself; None when it never does."""
    serves = _serves(runtime, container)
    container.say(runtime.now(), *(SERVER_START if serves else JOB_START))
    ending = container.behaviour.exit if serves else container.behaviour.job_exit
    if ending is not None and container.runs > ending.runs:
        ending = None
    if serves and (ending is None or ending.once_ready):
        yield from _become_ready(runtime, container)
    if ending is not None:
        yield ending.after
    return ending


def _serves(runtime: Runtime, container: Container) -> bool:
    return container.is_sidecar or (
        runtime.pod.restart_policy == "Always" and not container.is_init
    )


def _become_ready(runtime: Runtime, container: Container) -> Script:
    if not container.started:
        yield _initial_delay(runtime, container.spec["startupProbe"])
        container.started = True
    if container.ready:
        return
    probe = container.spec.get("readinessProbe") or {}
    yield _initial_delay(runtime, probe)
    if container.behaviour.ready is None:
        yield runtime.pace.ready
    else:
        yield from _fail_probes(runtime, container, probe, container.behaviour.ready)
    container.ready = True
    if (flap := container.behaviour.flap) is not None:
        yield flap.after
        container.ready = False
        yield from _fail_probes(runtime, container, probe, flap.lasts)
        container.ready = True


def _initial_delay(runtime: Runtime, probe: Json) -> float:
    return runtime.scaled(float(probe.get("initialDelaySeconds", 0)))


def _fail_probes(runtime: Runtime, container: Container, probe: Json, duration: float) -> Script:
    period = runtime.scaled(float(probe.get("periodSeconds", _PROBE_PERIOD)))
    while duration > 0:
        runtime.record(container, WARNING, "Unhealthy", _UNREADY)
        yield min(period, duration)
        duration -= period


def _end(runtime: Runtime, container: Container, ending: Exit) -> None:
    farewell = SERVER_END if _serves(runtime, container) else JOB_END
    words = farewell if ending.code == 0 else (ending.last_words,)
    container.say(runtime.now(), *(line for line in words if line))
    container.end(ending.code, ending.reason, runtime.now())


def _await_restart(runtime: Runtime, container: Container) -> Script:
    """Wait as CrashLoopBackOff says; the first restart comes at once."""
    if container.restarts == 0:
        return
    nominal = back_off(container.restarts - 1)
    pod = f"{runtime.pod.name}_{runtime.pod.namespace}({runtime.pod.uid})"
    what = f"restarting failed container={container.name} pod={pod}"
    container.wait("CrashLoopBackOff", f"back-off {go_duration(nominal)} {what}")
    runtime.record(container, WARNING, "BackOff", "Back-off restarting failed container")
    yield runtime.scaled(nominal)


def _stopping_time(runtime: Runtime, running: list[Container]) -> float:
    metadata = runtime.pod.manifest["metadata"]
    grace = runtime.scaled(float(metadata.get("deletionGracePeriodSeconds", _GRACE_PERIOD)))
    if any(each.behaviour.ignores_sigterm for each in running):
        return grace
    return min(grace, runtime.pace.stop + max(_pre_stop(runtime, each) for each in running))


def _pre_stop(runtime: Runtime, container: Container) -> float:
    hook = (container.spec.get("lifecycle") or {}).get("preStop") or {}
    command = " ".join((hook.get("exec") or {}).get("command") or [])
    return sum(runtime.scaled(float(length)) for length in _SLEEP.findall(command))
