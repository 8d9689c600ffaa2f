"""The authorities of the database in the image: downloaded by its build, and believed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from tests.image import downloads
from tests.image.building import AUTHORITIES, build, served
from tests.image.containers import Runner
from tests.image.engine import Engine, EngineError
from tests.image.services import DATABASE_NAME, MariaDb
from tests.image.site import Site

TAG = "localhost/wordpress:authorities"
# What a build downloads by https must come from somebody whom its curl believes.
CURL = "/root/.curlrc"
CA = "/run/authority.crt"
Build = Callable[[str], None]


@pytest.fixture(scope="module")
def build_with(engine: Engine, image: str, tmp_path_factory: pytest.TempPathFactory) -> Build:  # noqa: ARG001  # its layers
    """Build the image with a file of certificates of that content."""
    directory = tmp_path_factory.mktemp("authorities")
    authority = Authority(directory)
    pair = authority.server("server", "127.0.0.1")
    (directory / "curlrc").write_text(f'cacert = "{CA}"\n')
    believed = {authority.file: CA, directory / "curlrc": CURL}
    options = tuple(f"--volume={file}:{inside}:ro" for file, inside in believed.items())

    def with_content(content: str) -> None:
        (directory / "bundle.pem").write_text(content)
        with served(directory, pair, 0) as url:
            overrides = {"DATABASE_CA_URL": f"{url}/bundle.pem"}
            core = downloads.core(downloads.NEW)
            build(engine, core, TAG, overrides=overrides, options=options)

    return with_content


def test_a_database_is_believed_by_the_file_in_the_image(
    build_with: Build,
    runner: Runner,
    database: MariaDb,
    make_site: Callable[[], Site],
    tmp_path: Path,
) -> None:
    # As RDS's bundle: the authority that matters is one of many.
    other = Authority(tmp_path).file.read_text()
    build_with(f"# all regions\n{other}\n{database.authority.file.read_text()}")
    site = make_site()
    site.install()
    site.database.ask(f"ALTER USER {site.name}@'%' REQUIRE SSL")
    settings = site.settings | {
        "WORDPRESS_DB_TLS": "verify",
        "WORDPRESS_DB_CA_FILE": AUTHORITIES,
        "WORDPRESS_DB_HOST": f"{DATABASE_NAME}:{database.port}",
    }
    runner.start(settings, image=TAG).await_live().await_ready()
    code, log = runner.finish(settings, "upgrade", image=TAG)
    assert code == 0, log


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"


def test_a_file_that_is_no_certificate_ends_the_build(build_with: Build) -> None:
    with pytest.raises(EngineError, match="DATABASE_CA_URL is no file of certificates"):
        build_with("<html><title>Not found</title></html>\n")


def test_one_among_the_certificates_that_is_none_ends_the_build(
    build_with: Build, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="DATABASE_CA_URL is no file of certificates"):
        build_with(Authority(tmp_path).file.read_text() + CERTIFICATE)


def test_nothing_is_believed_that_came_without_https(
    engine: Engine, image: str, tmp_path: Path
) -> None:
    (tmp_path / "bundle.pem").write_text(CERTIFICATE)
    core, complaint = downloads.core(downloads.NEW), r"Protocol .http. .*disabled"
    with served(tmp_path) as url, pytest.raises(EngineError, match=complaint):
        build(engine, core, TAG, overrides={"DATABASE_CA_URL": f"{url}/bundle.pem"})
    without = engine.run("run", "--rm", "--entrypoint", "ls", image, AUTHORITIES)
    assert "No such file" in without.stderr
