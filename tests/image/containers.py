"""Containers of the image, run as a hardened pod runs them, and the network that they share."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.image.engine import OWNER, Engine
from tests.image.services import DATABASE_NAME, wait_until
from tests.image.web import Answer, get

TMP = "--tmpfs=/tmp:mode=1777,notmpcopyup"
# As deployment.yaml.j2 has it: read-only, without capabilities, two places to write to.
HARDENED = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    TMP,
)
UPLOADS = "/var/www/html/wp-content/uploads"
_LABEL = f"--label={OWNER}={os.getpid()}"
_IDLE = ("--entrypoint", "sleep")


class Network:
    """A bridge between containers and processes of the tests, which listen at `gateway`."""

    def __init__(self, engine: Engine, image: str, *, subnet: str | None = None) -> None:
        self._engine = engine
        self.name = f"wpdeploy-{uuid.uuid4().hex[:8]}"
        chosen = [f"--subnet={subnet}"] if subnet else []
        engine.do("network", "create", "--disable-dns", _LABEL, *chosen, self.name)
        # The bridge is there as long as a container is on it.
        arguments = ("run", "--detach", _LABEL, *HARDENED, f"--network={self.name}", *_IDLE)
        self._anchor = engine.do(*arguments, image, "infinity")
        settings = engine.inspect(self._anchor)["NetworkSettings"]["Networks"][self.name]
        self.gateway = str(settings["Gateway"])
        self._pin_address(json.loads(engine.do("network", "inspect", self.name))[0])

    def _pin_address(self, about: Mapping[str, Any]) -> None:
        # Left alone, a bridge takes the lowest address of what is on it: each container that comes
        # or goes could stall the connections of all others for seconds.
        interface = about["network_interface"]
        address = Path(f"/sys/class/net/{interface}/address").read_text().strip()
        subprocess.run(["/usr/bin/ip", "link", "set", interface, "address", address], check=True)

    def close(self) -> None:
        """Remove it, and whatever is still on it."""
        self._engine.do("rm", "--force", "--time", "0", self._anchor)
        self._engine.do("network", "rm", "--force", self.name)


class Container:
    """A container of the image that was started."""

    def __init__(self, engine: Engine, network: Network, identity: str) -> None:
        self._engine, self.identity = engine, identity
        about = engine.inspect(identity)
        # In a pod it is the first container that has the network.
        if not (joined := about["NetworkSettings"]["Networks"]):
            joined = engine.inspect(about["HostConfig"]["NetworkMode"].removeprefix("container:"))
            joined = joined["NetworkSettings"]["Networks"]
        self.ip = str(joined[network.name]["IPAddress"])

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return bool(self._engine.inspect(self.identity)["State"]["Running"])

    @property
    def exit_code(self) -> int:
        """How it ended."""
        return int(self._engine.inspect(self.identity)["State"]["ExitCode"])

    def logs(self) -> tuple[list[str], list[str]]:
        """The lines of its stdout and its stderr."""
        done = self._engine.run("logs", self.identity)
        return done.stdout.splitlines(), done.stderr.splitlines()

    def execute(self, *command: str) -> str:
        """Run a command inside."""
        return self._engine.do("exec", self.identity, *command)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask it, without cookies and redirects; underscores in names of headers are hyphens."""
        return get(f"http://{self.ip}:8080{path}", headers)

    def await_live(self) -> Self:
        """Wait until Apache answers."""

        def live() -> bool:
            if not self.running:
                raise RuntimeError("\n".join(["the container ended:", *self.logs()[1]]))
            return self.get("/-/live").status == 200

        wait_until(live, "/-/live")
        return self

    def await_ready(self) -> Self:
        """Ask until it is ready, as a kubelet does: on a busy machine it may be at second sight."""
        wait_until(lambda: self.get("/-/ready").status == 200, "/-/ready")
        return self

    def await_end(self, seconds: float = 120) -> float:
        """Wait until it has ended; how long that took."""
        started = time.monotonic()
        wait_until(lambda: not self.running, "the container's end", seconds)
        return time.monotonic() - started

    def signal(self, name: str) -> None:
        """Send its process a signal."""
        self._engine.do("kill", "--signal", name, self.identity)

    def stop(self, seconds: int) -> None:
        """Ask it to end, as the image wants to be asked, and kill it after so many seconds."""
        self._engine.do("stop", "--time", str(seconds), self.identity)

    def remove(self) -> None:
        """End it at once, and forget it."""
        self._engine.run("rm", "--force", "--time", "0", self.identity)


class Runner:
    """Starts containers of one image on one network, and removes them at the end."""

    def __init__(self, engine: Engine, image: str, network: Network, directory: Path) -> None:
        self.engine, self.image, self.network = engine, image, network
        self._directory = directory
        self._started: list[Container] = []

    def start(
        self,
        environment: Mapping[str, str],
        *command: str,
        image: str | None = None,
        network: Network | None = None,
        mounts: Mapping[Path, str] | None = None,
        uploads: Path | None = None,
        options: Sequence[str] = HARDENED,
    ) -> Container:
        """Start a command; what is mounted is read-only, but for the volume of uploads."""
        net = network or self.network
        volumes = [f"{path}:{inside}:ro" for path, inside in (mounts or {}).items()]
        volumes.append(f"{uploads or self.new_uploads()}:{UPLOADS}")
        # By name alone: podman takes the values from its own environment, whatever is in them.
        variables = [part for name in environment for part in ("--env", name)]
        identity = self.engine.do(
            *("run", "--detach", _LABEL, f"--network={net.name}", *options, *variables),
            *(f"--volume={volume}" for volume in volumes),
            *(f"--add-host={DATABASE_NAME}:{net.gateway}", image or self.image, *command),
            env=environment,
        )
        container = Container(self.engine, net, identity)
        self._started.append(container)
        return container

    def finish(
        self, environment: Mapping[str, str], *command: str, **kwargs: Any
    ) -> tuple[int, str]:
        """Run a command to its end, as `start` starts it; its exit code and its stderr."""
        container = self.start(environment, *command, **kwargs)
        container.await_end()
        return container.exit_code, "\n".join(container.logs()[1])

    def new_uploads(self) -> Path:
        """A volume that any user can write to, as an emptyDir with an fsGroup."""
        directory = self._directory / f"uploads-{uuid.uuid4().hex[:8]}"
        directory.mkdir()
        directory.chmod(0o777)
        return directory

    def close(self) -> None:
        """Remove all that was started."""
        for container in self._started:
            container.remove()
        self._started.clear()
