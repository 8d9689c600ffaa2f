"""The containers of a preview: database, cache, the site and its commands, on one network.

They share the first one's network: each finds the others on 127.0.0.1, and nobody else does; of the
site alone a port is published, on this machine's loopback.
"""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from preview.engine import Engine, ending, last_line
from preview.errors import PreviewError
from preview.mounts import CONTENT, Mount
from preview.state import DATA, Credentials, State

# In the order of their start; the first one has the network.
SERVICES = ("database", "cache")
ROLES = (*SERVICES, "install", "upgrade", "site")
# Not a container of its own: it runs in the site's.
CRON = "cron"
ADDRESS = "127.0.0.1"
_LABEL = "wordpress-preview"
_HARDENED = (
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    # Where there is SELinux, what is mounted keeps the labels that it has.
    "--security-opt=label=disable",
    "--tmpfs=/tmp:mode=1777",
)
# Those of docs/image.md, for somebody who edits: what changed is seen, what is wrong is told.
_SETTINGS: Mapping[str, str] = {
    "WORDPRESS_DB_HOST": f"{ADDRESS}:3306",
    "WORDPRESS_DB_NAME": "wordpress",
    "WORDPRESS_DB_USER": "wordpress",
    "WORDPRESS_MEMCACHED_HOST": f"{ADDRESS}:11211",
    "WORDPRESS_DEBUG": "on",
    "PHP_OPCACHE_VALIDATE": "1",
    "APACHE_STATIC_SECONDS": "0",
    "APACHE_GRACEFUL_SECONDS": "5",
}
_NOBODY = "65534:65534"
_STOP_SECONDS, _START_SECONDS = 20, 60.0


class Running(NamedTuple):
    """A container that was started, with the process that has its output."""

    role: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def last_word(self) -> str:
        """The last line of its log."""
        return last_line(self.log.read_text(errors="replace"))


