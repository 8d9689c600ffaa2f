"""Podman with a store, networks and locks of its own, apart from what else it runs here."""

import fcntl
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TIMEOUT = 600.0
# The label that says whose a thing is, so that what a run that was killed left the next one finds.
OWNER = "wpdeploy-tests"
_ORPHANS = (
    (("pod", "ps"), ("pod", "rm")),
    (("ps", "--all"), ("rm",)),
    (("network", "ls"), ("network", "rm")),
)
_STORAGE = """\
[storage]
driver = "overlay"
runroot = "{home}/run"
graphroot = "{home}/graph"
"""
_CONTAINERS = """\
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{home}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "{home}/networks"
"""


class EngineError(Exception):
    """Podman did not do what it was told."""


def cache() -> Path:
    """Where downloads and podman's store are kept between runs."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "wpdeploy" / "image"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other test processes out of what must be done once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Engine:
    """One podman; its state is below the directory `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home)}
        home.mkdir(parents=True, exist_ok=True)
        for name, content in (("STORAGE", _STORAGE), ("CONTAINERS", _CONTAINERS)):
            file = home / f"{name.lower()}.conf"
            with locked(home / "lock"):
                file.write_text(content.format(home=home))
            variable = "CONTAINERS_STORAGE_CONF" if name == "STORAGE" else "CONTAINERS_CONF"
            self.environment[variable] = str(file)

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run podman to its end, whatever that is."""
        return subprocess.run(
            ["/usr/bin/podman", *arguments],
            env=self.environment | dict(env or {}),
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    def do(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run podman, and return what it printed; raise EngineError if it failed."""
        done = self.run(*arguments, env=env)
        if done.returncode:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
            raise EngineError(f"podman {' '.join(arguments)} ended with {done.returncode}:\n{tail}")
        return done.stdout.strip()

    def inspect(self, name: str) -> Any:
        """What podman knows of a container, an image or a network."""
        return json.loads(self.do("inspect", name))[0]

    def has_image(self, name: str) -> bool:
        """Whether the image is in the store."""
        return self.run("image", "exists", name).returncode == 0

    def remove_orphans(self) -> None:
        """Remove what test processes that are gone left behind."""
        for listing, removal in _ORPHANS:
            rows = self.do(
                *listing, "--filter", f"label={OWNER}", "--format", "{{.ID}} {{.Labels}}"
            )
            for row in rows.splitlines():
                pid = re.search(rf"{OWNER}[:=](\d+)", row)
                if pid and not Path("/proc", pid[1]).exists():
                    self.run(*removal, "--force", "--time", "0", row.split()[0])
