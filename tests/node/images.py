"""Small images for a real node, built by podman and pushed to a registry on loopback.

A page server of busybox answers where WordPress's probes ask, and has its faults for real.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.node.mounts import unmount_below

BUSYBOX = "/bin/busybox"
PAUSE = "pause"
_PAUSE_FILE = """\
FROM scratch
COPY busybox /bin/busybox
ENTRYPOINT ["/bin/busybox", "sleep", "2147483647"]
"""
_SERVER_FILE = """\
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY www /www
COPY start /start
USER 33:33
ENTRYPOINT ["/bin/sh", "/start"]
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><title>A site</title></head><body>{text}</body></html>
"""
_SERVE = "busybox httpd -f -p 8080 -h /www"


@dataclass(frozen=True)
class Variant:
    """How an image differs from a healthy one: its start, and whether it ever says it is ready."""

    start: str = f"exec {_SERVE}"
    ready: bool = True


VARIANTS = {
    "v1": Variant(),
    "v2": Variant(),
    "crash": Variant("echo 'PHP Fatal error:  Uncaught Error in wp-settings.php:112' >&2; exit 1"),
    "memory": Variant("tail /dev/zero"),
    "notready": Variant(ready=False),
    # Ready at once, and gone some seconds later.
    "later": Variant(f"{_SERVE} & sleep 6; echo 'worker died' >&2; exit 3"),
}


class Images:
    """Images built and pushed when they are first asked for, by a podman with its own storage."""

    def __init__(self, directory: Path, registry: str) -> None:
        self._directory, self.registry = directory, registry
        self._pushed: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True)
        (self._directory / "containers.conf").write_text(_CONFIG)
        storage = _STORAGE.format(directory=self._directory)
        (self._directory / "storage.conf").write_text(storage)
        return self

    def __exit__(self, *_: object) -> None:
        unmount_below(self._directory)

    def reference(self, name: str) -> str:
        """The image of that name, by tag and digest; of one that is none, what names nothing."""
        if name not in self._pushed:
            known = name in VARIANTS or name == PAUSE
            self._pushed[name] = self._push(name) if known else self._absent(name)
        return self._pushed[name]

    def _absent(self, name: str) -> str:
        return f"{self.registry}/wordpress:{name}@sha256:{'0' * 64}"

    def _push(self, name: str) -> str:
        context = self._directory / name
        context.mkdir()
        shutil.copy(BUSYBOX, context / "busybox")
        (context / "Dockerfile").write_text(_PAUSE_FILE if name == PAUSE else _SERVER_FILE)
        _write_site(context, name, VARIANTS.get(name, Variant()))
        reference, digest = f"{self.registry}/wordpress:{name}", context / "digest"
        self._run("build", "--format", "docker", "--tag", reference, str(context))
        self._run("push", "--tls-verify=false", "--digestfile", str(digest), reference)
        return f"{reference}@{digest.read_text()}"

    def _run(self, *arguments: str) -> None:
        files = {
            "CONTAINERS_CONF": str(self._directory / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self._directory / "storage.conf"),
        }
        environ = os.environ | files
        command = ["podman", *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _write_site(context: Path, name: str, variant: Variant) -> None:
    health = context / "www" / "-"
    health.mkdir(parents=True)
    (health / "live").write_text("ok\n")
    if variant.ready:
        (health / "ready").write_text("ok\n")
    (context / "www" / "index.html").write_text(_PAGE.format(text=name))
    (context / "start").write_text(variant.start + "\n")


_CONFIG = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
"""
_STORAGE = """\
[storage]
driver = "overlay"
runroot = "{directory}/run"
graphroot = "{directory}/storage"
"""