@dataclass
class Containers:
    """Those of one checkout's preview."""

    engine: Engine
    state: State
    port: int
    site_image: str
    services_image: str

    def __post_init__(self) -> None:
        self._started: list[Running] = []

    @property
    def url(self) -> str:
        """The site's address."""
        return f"http://{ADDRESS}:{self.port}"

    def settings(self, known: Credentials) -> Mapping[str, str]:
        """What the site is told."""
        own = {"WORDPRESS_SITE_URL": self.url, "WORDPRESS_DB_PASSWORD": known.database_password}
        return {**_SETTINGS, **own}

    def start_services(self, known: Credentials) -> None:
        """Start the database and the cache; nothing waits for them here."""
        password = {"ADMINISTRATOR_PASSWORD": known.database_administrator_password}
        owner = f"--user={self.engine.owner}"
        volume = f"--volume={self.state.database}:/data"
        publish = f"--publish={ADDRESS}:{self.port}:8080"
        options = (owner, volume, publish, "--entrypoint=database")
        database = self._service("database", options, (), password)
        self._await_network(database)
        command = ("-l", ADDRESS, "-p", "11211", "-U", "0", "-m", "64")
        self._service("cache", (f"--user={_NOBODY}", "--entrypoint=memcached"), command, {})

    def install(self, known: Credentials, mounts: Sequence[Mount]) -> str:
        """Install WordPress, unless it is there; the last word on it. PreviewError."""
        variables = {
            **self.settings(known),
            "WORDPRESS_SITE_TITLE": "Preview",
            "WORDPRESS_ADMIN_USER": known.user,
            "WORDPRESS_ADMIN_PASSWORD": known.password,
            "WORDPRESS_ADMIN_EMAIL": "admin@example.com",
            "WORDPRESS_DB_ADMIN_USER": "administrator",
            "WORDPRESS_DB_ADMIN_PASSWORD": known.database_administrator_password,
        }
        return self._finish("install", mounts, variables)

    def upgrade(self, known: Credentials, mounts: Sequence[Mount]) -> str:
        """Bring the database to this image's WordPress; the last word on it. PreviewError."""
        return self._finish("upgrade", mounts, self.settings(known))

    def serve(self, settings: Mapping[str, str], mounts: Sequence[Mount]) -> Running:
        """Start the site; its output is two pipes."""
        return self._run(
            "site", self._of_site(mounts), (self.site_image, "serve"), settings, subprocess.PIPE
        )

    def start_cron(self) -> Running:
        """Have the site do what it has due; the process ends when it has."""
        log = self.state.log(CRON)
        with log.open("wb") as output:
            command = (self.name("site"), "docker-entrypoint.sh", "cron")
            process = self.engine.start("exec", *command, output=output.fileno())
        running = Running(CRON, process, log)
        self._started = [*(other for other in self._started if other.role != CRON), running]
        return running

    def await_site(self, site: Running) -> None:
        """Return when Apache answers. PreviewError."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_live():
            self.check(site)
            if time.monotonic() > deadline:
                raise PreviewError(
                    f"{self.url} does not answer: see {site.log}. Where that has no error, the "
                    f"engine does not lead port {self.port} to it: take another one, --port"
                )
            time.sleep(0.1)

    def check(self, *others: Running) -> None:
        """See that what should run does. PreviewError if not."""
        services = [running for running in self._started if running.role in SERVICES]
        for running in (*services, *others):
            if running.process.poll() is not None:
                raise PreviewError(
                    f"the {running.role} has ended: {running.last_word} (see {running.log})"
                )

    def name(self, role: str) -> str:
        """The name of a container."""
        return f"{_LABEL}-{self.state.identity}-{role}"

    def stop(self, roles: Sequence[str] = ROLES) -> None:
        """End and remove the containers, the last first; whoever started them. PreviewError."""
        label = f"label={_LABEL}={self.state.identity}"
        listed = self.engine.do("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()
        for name in map(self.name, reversed(roles)):
            if name in listed:
                self.engine.run("stop", "-t", str(_STOP_SECONDS), name)
                self.engine.do("rm", "--force", name)

    def close(self) -> None:
        """The same, with the processes that have their output."""
        try:
            self.stop()
        finally:
            for running in self._started:
                with ending(running.process):
                    pass
        # One that was only about to start.
        self.stop()

    def throw_away(self) -> None:
        """Remove the data: part of it belongs to users of the containers. PreviewError."""
        directories = [f"/preview/{name}" for name in DATA]
        volume = f"--volume={self.state.directory}:/preview"
        options = ("--rm", "--user=0:0", "--security-opt=label=disable", volume)
        self.engine.do("run", *options, "--entrypoint=rm", self.services_image, "-rf", *directories)
        self.state.forget()

    def _of_site(self, mounts: Sequence[Mount]) -> Sequence[str]:
        uploads = f"--volume={self.state.uploads}:{CONTENT}/uploads"
        return (*(mount.option for mount in mounts), uploads)

    def _service(
        self, role: str, options: Sequence[str], command: Sequence[str], secrets: Mapping[str, str]
    ) -> Running:
        with self.state.log(role).open("wb") as output:
            image = (self.services_image, *command)
            return self._run(role, options, image, secrets, output.fileno())

    def _await_network(self, first: Running) -> None:
        about = ("inspect", "--format", "{{.State.Running}}", self.name(first.role))
        while self.engine.run(*about).stdout.strip() != "true":
            self.check()
            time.sleep(0.1)

    def _finish(self, role: str, mounts: Sequence[Mount], variables: Mapping[str, str]) -> str:
        with self.state.log(role).open("wb") as output:
            command = self._run(
                role, self._of_site(mounts), (self.site_image, role), variables, output.fileno()
            )
        with ending(command.process):
            while command.process.poll() is None:
                self.check()
                time.sleep(0.1)
        self.stop([role])
        if command.process.returncode:
            raise PreviewError(f"{role} fails: {command.last_word} (see {command.log})")
        return command.last_word

    def _run(
        self,
        role: str,
        options: Sequence[str],
        command: Sequence[str],
        variables: Mapping[str, str],
        output: int,
    ) -> Running:
        network = () if role == ROLES[0] else (f"--network=container:{self.name(ROLES[0])}",)
        label = f"--label={_LABEL}={self.state.identity}"
        names = [part for name in variables for part in ("--env", name)]
        process = self.engine.start(
            *("run", f"--name={self.name(role)}", label, *network, *_HARDENED, *options),
            *(*names, *command),
            output=output,
            variables=variables,
        )
        running = Running(role, process, self.state.log(role))
        self._started.append(running)
        return running

    def _is_live(self) -> bool:
        connection = HTTPConnection(ADDRESS, self.port, timeout=5)
        try:
            connection.request("GET", "/-/live")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
