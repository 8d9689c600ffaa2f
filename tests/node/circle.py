"""The real site on the real node: the image built from sources/, its database, its cache."""

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sandbox.bastion import Bastion
from sandbox.codedeploy import Timeline
from tests.cluster.site import Json, PlaneSite
from tests.image import downloads
from tests.image.building import ROOT, build
from tests.image.engine import Engine
from tests.image.services import ADMINISTRATOR, ADMINISTRATOR_PASSWORD, MariaDb, Service, memcached
from tests.node.node import ADDRESS
from tests.node.visitors import Page, ask
from wpdeploy.release import Release

HOST = "site.test"
PLUGIN = "sources/wp-content/plugins/footer-line/footer-line.php"
# The repository's Test environment, but for what this API server has no API for, and a database
# whose certificate nobody vouches for.
CHANGES: Json = {
    "disruption_budget": {"enabled": False},
    "cron": {"enabled": False},
    "env": {"WORDPRESS_DB_TLS": "on", "WORDPRESS_DB_CA_FILE": ""},
    "rollout": {"stability_window": 3, "grace": {"crash": 3}},
    "smoke": {"pattern": "footer-line"},
    # Two are enough to take turns: one less to wait for in each rollout.
    "wordpress": {"replicas": 2},
}


# What takes less is not worth a line.
_SHOWN = 0.5


class Clock:
    """Where the time goes."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float]] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what the block takes."""
        started = time.monotonic()
        yield
        self.rows.append((name, time.monotonic() - started))

    def __str__(self) -> str:
        return "\n".join(f"{seconds:7.1f} s  {name}" for name, seconds in self.rows)


class RealSite(PlaneSite):
    """A site with a database and a cache that are there; parameters are what these want."""

    def __init__(self, *where: Any, real: Mapping[str, str]) -> None:
        super().__init__(*where)
        self._real = real
        self.changes = CHANGES

    def set_up(self) -> None:
        """Make the parameters: the bundle is the pipeline's."""
        self.store()

    def _value(self, name: str, spec: Json) -> str:
        if "secretsmanager" in spec:
            administrator = {"username": ADMINISTRATOR, "password": ADMINISTRATOR_PASSWORD}
            return self.aws.put_secret(self.secret, administrator)
        return self._real.get(name) or super()._value(name, spec)


class Circle:
    """A checkout whose commits reach the site: built, pushed, deployed by the hooks."""

    def __init__(self, engine: Engine, registry: str, site: RealSite, directory: Path) -> None:
        self.site, self.clock = site, Clock()
        self.checkout = directory / "checkout"
        self._engine, self._registry = engine, registry
        self._bastion = Bastion(site, directory / "bastion", lambda _: None)
        self._tags: list[str] = []
        copy_sources(self.checkout)

    def close(self) -> None:
        """Remove the images; what others have of their layers stays."""
        self._engine.run("rmi", *self._tags)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the checkout."""
        path = self.checkout / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    @property
    def line(self) -> str:
        """What the plugin writes at the end of each page."""
        found = re.search(r"FOOTER_LINE = '(.*)'", (self.checkout / PLUGIN).read_text())
        assert found
        return found[1]

    def ready_pods(self) -> set[str]:
        """The pods that get visitors."""
        path = self.site.collection("endpoints", "v1") + "/wordpress"
        subsets = self.site.ask("GET", path).get("subsets") or []
        ready = [item for subset in subsets for item in subset.get("addresses", ())]
        return {item["targetRef"]["name"] for item in ready}

    def release(self, commit: str) -> Timeline:
        """What the pipeline does with a commit: build, push, deploy."""
        # Other runs on this machine have the same store.
        tag = f"localhost/circle-{os.getpid()}:{commit}"
        self._tags.append(tag)
        with self.clock.phase(f"{commit}: build"):
            build(self._engine, downloads.core(downloads.NEW), tag, context=self.checkout)
        with self.clock.phase(f"{commit}: push"):
            image = self._push(tag, f"{self._registry}/wordpress:{commit}")
        timeline = self._bastion.deploy(Release(image, commit, commit, "2026-11-01T12:00:00Z"))
        hooks = ((f"{commit}: {event.name}", event.seconds) for event in timeline.events)
        self.clock.rows += [(name, seconds) for name, seconds in hooks if seconds >= _SHOWN]
        return timeline

    def address(self) -> tuple[str, int]:
        """The Service's own address in the cluster."""
        spec = self._service()
        return str(spec["clusterIP"]), int(spec["ports"][0]["port"])

    def node_port(self) -> tuple[str, int]:
        """The same Service on the node."""
        return ADDRESS, int(self._service()["ports"][0]["nodePort"])

    def page(self, address: tuple[str, int] | None = None, path: str = "/") -> Page:
        """What a visitor gets."""
        return ask(address or self.address(), HOST, path)

    def _service(self) -> Json:
        found: Json = self.site.ask("GET", self.site.collection("services", "v1") + "/wordpress")
        return dict(found["spec"])

    def _push(self, tag: str, reference: str) -> str:
        self._engine.do("tag", tag, reference)
        digest = self.checkout / "digest"
        # zstd takes a third of gzip's time.
        options = ("--tls-verify=false", "--compression-format=zstd", "--digestfile", str(digest))
        self._engine.do("push", *options, reference)
        self._engine.do("untag", reference, reference)
        return f"{reference}@{digest.read_text()}"


def copy_sources(checkout: Path) -> None:
    """Copy what the image is built from."""
    for name in ("build", "sources"):
        shutil.copytree(ROOT / name, checkout / name)
    shutil.copy(ROOT / ".dockerignore", checkout)


@contextmanager
def services(directory: Path) -> Iterator[tuple[MariaDb, Service]]:
    """A database and a cache that pods reach on the node's address."""
    with ExitStack() as stack:
        database = MariaDb(directory / "mariadb", ADDRESS)
        stack.callback(database.stop)
        cache = memcached(directory / "memcached", ADDRESS)
        stack.callback(cache.stop)
        yield database, cache


def parameters(database: MariaDb, cache: Service) -> Mapping[str, str]:
    """What the Parameter Store has of the site; the rest is made up."""
    return {
        "mysql_host": database.address,
        "mysql_database": "wordpress",
        "mysql_user": "wordpress",
        "mysql_password": "p'a\"ss\\w$or d&/%{}<>`#;:|*?é",  # bait
        "memcached_host": cache.address,
        "site_url": f"http://{HOST}",
        "site_title": "A site",
        "admin_user": "editor",
        "admin_email": "editor@example.com",
    }
