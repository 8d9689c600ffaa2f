"""A container registry on loopback: Debian's docker-registry, plain HTTP."""

import socket
import time
from pathlib import Path
from typing import Self

import urllib3

from tests.cluster.component import Component, Guard

PROGRAM = "/usr/bin/docker-registry"
_SECONDS = 60.0


class Registry:
    """A running registry; `address` is its host and port."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._directory = directory
        self._guard = Guard()

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        config = self._directory / "config.yml"
        config.write_text(_CONFIG.format(address=self.address, directory=self._directory))
        self._component = Component([PROGRAM, "serve", str(config)], self._directory)
        self._guard.watch(self._component.pid)
        self._await()
        return self

    def __exit__(self, *_: object) -> None:
        self._component.kill()
        self._guard.close()

    def _await(self) -> None:
        deadline = time.monotonic() + _SECONDS
        with urllib3.PoolManager(retries=False) as http:
            while True:
                try:
                    if http.request("GET", f"http://{self.address}/v2/").status == 200:
                        return
                except urllib3.exceptions.HTTPError:
                    pass
                assert self._component.running, self._component.obituary
                assert time.monotonic() < deadline, "the registry does not answer"
                time.sleep(0.05)


_CONFIG = """\
version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: {directory}/data
http:
  addr: {address}
"""
