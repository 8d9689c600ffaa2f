"""Docker's API, served by the podman that builds the image in tests/image: its layers are there."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.component import Guard
from tests.image.engine import Engine
from tests.image.services import listens, wait_until


@contextmanager
def served(engine: Engine, authority: Path, volumes: Mapping[Path, str]) -> Iterator[str]:
    """Serve it; what DOCKER_HOST is to be is returned.

    Registries are those that the authority vouches for. What builds run is on the host's network,
    as in tests/image, and sees the volumes.
    """
    # The path of a socket must be short.
    with TemporaryDirectory(prefix="wpdeploy-") as temporary:
        directory = Path(temporary)
        environ = _configured(engine, directory, authority, volumes)
        address = f"unix://{directory}/socket"
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                ["/usr/bin/podman", "system", "service", "--time=0", address],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        guard = Guard()
        guard.watch(process.pid)
        try:
            wait_until(lambda: listens(directory / "socket"), "podman's service")
            yield address
        finally:
            process.terminate()
            process.wait()
            guard.close()


def _configured(
    engine: Engine, directory: Path, authority: Path, volumes: Mapping[Path, str]
) -> Mapping[str, str]:
    mounted = ", ".join(f'"{file}:{inside}:ro"' for file, inside in volumes.items())
    own = f'[containers]\nnetns = "host"\nvolumes = [{mounted}]\n'
    config = Path(engine.environment["CONTAINERS_CONF"]).read_text()
    (directory / "containers.conf").write_text(config.replace("[containers]\n", own))
    return {
        **engine.environment,
        "CONTAINERS_CONF": str(directory / "containers.conf"),
        "SSL_CERT_FILE": str(authority),
    }


def client() -> str:
    """Where docker's client is found, for a PATH."""
    paths = os.environ.get("PATH", "").split(":")
    return next(path for path in paths if (Path(path) / "docker").exists())
