"""The image's start: what it refuses, in one line, and that nothing more than it needs is open."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.image.building import AUTHORITIES
from tests.image.containers import HARDENED, TMP, UPLOADS, Runner
from tests.image.site import Site

HINT = "(the build argument DATABASE_CA_URL puts one into the image)"
COMPLETE = {
    "WORDPRESS_DB_HOST": "127.0.0.1",
    "WORDPRESS_DB_NAME": "site",
    "WORDPRESS_DB_USER": "user",
    "WORDPRESS_DB_PASSWORD": "password",
}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"WORDPRESS_DB_HOST": "", "WORDPRESS_DB_PASSWORD": ""},
            "missing, as NAME or as NAME_FILE: WORDPRESS_DB_HOST, WORDPRESS_DB_PASSWORD",
        ),
        ({"WORDPRESS_DB_HOST": "http://db"}, "WORDPRESS_DB_HOST must be HOST or HOST:PORT"),
        ({"WORDPRESS_DB_TLS": "yes"}, "WORDPRESS_DB_TLS must be off, on or verify"),
        ({"WORDPRESS_TABLE_PREFIX": "wp-"}, "WORDPRESS_TABLE_PREFIX must be letters, digits and _"),
        ({"APACHE_WORKERS": "0"}, "APACHE_WORKERS must be a number from 1 to 999"),
        (
            {"PHP_MEMORY_LIMIT": "lots", "PHP_UPLOAD_LIMIT": "1"},
            "; ".join(
                f"PHP_{name}_LIMIT must be a size such as 256M" for name in ("MEMORY", "UPLOAD")
            ),
        ),
        (
            {"WORDPRESS_DB_USER_FILE": "/etc/hostname"},
            "WORDPRESS_DB_USER and WORDPRESS_DB_USER_FILE are both set",
        ),
        (
            {"WORDPRESS_DB_USER": "", "WORDPRESS_DB_USER_FILE": "/none"},
            "WORDPRESS_DB_USER_FILE cannot be read: /none",
        ),
        (
            {"WORDPRESS_DB_TLS": "verify", "WORDPRESS_DB_CA_FILE": AUTHORITIES},
            f"WORDPRESS_DB_CA_FILE cannot be read: {AUTHORITIES} {HINT}",
        ),
        (
            {"WORDPRESS_DB_TLS": "verify", "WORDPRESS_DB_CA_FILE": "/etc/hostname"},
            "WORDPRESS_DB_CA_FILE has no certificate (PEM): /etc/hostname",
        ),
        ({"WORDPRESS_AUTH_KEY": "two\nlines"}, "WORDPRESS_AUTH_KEY must be one line of text"),
    ],
)
def test_a_bad_setting_ends_the_start_with_one_line_that_names_it(
    runner: Runner, settings: Mapping[str, str], line: str
) -> None:
    assert runner.finish({**COMPLETE, **settings}) == (2, f"wordpress: {line}")


def test_install_asks_for_more(runner: Runner) -> None:
    code, log = runner.finish(COMPLETE, "install")
    names = "SITE_URL", "SITE_TITLE", "ADMIN_USER", "ADMIN_PASSWORD", "ADMIN_EMAIL"
    missing = ", ".join(f"WORDPRESS_{name}" for name in names)
    assert (code, log) == (2, f"wordpress: missing, as NAME or as NAME_FILE: {missing}")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bash"], "unknown command bash: serve, install, upgrade or cron"),
        (["serve", "now"], "takes one command: serve, install, upgrade or cron"),
    ],
)
def test_another_command_is_refused(runner: Runner, arguments: list[str], complaint: str) -> None:
    assert runner.finish(COMPLETE, *arguments) == (2, f"wordpress: {complaint}")


@pytest.mark.parametrize("options", [("--user=0",), ("--user=0", *HARDENED)])
def test_root_is_refused_with_capabilities_and_without(
    runner: Runner, options: tuple[str, ...]
) -> None:
    code, log = runner.finish(COMPLETE, options=options)
    assert code == 2
    assert log.startswith("wordpress: runs as user 33 and never as root")


def test_what_cannot_be_written_to_is_told(runner: Runner) -> None:
    options = [option for option in HARDENED if option != TMP]
    code, log = runner.finish(COMPLETE, options=options)
    assert code != 0
    assert "user 33 cannot write to /tmp: Apache, PHP and uploads need it" in log


def test_a_replica_has_no_capability_and_can_write_to_two_places_only(site: Site) -> None:
    replica = site.serve()
    status = replica.execute("cat", "/proc/1/status")
    capabilities = [line.split()[1] for line in status.splitlines() if line.startswith("Cap")]
    assert set(capabilities) == {"0" * 16}
    assert replica.execute("cat", "/proc/1/comm") == "apache2"
    pruned = "find / -path /proc -prune -o -path /dev -prune"
    finder = f"{pruned} -o -type d -writable -print 2>/dev/null"
    assert replica.execute("sh", "-c", f"{finder}; true").split() == ["/tmp", UPLOADS]  # noqa: S108  # the container's own


def test_limits_come_from_the_environment_or_a_file(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "limit"
    file.write_text("77M\n")
    settings = {
        "PHP_MEMORY_LIMIT_FILE": "/run/limit",
        "PHP_UPLOAD_LIMIT": "12M",
        "PHP_MAX_EXECUTION_SECONDS": "33",
        "PHP_OPCACHE_MEGABYTES": "64",
        "APACHE_WORKERS_FILE": "/run/workers",
    }
    workers = tmp_path / "workers"
    workers.write_text("3")
    replica = site.serve(settings, mounts={file: "/run/limit", workers: "/run/workers"})
    assert site.probe(replica, "request")["ini"] == {
        "memory_limit": "77M",
        "upload_max_filesize": "12M",
        "max_execution_time": "33",
        "opcache.memory_consumption": "64",
    }
    assert "APACHE_WORKERS=3" in replica.execute("cat", "/proc/1/environ").split("\0")
