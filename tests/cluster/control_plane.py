"""A real Kubernetes control plane for the tests: etcd, API server, controllers, scheduler.

    python -m tests.cluster.control_plane build                  once; takes minutes
    python -m tests.cluster.control_plane find                   where the programs are
    python -m tests.cluster.control_plane run [--directory DIR]  until Ctrl-C

It has no kubelet: a pod stays Pending until somebody plays one. Everything listens on 127.0.0.1.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from sandbox.certificates import Authority, Pair, new_key, write_key
from tests.cluster import flags
from tests.cluster.component import Component, Guard
from tests.cluster.plane import ControlPlaneError, Plane

__all__ = ["PROGRAMS", "ControlPlane", "ControlPlaneError", "find", "how_to_get", "main"]

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_APISERVER = "kube-apiserver"
_BUILT_VERSION = "1.20.2"
_BUILD_SCRIPT = Path(__file__).with_name("build_control_plane.sh")
# The API server waits a minute for the watches that are open; the tests do not.
_STOP_SECONDS = 2.0


def find() -> Path | None:
    """Return the directory with the programs, or None: KUBEBUILDER_ASSETS, else the cache."""
    chosen = os.environ.get("KUBEBUILDER_ASSETS")
    if chosen:
        if missing := _missing(Path(chosen)):
            raise ControlPlaneError(f"KUBEBUILDER_ASSETS={chosen} lacks {', '.join(missing)}")
        return Path(chosen)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "wpdeploy" / "control-plane" / _BUILT_VERSION
    return None if _missing(built) else built


def how_to_get() -> str:
    """Say in one line how to get the programs."""
    return (
        "no control plane: `make control-plane` builds one (Debian 12, root, minutes), "
        f"or set KUBEBUILDER_ASSETS to a directory with {', '.join(PROGRAMS)}"
    )


class ControlPlane(Plane):
    """A running control plane; `start` makes one, and leaving its `with` block stops it."""

    def __init__(
        self,
        binaries: Path,
        directory: Path,
        apiserver_args: Sequence[str],
        controller_args: Sequence[str],
    ) -> None:
        super().__init__()
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise ControlPlaneError(f"{directory} is not empty: each control plane has its own")
        self._binaries = binaries
        self._directory = directory.resolve()
        self._apiserver_args = tuple(apiserver_args)
        self._controller_args = tuple(controller_args)
        self._components: dict[str, Component] = {}
        self.authority = Authority(self._directory)
        self.ca_file = self.authority.file
        self._etcd_socket, self._apiserver_socket = _reserve_port(), _reserve_port()
        self._setup = self._agree()
        self.url = self._setup.url
        self.version = ""
        self.admin_kubeconfig = self.kubeconfig("admin", ["system:masters"])
        self.admin = self.client("admin", ["system:masters"])
        self._guard = Guard()

    @classmethod
    def start(
        cls,
        binaries: Path,
        directory: Path,
        apiserver_args: Sequence[str] = (),
        controller_args: Sequence[str] = (),
    ) -> "ControlPlane":
        """Boot in an empty directory, and return when pods are admitted."""
        plane = cls(binaries, directory, apiserver_args, controller_args)
        try:
            plane._boot()
        except BaseException:
            plane.stop()
            raise
        return plane

    def stop_apiserver(self) -> None:
        """Kill the API server, as a crash would."""
        self._components.pop(_APISERVER).kill()

    def start_apiserver(self) -> None:
        """Start the API server, again on the same port with the same data, until it is ready."""
        self._spawn(_APISERVER, [*flags.apiserver(self._setup), *self._apiserver_args])
        self._await("ready API server", lambda: self._status("GET", "/readyz") == HTTPStatus.OK)

    def stop(self) -> None:
        """Stop everything, by force what has not ended in time."""
        deadline = time.monotonic() + _STOP_SECONDS
        # The API server ends sooner while its etcd still answers.
        etcd = self._components.pop("etcd", None)
        _end([*self._components.values()], deadline)
        _end([etcd] if etcd else [], deadline)
        self._components.clear()
        self._guard.close()
        self.admin.clear()
        self._etcd_socket.close()
        self._apiserver_socket.close()

    def _agree(self) -> flags.Setup:
        names = (flags.HOST, "localhost", "kubernetes.default.svc")
        return flags.Setup(
            directory=self._directory,
            etcd_port=self._etcd_socket.getsockname()[1],
            apiserver_port=self._apiserver_socket.getsockname()[1],
            ca_file=self.ca_file,
            ca_key=self.authority.write_key(),
            server=self.authority.server("apiserver", *names),
            kubelet_client=self.certificate("kube-apiserver-kubelet-client", ["system:masters"]),
            signing_key=write_key(self._directory / "service-accounts.key", new_key()),
        )

    def _boot(self) -> None:
        self._spawn("etcd", flags.etcd(self._setup))
        self.start_apiserver()
        self.version = self.admin.request("GET", f"{self.url}/version").json()["gitVersion"]
        # Its own role is enough only for running each controller under its own ServiceAccount.
        controllers = self.kubeconfig("system:kube-controller-manager", ["system:masters"])
        arguments = flags.controller_manager(self._setup, controllers, self.version)
        self._spawn("kube-controller-manager", [*arguments, *self._controller_args])
        scheduler = self.kubeconfig("system:kube-scheduler")
        self._spawn("kube-scheduler", flags.scheduler(scheduler, self.version))
        self.await_admission()

    def _spawn(self, name: str, arguments: Sequence[str]) -> None:
        component = Component([str(self._binaries / name), *arguments], self._directory)
        self._components[name] = component
        self._guard.watch(component.pid)

    def _mint(self, stem: str, user: str, groups: Sequence[str]) -> Pair:
        return self.authority.client(stem, user, groups)

    def _check(self) -> None:
        dead = [one.obituary for one in self._components.values() if not one.running]
        if dead:
            raise ControlPlaneError("\n".join(dead))

    @property
    def _clue(self) -> str:
        return f"the logs are in {self._directory}"


def _missing(directory: Path) -> list[str]:
    return [name for name in PROGRAMS if not os.access(directory / name, os.X_OK)]


def _reserve_port() -> socket.socket:
    """Bind a free port and hold it, unheard: a server that says SO_REUSEADDR, as Go's do, gets it.

    While held it is given to nobody else, and above all not to a client as its own end of a
    connection, which would keep a killed server from coming back.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((flags.HOST, 0))
    return held


def _end(components: Sequence[Component], deadline: float) -> None:
    for component in components:
        component.terminate()
    for component in components:
        component.wait(deadline)


def _build() -> int:
    return subprocess.run([_BUILD_SCRIPT], check=False).returncode


def _find() -> int:
    found = find()
    (sys.stdout if found else sys.stderr).write(f"{found or how_to_get()}\n")
    return 0 if found else 1


def _run(directory: Path | None) -> int:
    binaries = find()
    if binaries is None:
        return _find()
    # Either may come at any moment of the boot too, and leaves through the `with` blocks. A shell
    # has its background jobs ignore SIGINT, hence both.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="control-plane-") as scratch,
        ControlPlane.start(binaries, directory or Path(scratch)) as plane,
    ):
        sys.stdout.write(f"{plane.admin_kubeconfig}\n{plane.url}\n")
        sys.stdout.flush()
        signal.pause()
    return 0


def main(arguments: Sequence[str]) -> int:
    """Build, find or run the control plane."""
    parser = argparse.ArgumentParser(prog="control_plane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build")
    commands.add_parser("find")
    run = commands.add_parser("run")
    run.add_argument("--directory", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            return _run(options.directory)
        return _build() if options.command == "build" else _find()
    except ControlPlaneError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
