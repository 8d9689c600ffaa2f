"""Fifty deployments in a row: what they leave does not grow, and nothing goes that is needed."""

from sandbox.site import merged
from tests.cluster.site import Site
from tests.cluster.test_killed import nothing_is_left, small
from tests.cluster.test_records import names, records, referred

# The Deployment keeps five old ReplicaSets beside the one that runs.
REPLICA_SETS = 6


def test_fifty_deployments_leave_no_more_than_a_few(site: Site) -> None:
    small(site)
    for number in range(1, 51):
        is_bad = number % 7 == 0
        change(site, number, is_bad=is_bad)
        result = site.deploy()
        assert result.code == (7 if is_bad else 0), result.output
        no_more_than_a_few(site)
        nothing_is_left(site)
    assert len(records(site)) == 10
    assert records(site)[0].number == 50 + 50 // 7, "each rollback has a record as well"


def change(site: Site, number: int, *, is_bad: bool) -> None:
    """Another image, another password or another variable; after a bad image a good one."""
    site.deployment_id = f"d-{number}"
    if is_bad or number % 3 == 0 or number % 7 == 1:
        site.release("badpull" if is_bad else f"v{number}", digest=f"{number % 16:x}")
    elif number % 3 == 1:
        site.put("mysql_password", f"password {number}")
    else:
        site.changes = merged(site.changes, {"env": {"NUMBER": str(number)}})
        site.configure()


def no_more_than_a_few(site: Site) -> None:
    """Few ReplicaSets, and all there that they, or a rollback, need."""
    needed = {record.config for record in records(site)} | referred(site)
    assert needed <= names(site, "secrets")
    assert needed <= names(site, "configmaps")
    assert len(site.ask("GET", site.collection("replicasets"))["items"]) <= REPLICA_SETS
