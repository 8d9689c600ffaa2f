"""The Jobs of the repository: `install`, with parameters that nobody else gets, and `upgrade`."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cluster.site import Json, Site

ON = {"install": {"enabled": True}, "upgrade": {"enabled": True}}
OFF = {"install": {"enabled": False}}
# Odd enough to be written in more than one way.
SENTINEL = 's3nt/nel "&{{ x }}\U0001f600'


@pytest.fixture
def access() -> None:
    """By a kubeconfig alone: the way to the API server makes no difference here."""


@pytest.fixture
def installing(site: Site) -> Site:
    """A site whose environment installs and upgrades, with the parameters for it."""
    site.changes = {**site.changes, **ON}
    site.configure()
    site.store()
    return site


def named(site: Site, plural: str, start: str) -> dict[str, Json]:
    """The objects whose names begin like this."""
    version = "batch/v1" if plural == "jobs" else "v1"
    found = site.ask("GET", site.collection(plural, version))["items"]
    items = {item["metadata"]["name"]: item for item in found}
    return {name: item for name, item in items.items() if name.startswith(start)}


def uids(site: Site) -> dict[str, str]:
    return {name: job["metadata"]["uid"] for name, job in named(site, "jobs", "").items()}


def serving(site: Site) -> set[str]:
    """The names of the pods that are no Job's."""
    jobs = tuple(uids(site))
    return {name for name in site.pod_names() if not name.startswith(jobs)}


def again(site: Site, number: int) -> str:
    """Another deployment that succeeds; what it printed."""
    site.deployment_id = f"d-TEST0000{number}"
    return "".join(site.run(*step.split()).output for step in ("render", "apply")) + (
        site.run("validate", "--settle").output
    )


def administrator(site: Site) -> dict[str, str]:
    """What the Secret of the Job `install` holds."""
    [secret] = named(site, "secrets", "wordpress-install-").values()
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def test_the_first_deployment_installs_before_anything_serves(installing: Site) -> None:
    installing.deployed()
    [install] = named(installing, "jobs", "wordpress-install-").values()
    [upgrade] = named(installing, "jobs", "wordpress-upgrade-").values()
    made = installing.deployment()["metadata"]["creationTimestamp"]
    done = [job["status"]["completionTime"] for job in (install, upgrade)]
    assert done[0] <= upgrade["metadata"]["creationTimestamp"]
    assert done[1] <= made
    assert administrator(installing) == {
        "WORDPRESS_ADMIN_PASSWORD": "value-of-admin_password",
        "WORDPRESS_DB_ADMIN_USER": "value-of-mysql_admin_secret.username",
        "WORDPRESS_DB_ADMIN_PASSWORD": "value-of-mysql_admin_secret.password",
    }


def test_the_pods_of_the_site_know_nothing_of_the_administrators(installing: Site) -> None:
    installing.deployed()
    template = json.dumps(installing.deployment()["spec"]["template"])
    assert "ADMIN" not in template
    assert "wordpress-install-" not in template


def test_the_same_release_runs_no_job_again_and_another_one_does(installing: Site) -> None:
    installing.deployed()
    before, pods = uids(installing), installing.pod_names()
    again(installing, 2)
    assert uids(installing) == before
    assert installing.pod_names() == pods
    installing.release("v2", digest="b")
    again(installing, 3)
    after = uids(installing)
    assert len(after) == 2
    assert not set(after) & set(before)


def test_a_password_that_was_rotated_rolls_no_pods(installing: Site) -> None:
    installing.deployed()
    before, pods = uids(installing), serving(installing)
    secrets = set(named(installing, "secrets", "wordpress-install-"))
    installing.aws.put_secret(installing.secret, {"username": "root", "password": "rotated"})
    output = again(installing, 2)
    assert serving(installing) == pods, output
    assert administrator(installing)["WORDPRESS_DB_ADMIN_PASSWORD"] == "rotated"
    assert not set(named(installing, "secrets", "wordpress-install-")) & secrets, "pruned"
    kept = {name for name in before if "upgrade" in name}
    assert {name for name in uids(installing) if name in before} == kept


def test_switched_off_it_is_not_read_and_what_it_had_goes(installing: Site) -> None:
    installing.deployed()
    installing.configure(OFF)
    for name in ("admin_password", "mysql_admin_secret"):
        installing.aws.delete_parameter(f"{installing.path}/{name}")
    again(installing, 2)
    for plural in ("jobs", "secrets", "configmaps"):
        assert not named(installing, plural, "wordpress-install-")
    assert named(installing, "jobs", "wordpress-upgrade-")


def test_without_an_administrator_the_job_gets_none(installing: Site) -> None:
    installing.aws.delete_parameter(f"{installing.path}/mysql_admin_secret")
    installing.deployed()
    assert set(administrator(installing)) == {"WORDPRESS_ADMIN_PASSWORD"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("hush", "/mysql_admin_secret does not hold the ARN of a secret of Secrets Manager"),
        (
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:gone-AbCdEf",
            "Secrets Manager: there is no secret arn:aws:secretsmanager:",
        ),
    ],
)
def test_a_secret_that_is_not_there_is_told_before_anything_changes(
    installing: Site, value: str, told: str
) -> None:
    installing.put("mysql_admin_secret", value)
    before = installing.fingerprint()
    result = installing.run("render")
    assert result.code == 4
    assert "hush" not in result.output
    assert told.replace(" ", "") in result.verdict.replace(" ", "")
    assert installing.fingerprint() == before


def test_a_job_that_fails_is_told_by_its_log_without_the_administrators_password(
    installing: Site,
) -> None:
    said = "Error establishing a database"
    installing.aws.put_secret(installing.secret, {"username": "root", "password": said})
    installing.release("joberror")
    assert installing.run("render").code == 0
    result = installing.run("apply")
    assert result.code == 7
    assert "Job wordpress-install-" in result.verdict
    assert "[redacted] connection" in result.verdict
    assert said not in " ".join(result.output.split())
    for file in (installing.directory / "root").rglob("evidence.*"):
        assert said not in file.read_text()


def test_a_password_is_nowhere_but_in_its_secret(installing: Site, tmp_path: Path) -> None:
    installing.aws.put_secret(installing.secret, {"username": "root", "password": SENTINEL})
    installing.put("admin_password", SENTINEL[::-1])
    texts = [installing.deployed().output]
    texts += [installing.run(*step).output for step in (("diff",), ("status",), ("history",))]
    installing.release("joberror", digest="b")
    texts += [again(installing, 2)]
    files = [*installing.directory.rglob("*"), *tmp_path.rglob("*")]
    texts += [path.read_text(errors="replace") for path in files if path.is_file()]
    texts += [json.dumps(named(installing, "configmaps", ""))]
    assert administrator(installing)["WORDPRESS_DB_ADMIN_PASSWORD"] == SENTINEL
    for value in (SENTINEL, SENTINEL[::-1]):
        forms = (
            value,
            json.dumps(value)[1:-1],
            quote(value),
            base64.b64encode(value.encode()).decode(),
        )
        assert not [form for form in forms for text in texts if form in text]
