"""The command `install`: from an empty database server to a site, once, whoever asks how often."""

import threading
from collections.abc import Callable

import pytest

from tests.image.containers import Runner
from tests.image.services import MariaDb, free_port, wait_until
from tests.image.site import ADMIN, ODD_PASSWORD, URL, Site

MakeSite = Callable[..., Site]
INSTALLED = f"wordpress: installed WordPress at {URL}"
THERE = "wordpress: nothing to install: WordPress is in this database"


def test_the_database_and_a_user_with_no_more_than_wordpress_needs_are_made(
    make_site: MakeSite,
) -> None:
    site = make_site()
    assert site.install() == INSTALLED
    grants = [row[0] for row in site.ask(f"SHOW GRANTS FOR '{site.name}'@'%'")]
    assert grants[0].startswith(f"GRANT USAGE ON *.* TO `{site.name}`@`%` IDENTIFIED BY")
    # The client shows a backslash as two.
    shown = site.grant.replace("\\", "\\\\")
    privileges = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER"
    assert grants[1:] == [f"GRANT {privileges} ON {shown} TO `{site.name}`@`%`"]


def test_the_site_is_what_the_settings_say(make_site: MakeSite) -> None:
    site = make_site()
    site.install()
    options = dict(site.ask("SELECT option_name, option_value FROM wp_options"))
    assert options["siteurl"] == options["home"] == URL
    assert options["blogname"] == "The &quot;test&quot; &amp; it&#039;s site"
    assert options["admin_email"] == "editor@example.com"
    assert options["permalink_structure"] == "/%postname%/"
    assert "wordpress_image_installing" not in options
    assert site.ask("SELECT user_login FROM wp_users") == [[ADMIN]]
    site.editor(site.serve())


def test_a_second_time_changes_nothing(make_site: MakeSite) -> None:
    site = make_site()
    site.install()
    site.ask("UPDATE wp_options SET option_value = 'Renamed' WHERE option_name = 'blogname'")
    content = "CHECKSUM TABLE wp_users, wp_usermeta, wp_posts, wp_terms"
    before = site.ask(content)
    assert site.install() == THERE
    assert site.ask(content) == before
    name = site.ask("SELECT option_value FROM wp_options WHERE option_name = 'blogname'")
    assert name == [["Renamed"]]


def test_two_at_once_are_one_after_the_other(make_site: MakeSite) -> None:
    site = make_site()
    words: list[str] = []
    threads = [threading.Thread(target=lambda: words.append(site.install())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(words) == [INSTALLED, THERE, THERE]
    assert site.ask("SELECT post_name FROM wp_posts WHERE post_type = 'post'") == [["hello-world"]]


def test_one_that_stopped_half_way_has_failed_and_is_finished_by_the_next(
    make_site: MakeSite,
) -> None:
    site = make_site()
    site.install()
    site.ask("DELETE FROM wp_options; DELETE FROM wp_users; DELETE FROM wp_usermeta")
    tables = [row[0] for row in site.ask("SHOW TABLES") if row != ["wp_users"]]
    site.ask(f"REVOKE INSERT ON {site.grant} FROM {site.name}@'%'")
    for table in tables:
        site.ask(f"GRANT INSERT ON {site.name}.{table} TO {site.name}@'%'")
    settings = site.unprivileged_settings
    code, log = site.runner.finish(settings, "install")
    assert code == 1
    assert "INSERT command denied to user" in log
    last = log.splitlines()[-1]
    assert last == "wordpress: failed: WordPress has no administrator: see the errors above"
    assert site.install() == INSTALLED
    site.editor(site.serve())


def test_a_site_that_was_installed_by_hand_is_left_alone(make_site: MakeSite) -> None:
    site = make_site()
    site.install()
    site.ask("UPDATE wp_options SET option_value = '' WHERE option_name = 'permalink_structure'")
    site.ask("UPDATE wp_options SET option_value = 'a:0:{}' WHERE option_name = 'active_plugins'")
    assert site.install() == THERE
    assert site.ask(
        "SELECT option_value FROM wp_options WHERE option_name = 'permalink_structure'"
    ) == [[""]]


def test_without_an_administrator_it_installs_into_the_database_that_there_is(
    make_site: MakeSite,
) -> None:
    site = make_site()
    password = ODD_PASSWORD.replace("\\", "\\\\").replace("'", "''")
    site.database.ask(f"CREATE DATABASE {site.name}")
    site.database.ask(f"CREATE USER {site.name}@'%' IDENTIFIED BY '{password}'")
    site.database.ask(f"GRANT ALL ON {site.name}.* TO {site.name}@'%'")
    settings = site.unprivileged_settings
    assert site.runner.finish(settings, "install") == (0, INSTALLED)


def test_the_password_of_a_user_that_exists_is_not_changed(make_site: MakeSite) -> None:
    site = make_site()
    site.install()
    code, log = site.runner.finish(
        {**site.install_settings, "WORDPRESS_DB_PASSWORD": "another"}, "install"
    )
    assert code == 3
    assert "the database denies access: wrong user or password (1045)" in log
    assert site.install() == THERE


def test_a_wrong_administrator_is_told_at_once(make_site: MakeSite) -> None:
    site = make_site()
    settings = {**site.install_settings, "WORDPRESS_DB_ADMIN_PASSWORD": "wrong"}
    code, log = site.runner.finish(settings, "install")
    assert (code, len(log.splitlines())) == (3, 1)
    assert log.startswith("wordpress: the database denies access: wrong user or password (1045)")
    assert "wrong'" not in log


def test_a_database_that_is_away_is_waited_for_and_no_longer_than_set(
    make_site: MakeSite, database: MariaDb
) -> None:
    site = make_site()
    away = f"{database.host}:{free_port(database.host)}"
    settings = {
        **site.install_settings,
        "WORDPRESS_DB_HOST": away,
        "WORDPRESS_DB_WAIT_SECONDS": "2",
    }
    container = site.runner.start(settings, "install")
    assert 1.5 < container.await_end() < 30
    assert container.exit_code == 3
    assert container.logs()[1] == [
        "wordpress: waiting for the database: (2002) Connection refused",
        "wordpress: the database does not answer (2002) Connection refused",
    ]


def test_a_database_that_comes_late_is_installed_into(
    make_site: MakeSite, runner: Runner, database: MariaDb
) -> None:
    site = make_site()
    database.kill()
    container = runner.start(site.install_settings, "install")
    wait_until(lambda: bool(container.logs()[1]), "the first line of its log")
    database.start()
    container.await_end()
    assert container.logs()[1][-1] == INSTALLED
    assert container.exit_code == 0


def test_it_can_be_stopped_while_it_waits(make_site: MakeSite, database: MariaDb) -> None:
    site = make_site()
    away = f"{database.host}:{free_port(database.host)}"
    settings = {
        **site.install_settings,
        "WORDPRESS_DB_HOST": away,
        "WORDPRESS_DB_WAIT_SECONDS": "60",
    }
    container = site.runner.start(settings, "install")
    wait_until(lambda: bool(container.logs()[1]), "the first line of its log")
    container.signal("SIGTERM")
    assert container.await_end() < 30
    assert (container.exit_code, container.logs()[1][-1]) == (143, "wordpress: install was stopped")


@pytest.mark.parametrize("name", ["wordpress_image", "na-me$1"])
def test_a_database_may_have_any_usual_name(make_site: MakeSite, name: str) -> None:
    site = make_site()
    settings = {**site.install_settings, "WORDPRESS_DB_NAME": name}
    assert site.runner.finish(settings, "install") == (0, INSTALLED)
    site.database.ask(f"DROP DATABASE `{name}`")
