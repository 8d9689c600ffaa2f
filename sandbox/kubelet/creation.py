"""How a container comes to run: its image is pulled, its environment resolved."""

import hashlib
import itertools

from sandbox.kubelet.environment import ConfigError, LookupUnavailableError, resolve
from sandbox.kubelet.events import NORMAL, WARNING
from sandbox.kubelet.pods import Container
from sandbox.kubelet.runtime import Runtime, Script, back_off


def create(runtime: Runtime, container: Container) -> Script:
    """Go on until the container runs, or has failed to start."""
    yield from _pull(runtime, container)
    yield from _configure(runtime, container)
    yield from _make(runtime, container)
    runtime.record(container, NORMAL, "Created", f"Created container {container.name}")
    yield runtime.pace.start
    if container.behaviour.start_error:
        _fail_to_start(runtime, container, container.behaviour.start_error)
        return
    runtime.record(container, NORMAL, "Started", f"Started container {container.name}")
    container.run(runtime.now())
    container.started = "startupProbe" not in container.spec
    probed = "readinessProbe" in container.spec or container.behaviour.ready is not None
    container.ready = container.started and not probed and container.goes_on


def _pull(runtime: Runtime, container: Container) -> Script:
    while container.behaviour.invalid_name:
        _refuse_name(runtime, container)
        yield runtime.sync_period
    if container.pulled and container.spec.get("imagePullPolicy") != "Always":
        _present(runtime, container)
        return
    first, error = runtime.now(), container.behaviour.pull_error
    for attempt in itertools.count():
        runtime.record(container, NORMAL, "Pulling", f'Pulling image "{container.image}"')
        yield runtime.pace.pull
        if error is None or (runtime.now() - first).total_seconds() >= error.lasts:
            break
        yield from _fail_to_pull(runtime, container, error.told(container.image), attempt)
    container.pulled = True
    pulled = f'Successfully pulled image "{container.image}" in {runtime.pace.pull:g}s'
    runtime.record(container, NORMAL, "Pulled", pulled)


def _present(runtime: Runtime, container: Container) -> None:
    present = f'Container image "{container.image}" already present on machine'
    runtime.record(container, NORMAL, "Pulled", present)


def _refuse_name(runtime: Runtime, container: Container) -> None:
    image = container.image
    cause = f'couldn\'t parse image reference "{image}": {container.behaviour.invalid_name}'
    message = f'Failed to apply default image tag "{image}": {cause}'
    runtime.record(container, WARNING, "InspectFailed", message)
    _fail(runtime, container, "InvalidImageName", message)


def _fail_to_pull(runtime: Runtime, container: Container, cause: str, attempt: int) -> Script:
    image = container.image
    message = f'Failed to pull image "{image}": {cause}'
    runtime.record(container, WARNING, "Failed", message)
    _fail(runtime, container, "ErrImagePull", cause)
    yield runtime.sync_period
    message = f'Back-off pulling image "{image}"'
    runtime.record(container, NORMAL, "BackOff", message)
    _fail(runtime, container, "ImagePullBackOff", message)
    yield runtime.scaled(back_off(attempt))


def _fail(runtime: Runtime, container: Container, reason: str, message: str) -> None:
    container.wait(reason, message)
    runtime.record(container, WARNING, "Failed", f"Error: {reason}")


def _configure(runtime: Runtime, container: Container) -> Script:
    while True:
        try:
            container.environment = _environment(runtime, container)
        except LookupUnavailableError:
            # A kubelet answers from its cache; here the container waits for the API server.
            yield runtime.pace.sync
        except ConfigError as error:
            container.wait("CreateContainerConfigError", str(error))
            runtime.record(container, WARNING, "Failed", f"Error: {error}")
            yield runtime.sync_period
            _present(runtime, container)
        else:
            return


def _environment(runtime: Runtime, container: Container) -> dict[str, str]:
    if container.behaviour.config_error:
        raise ConfigError(container.behaviour.config_error)
    return resolve(container.spec, runtime.pod.downward(), runtime.lookup)


def _make(runtime: Runtime, container: Container) -> Script:
    """Try to make the container, which has another ID in each attempt."""
    attempts = itertools.count() if container.behaviour.create_error else ()
    for attempt in attempts:
        identity = hashlib.sha256(f"{container.pod_uid}/{container.name}/{attempt}".encode())
        cause = container.behaviour.create_error
        message = f'failed to generate container "{identity.hexdigest()}" spec: {cause}'
        container.wait("CreateContainerError", message)
        runtime.record(container, WARNING, "Failed", f"Error: {message}")
        yield runtime.sync_period
        _present(runtime, container)


def _fail_to_start(runtime: Runtime, container: Container, message: str) -> None:
    runtime.record(container, WARNING, "Failed", f"Error: {message}")
    container.fail_to_start(message, runtime.now())
