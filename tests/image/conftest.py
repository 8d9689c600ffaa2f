"""What the tests of the image share: podman, the image, a network, a database, memcached."""

from collections.abc import Callable, Iterator

import pytest

from tests.image import downloads
from tests.image.building import build
from tests.image.containers import Container, Network, Runner
from tests.image.engine import Engine, cache
from tests.image.programs import need
from tests.image.services import MariaDb, Service, memcached
from tests.image.site import Site

IMAGE = "localhost/wordpress:tested"


@pytest.fixture(scope="session")
def engine() -> Engine:
    need()
    started = Engine(cache() / "podman")
    started.remove_orphans()
    return started


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    build(engine, downloads.core(downloads.NEW), IMAGE)
    return IMAGE


@pytest.fixture(scope="session")
def network(engine: Engine, image: str) -> Iterator[Network]:
    made = Network(engine, image)
    yield made
    made.close()


@pytest.fixture(scope="session")
def database(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    started = MariaDb(tmp_path_factory.mktemp("database") / "mariadb", network.gateway)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def cache_server(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = memcached(tmp_path_factory.mktemp("cache") / "memcached", network.gateway)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def runner(
    engine: Engine, image: str, network: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    made = Runner(engine, image, network, tmp_path_factory.mktemp("volumes"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def make_site(runner: Runner, database: MariaDb) -> Callable[..., Site]:
    def make(cache: Service | None = None) -> Site:
        return Site(runner, database, cache)

    return make


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site], cache_server: Service) -> Site:
    """A site that is installed, with a cache."""
    made = make_site(cache_server)
    made.install()
    return made


@pytest.fixture(scope="module")
def replica(site: Site) -> Container:
    """A replica of the site."""
    return site.serve()
