"""MariaDB and memcached, as processes of the tests, for containers to reach."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.certificates import Authority
from tests.cluster.component import Component, Guard

ADMINISTRATOR, ADMINISTRATOR_PASSWORD = "root", 'r00t & it\'s "secret"'  # bait
# The name that the database's certificate is for; containers know it by --add-host.
DATABASE_NAME = "database.test"
_START_SECONDS = 60.0


def free_port(host: str) -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def wait_until(done: Callable[[], bool], what: str, seconds: float = _START_SECONDS) -> None:
    """Wait for a process of the tests; TimeoutError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} took more than {seconds:.0f} s")
        time.sleep(0.05)


def listens(address: tuple[str, int] | Path) -> bool:
    """Whether a program takes connections at this address, or at this socket: a file is not all."""
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as probe, contextlib.suppress(OSError):
        probe.settimeout(1)
        probe.connect(str(address) if isinstance(address, Path) else address)
        return True
    return False


class Service:
    """A program that listens on one port, and can be killed, silenced and started again."""

    def __init__(self, command: list[str], directory: Path, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._command, self._directory = command, directory
        self._guard = Guard()
        self._process: Component | None = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Start it, and return when it is ready."""
        self._process = process = Component(self._command, self._directory)
        self._guard.watch(process.pid)

        def ready() -> bool:
            if not process.running:
                raise RuntimeError(process.obituary)
            return self._ready()

        wait_until(ready, process.name)

    def _ready(self) -> bool:
        return listens((self.host, self.port))

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Have it take connections and answer nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it for good."""
        self.kill()
        self._guard.close()


class MariaDb(Service):
    """A database server, with TLS for who wants it, whose administrator may come from anywhere."""

    def __init__(self, directory: Path, host: str) -> None:
        directory.mkdir()
        self.authority = Authority(directory)
        pair = self.authority.server("database", DATABASE_NAME)
        data, self._socket = directory / "data", directory / "socket"
        options = ["--no-defaults", f"--datadir={data}", "--user=root"]
        install = ["mariadb-install-db", *options, "--auth-root-authentication-method=normal"]
        subprocess.run([*install, "--skip-test-db"], check=True, capture_output=True)
        port = free_port(host)
        command = [
            "/usr/sbin/mariadbd",
            *options,
            f"--bind-address={host}",
            f"--port={port}",
            f"--socket={self._socket}",
            f"--pid-file={directory / 'pid'}",
            f"--ssl-cert={pair.certificate}",
            f"--ssl-key={pair.key}",
            f"--ssl-ca={self.authority.file}",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-name-resolve",
        ]
        super().__init__(command, directory, host, port)
        password = ADMINISTRATOR_PASSWORD.replace("'", "''")
        self.ask(
            f"CREATE USER 'root'@'%' IDENTIFIED BY '{password}';"
            "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION"
        )

    def ask(self, statements: str, database: str = "") -> list[list[str]]:
        """Carry out statements as the administrator; the rows of their answers."""
        done = self._client(statements, database)
        if done.returncode != 0:
            raise RuntimeError(f"the database answered {statements!r} with: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def _ready(self) -> bool:
        # It listens on its port a moment before there is the socket that the administrator uses.
        return super()._ready() and self._client("SELECT 1").returncode == 0

    def _client(self, statements: str, database: str = "") -> subprocess.CompletedProcess[str]:
        command = ["mariadb", "--no-defaults", f"--socket={self._socket}", "--batch"]
        return subprocess.run(
            [*command, "--skip-column-names", database],
            input=statements,
            check=False,
            capture_output=True,
            text=True,
        )


def memcached(directory: Path, host: str) -> Service:
    """A memcached that listens on this address."""
    directory.mkdir()
    port = free_port(host)
    command = [
        "/usr/bin/memcached",
        "-u",
        "root",
        "-l",
        host,
        "-p",
        str(port),
        "-U",
        "0",
        "-m",
        "64",
    ]
    return Service(command, directory, host, port)
