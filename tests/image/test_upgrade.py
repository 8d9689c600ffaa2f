"""The command `upgrade`: a database of an older WordPress, before the new one serves from it."""

import threading
from collections.abc import Callable

import pytest

from tests.image import downloads
from tests.image.building import build
from tests.image.engine import Engine
from tests.image.services import Service
from tests.image.site import ADMIN, ADMIN_PASSWORD, Site

OLD_IMAGE = "localhost/wordpress:old"


@pytest.fixture(scope="module")
def old_image(engine: Engine) -> str:
    """The image with the WordPress of an older Debian."""
    build(engine, downloads.core(downloads.OLD), OLD_IMAGE)
    return OLD_IMAGE


@pytest.fixture
def old_site(make_site: Callable[..., Site], old_image: str, cache_server: Service) -> Site:
    """A site that was installed with it."""
    site = make_site(cache_server)
    site.install(old_image)
    return site


def version(site: Site) -> int:
    return int(
        site.ask("SELECT option_value FROM wp_options WHERE option_name = 'db_version'")[0][0]
    )


def test_the_new_core_asks_for_an_upgrade_until_the_job_has_run(
    old_site: Site, old_image: str
) -> None:
    old = old_site.runner.start(old_site.settings, image=old_image).await_live()
    old_site.editor(old)
    before, new = version(old_site), old_site.serve()
    # Logging in leads to wp-admin, which says that the database must be upgraded first.
    visitor = old_site.visitor(new)
    assert "/wp-admin/upgrade.php" in visitor.log_in(ADMIN, ADMIN_PASSWORD).url
    code, log = old_site.run("upgrade")
    after = version(old_site)
    assert (code, log.splitlines()[-1]) == (
        0,
        f"wordpress: upgraded the database from version {before} to {after}",
    )
    assert before < after
    old_site.editor(new)
    # The old pods go on serving until they are replaced.
    assert old_site.visitor(old).get("/").status == 200


def test_a_second_upgrade_has_nothing_to_do(site: Site) -> None:
    code, log = site.run("upgrade")
    assert (code, log) == (
        0,
        f"wordpress: nothing to upgrade: the database has version {version(site)}",
    )


def test_two_upgrades_at_once_are_one(old_site: Site) -> None:
    ends: list[tuple[int, str]] = []
    threads = [
        threading.Thread(target=lambda: ends.append(old_site.run("upgrade"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = sorted(log.splitlines()[-1].split(" the ")[0] for _, log in ends)
    assert [code for code, _ in ends] == [0, 0]
    assert words == ["wordpress: nothing to upgrade:", "wordpress: upgraded"]


def test_a_database_without_wordpress_is_left_empty(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.install()
    tables = ", ".join(row[0] for row in site.ask("SHOW TABLES"))
    site.ask(f"DROP TABLE {tables}")
    assert site.run("upgrade") == (
        0,
        "wordpress: nothing to upgrade: WordPress is not installed in this database",
    )
    assert site.ask("SHOW TABLES") == []


def test_an_upgrade_that_is_not_allowed_to_change_tables_fails(old_site: Site) -> None:
    old_site.ask(f"REVOKE ALTER, UPDATE ON {old_site.grant} FROM {old_site.name}@'%'")
    code, log = old_site.run("upgrade")
    assert code == 1
    assert "failed: the database has version" in log
