"""A site: its settings, its database, its containers, its visitors."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.image.containers import Container, Runner
from tests.image.services import ADMINISTRATOR, ADMINISTRATOR_PASSWORD, MariaDb, Service
from tests.image.web import Visitor

URL = "http://site.test"
# What a shell, a URL, YAML, PHP or SQL would trip over.
ODD_PASSWORD = "p'a\"ss\\w$or d&/%{}<>`#;:|*?é"  # bait
ADMIN, ADMIN_PASSWORD = "editor", "c0rrect \"horse' $battery"  # bait
_PROBE = {Path(__file__).with_name("probe.php"): "/var/www/html/wp-content/mu-plugins/probe.php"}
_NUMBERS = itertools.count(1)


class Site:
    """One WordPress, in a database of its own."""

    def __init__(self, runner: Runner, database: MariaDb, cache: Service | None = None) -> None:
        self.runner, self.database = runner, database
        self.name = f"site_{next(_NUMBERS)}"
        self.settings: dict[str, str] = {
            "WORDPRESS_DB_HOST": database.address,
            "WORDPRESS_DB_NAME": self.name,
            "WORDPRESS_DB_USER": self.name,
            "WORDPRESS_DB_PASSWORD": ODD_PASSWORD,
            "WORDPRESS_DB_WAIT_SECONDS": "5",
        }
        if cache is not None:
            self.settings["WORDPRESS_MEMCACHED_HOST"] = f"tcp://{cache.address}"

    @property
    def install_settings(self) -> dict[str, str]:
        """What the Job `install` is given."""
        return self.settings | {
            "WORDPRESS_SITE_URL": URL,
            "WORDPRESS_SITE_TITLE": 'The "test" & it\'s site',
            "WORDPRESS_ADMIN_USER": ADMIN,
            "WORDPRESS_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "WORDPRESS_ADMIN_EMAIL": "editor@example.com",
            "WORDPRESS_DB_ADMIN_USER": ADMINISTRATOR,
            "WORDPRESS_DB_ADMIN_PASSWORD": ADMINISTRATOR_PASSWORD,
        }

    @property
    def unprivileged_settings(self) -> dict[str, str]:
        """The same without the database's administrator."""
        everything = self.install_settings
        return {name: value for name, value in everything.items() if "DB_ADMIN" not in name}

    @property
    def grant(self) -> str:
        """The database in a GRANT, where an underscore would stand for any letter."""
        return "`{}`.*".format(self.name.replace("_", r"\_"))

    def install(self, image: str | None = None) -> str:
        """Install it; the last word is returned."""
        code, log = self.runner.finish(self.install_settings, "install", image=image)
        assert code == 0, log
        return log.splitlines()[-1]

    def serve(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        mounts: Mapping[Path, str] | None = None,
        uploads: Path | None = None,
    ) -> Container:
        """Start a replica with the tests' probe, and wait until it answers."""
        everything = _PROBE | dict(mounts or {})
        environment = self.settings | dict(settings or {})
        return self.runner.start(environment, mounts=everything, uploads=uploads).await_live()

    def probe(self, replica: Container, name: str, **headers: str) -> Any:
        """What a probe of probe.php answers."""
        return json.loads(replica.get(f"/?probe={name}", Host="site.test", **headers).text)

    def run(self, command: str, image: str | None = None, **settings: str) -> tuple[int, str]:
        """Run a command of the image to its end; its exit code and its log."""
        return self.runner.finish(self.settings | settings, command, image=image)

    def php(self, replica: Container, expression: str) -> Any:
        """What an expression is worth inside WordPress."""
        load = "require '/var/www/html/wp-load.php';"
        return json.loads(replica.execute("php", "-r", f"{load} echo json_encode({expression});"))

    def ask(self, statement: str) -> list[list[str]]:
        """Ask its database."""
        return self.database.ask(statement, self.name)

    def visitor(self, replica: Container) -> Visitor:
        """Somebody who sees the site through this replica."""
        return Visitor(URL, replica.ip)

    def editor(self, replica: Container) -> Visitor:
        """Somebody who has logged in."""
        visitor = self.visitor(replica)
        page = visitor.log_in(ADMIN, ADMIN_PASSWORD)
        assert "Dashboard" in page.text, page.text[:2000]
        return visitor
