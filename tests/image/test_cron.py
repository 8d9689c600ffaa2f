"""The command `cron`: what WordPress has due is done by a Job and not by visitors."""

from collections.abc import Callable

import pytest

from tests.image.containers import Container
from tests.image.services import wait_until
from tests.image.site import Site

LATE_POST = (
    "wp_insert_post(['post_title' => 'Late', 'post_status' => 'future', 'post_content' => 'x',"
    " 'post_date' => '{date}', 'post_date_gmt' => '{date}'])"
)


def schedule(site: Site, replica: Container) -> int:
    """A post that was to be published a moment ago."""
    # WordPress publishes at once what is due when it is written.
    number = site.php(replica, LATE_POST.format(date="2999-01-01 00:00:00"))
    site.php(
        replica,
        f"[wp_clear_scheduled_hook('publish_future_post', [{number}]),"
        f" wp_schedule_single_event(time() - 5, 'publish_future_post', [{number}])]",
    )
    past = "'2020-01-01 00:00:00'"
    site.ask(f"UPDATE wp_posts SET post_date_gmt = {past} WHERE ID = {number}")  # noqa: S608  # ours
    site.php(replica, "wp_cache_flush()")
    return int(number)


def status(site: Site, number: int) -> str:
    return site.ask(f"SELECT post_status FROM wp_posts WHERE ID = {number}")[0][0]  # noqa: S608  # ours


def test_a_post_is_published_when_it_is_due(site: Site, replica: Container) -> None:
    number = schedule(site, replica)
    site.visitor(replica).get("/")
    assert status(site, number) == "future"
    code, log = site.run("cron")
    assert code == 0
    assert "publish_future_post" in log
    assert status(site, number) == "publish"
    # What one event has made due is done by the next.
    logs = [site.run("cron")[1] for _ in range(3)]
    assert logs[-1] == "wordpress: cron ran nothing of 0 due"


def test_visits_run_it_where_there_is_no_job(site: Site, replica: Container) -> None:
    number = schedule(site, replica)
    # WordPress asks itself, by its address.
    settings = {"WORDPRESS_CRON": "visits", "WORDPRESS_SITE_URL": "http://127.0.0.1:8080"}
    site.serve(settings).get("/", Host="127.0.0.1:8080")
    wait_until(lambda: status(site, number) == "publish", "the visit's cron")


def test_a_site_that_is_not_installed_has_none(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.install()
    site.ask(f"DROP TABLE {', '.join(row[0] for row in site.ask('SHOW TABLES'))}")
    code, log = site.run("cron")
    assert (code, log.splitlines()[-1]) == (1, "wordpress: cron ended early, see above")


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ("nonsense();", "failed: Call to undefined function nonsense()"),
        ("wp_die('no more');", "cron ended early, see above"),
    ],
)
def test_a_plugin_that_breaks_is_no_success(
    site: Site, tmp_path_factory: pytest.TempPathFactory, body: str, last: str
) -> None:
    plugin = tmp_path_factory.mktemp("plugin") / "broken.php"
    plugin.write_text(f"<?php add_action('init', function () {{ {body} }});")
    plugin.parent.chmod(0o755)
    mounts = {plugin: "/var/www/html/wp-content/mu-plugins/broken.php"}
    code, log = site.runner.finish(site.settings, "cron", mounts=mounts)
    assert code == 1
    assert log.splitlines()[-1].startswith(f"wordpress: {last}")
