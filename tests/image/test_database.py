"""The database as a replica meets it: its password, TLS, and when it is away."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from tests.image.containers import Container
from tests.image.services import DATABASE_NAME, MariaDb
from tests.image.site import ODD_PASSWORD, Site

CA_FILE = "/run/ca.crt"


def ready(replica: Container) -> tuple[int, str]:
    """The answer of /-/ready, and what it says of the database."""
    answer = replica.get("/-/ready")
    return answer.status, json.loads(answer.text)["database"]


@pytest.fixture(scope="module")
def others_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that has nothing to do with the database."""
    return Authority(tmp_path_factory.mktemp("others")).file


def test_a_password_of_odd_characters_comes_from_a_file(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{ODD_PASSWORD}\n")
    settings = {"WORDPRESS_DB_PASSWORD": "", "WORDPRESS_DB_PASSWORD_FILE": "/run/password"}
    replica = site.serve(settings, mounts={file: "/run/password"})
    replica.await_ready()
    assert replica.get("/", Host="site.test").status == 200
    assert ODD_PASSWORD not in replica.execute("cat", "/proc/1/environ")


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"WORDPRESS_DB_PASSWORD": "wrong"}, "denies access: wrong user or password"),
        ({"WORDPRESS_DB_USER": "nobody"}, "denies access: wrong user or password"),
        ({"WORDPRESS_DB_NAME": "another"}, "denies the user access to the database"),
        ({"WORDPRESS_DB_HOST": "127.0.0.1:9"}, "does not answer"),
        ({"WORDPRESS_DB_HOST": "database.invalid"}, "does not answer"),
    ],
)
def test_ready_says_what_is_wrong_with_the_database(
    site: Site, settings: Mapping[str, str], state: str
) -> None:
    replica = site.serve(settings)
    assert ready(replica) == (503, state)
    assert replica.get("/-/live").status == 200
    log = "\n".join(replica.logs()[1])
    assert f"not ready: the database {state}" in log
    assert settings.get("WORDPRESS_DB_PASSWORD", ODD_PASSWORD) not in log.replace(state, "")


def test_a_database_that_does_not_exist_is_named_so_to_who_may_know(site: Site) -> None:
    site.database.ask(f"GRANT SELECT ON `gone`.* TO {site.name}@'%'")
    assert ready(site.serve({"WORDPRESS_DB_NAME": "gone"})) == (503, "has no database of this name")


def test_a_database_that_is_killed_comes_back_without_a_restart(
    replica: Container, database: MariaDb
) -> None:
    replica.await_ready()
    database.kill()
    try:
        assert ready(replica) == (503, "does not answer")
        assert replica.get("/", Host="site.test").status == 500
        assert replica.get("/-/live").status == 200
    finally:
        database.start()
    replica.await_ready()
    assert replica.get("/", Host="site.test").status == 200


def test_a_database_that_swallows_everything_is_given_up(
    replica: Container, database: MariaDb
) -> None:
    with database.silent():
        assert ready(replica)[0] == 503
    replica.await_ready()


@pytest.fixture(scope="module")
def tls_site(make_site: Callable[[], Site]) -> Site:
    """A site whose user may only come by TLS."""
    site = make_site()
    site.install()
    site.database.ask(f"ALTER USER {site.name}@'%' REQUIRE SSL")
    return site


def test_without_tls_the_user_is_refused(tls_site: Site) -> None:
    assert ready(tls_site.serve())[0] == 503


def test_tls_on_encrypts_and_believes_anybody(tls_site: Site) -> None:
    replica = tls_site.serve({"WORDPRESS_DB_TLS": "on"})
    replica.await_ready()
    cipher = "$wpdb->get_row(\"SHOW STATUS LIKE 'Ssl_cipher'\")->Value"
    assert tls_site.php(replica, cipher).startswith("TLS_")


def test_tls_verify_believes_who_has_a_certificate_of_the_authority(
    tls_site: Site, database: MariaDb
) -> None:
    settings = {
        "WORDPRESS_DB_TLS": "verify",
        "WORDPRESS_DB_CA_FILE": CA_FILE,
        "WORDPRESS_DB_HOST": f"{DATABASE_NAME}:{database.port}",
    }
    replica = tls_site.serve(settings, mounts={database.authority.file: CA_FILE})
    replica.await_ready()
    assert replica.get("/", Host="site.test").status == 200


def test_tls_verify_refuses_another_authority(
    tls_site: Site, database: MariaDb, others_ca: Path
) -> None:
    host = f"{DATABASE_NAME}:{database.port}"
    mounts = {others_ca: CA_FILE}
    settings = {"WORDPRESS_DB_CA_FILE": CA_FILE, "WORDPRESS_DB_HOST": host}
    assert ready(tls_site.serve(settings | {"WORDPRESS_DB_TLS": "verify"}, mounts=mounts))[0] == 503
    tls_site.serve(settings | {"WORDPRESS_DB_TLS": "on"}, mounts=mounts).await_ready()


def test_tls_verify_refuses_another_name(tls_site: Site, database: MariaDb) -> None:
    mounts = {database.authority.file: CA_FILE}
    settings = {"WORDPRESS_DB_CA_FILE": CA_FILE, "WORDPRESS_DB_TLS": "verify"}
    assert ready(tls_site.serve(settings, mounts=mounts))[0] == 503


def test_the_jobs_connect_the_same_way(tls_site: Site) -> None:
    assert tls_site.run("upgrade")[0] == 3
    assert tls_site.run("upgrade", WORDPRESS_DB_TLS="on")[0] == 0
    assert tls_site.run("cron", WORDPRESS_DB_TLS="on")[0] == 0
