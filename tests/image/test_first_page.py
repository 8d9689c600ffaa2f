"""A container takes no visitors before its front page was shown once."""

import json
from pathlib import Path

import pytest

from tests.image.containers import Container
from tests.image.services import wait_until
from tests.image.site import URL, Site

EDITABLE = {"PHP_OPCACHE_VALIDATE": "1", "WORDPRESS_SITE_URL": URL}
INSIDE = "/var/www/html/wp-content/mu-plugins/change.php"
# What a commit can do to the front page, and what /-/ready then says of it.
BROKEN = {
    "add_action('init', fn () => no_such_function());": "answers 500",
    "add_action('wp_footer', fn () => no_such_function());": "breaks off",
    "add_action('init', fn () => wp_die('no', '', 503));": "answers 503",
    "add_action('init', fn () => exec('kill -9 ' . getmypid()));": "does not answer",
    "add_action('init', fn () => sleep(4));": "takes too long",
}
# What is no fault of the release.
WHOLE = (
    "add_action('init', fn () => wp_die('log in', '', 401));",
    "add_action('init', function () { header('Location: /login', true, 302); exit; });",
)


def ready(replica: Container, slow: str = "takes too long") -> tuple[int, str]:
    """The answer of /-/ready, and what it says of the page, which may be slow for a while."""
    found: list[tuple[int, str]] = []

    def answered() -> bool:
        answer = replica.get("/-/ready")
        found[:] = [(answer.status, json.loads(answer.text)["page"])]
        return found[0][1] != slow

    wait_until(answered, "a page that is not slow")
    return found[0]


def serving(site: Site, file: Path, change: str) -> Container:
    """A replica whose release has this change, to the front page alone."""
    only = "if (($_SERVER['REQUEST_URI'] ?? '') === '/') {"
    file.write_text(f"<?php\n{only}\n{change}\n}}\n")
    return site.serve(EDITABLE, mounts={file: INSIDE})


@pytest.mark.parametrize(("change", "told"), BROKEN.items(), ids=BROKEN.values())
def test_a_site_whose_page_is_broken_is_not_ready(
    site: Site, tmp_path: Path, change: str, told: str
) -> None:
    replica = serving(site, tmp_path / "change.php", change)
    assert ready(replica, slow="") == (503, told) or ready(replica) == (503, told)
    assert replica.get("/-/live").status == 200
    assert f"not ready: the front page {told}" in "\n".join(replica.logs()[1])


@pytest.mark.parametrize("change", WHOLE)
def test_a_page_that_is_not_for_everybody_is_a_page(
    site: Site, tmp_path: Path, change: str
) -> None:
    assert ready(serving(site, tmp_path / "change.php", change)) == (200, "ok")


def test_what_breaks_after_the_first_page_takes_nothing_away(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "change.php"
    replica = serving(site, file, next(iter(BROKEN)))
    assert ready(replica)[0] == 503
    broken = file.read_text()
    file.write_text("<?php\n")
    wait_until(lambda: ready(replica) == (200, "ok"), "the mended page")
    file.write_text(broken)
    wait_until(lambda: replica.get("/", Host="site.test").status == 500, "the broken page")
    assert ready(replica) == (200, "ok")


def test_the_page_is_asked_for_as_the_load_balancer_does(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "change.php"
    file.write_text("<?php\nadd_action('init', fn () => is_ssl() || wp_die('no TLS', '', 500));\n")
    settings = EDITABLE | {"WORDPRESS_SITE_URL": "https://site.test"}
    replica = site.serve(settings, mounts={file: INSIDE})
    assert ready(replica) == (200, "ok")
    asked = [json.loads(line) for line in replica.logs()[0] if '"agent":"ready"' in line]
    assert {(line["host"], line["status"]) for line in asked} == {("site.test", 200)}
