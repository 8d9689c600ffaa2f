"""To which record a release goes back, and what is taken for CodeDeploy's own rollback."""

import base64
from collections.abc import Mapping, Sequence

import pytest

from tests.unit.bundle import MODIFIED
from tests.unit.past_deployments import failed, password, record, release
from wpdeploy import rollback, site_config
from wpdeploy.errors import ParameterError, UsageError
from wpdeploy.kinds import labels
from wpdeploy.parameters import Parameter, ParameterSpec, StoredParameter
from wpdeploy.record import Record, RecordedParameter, Result

LATER = "2026-11-21T10:00:00.000+00:00"


def test_a_record_is_told_by_its_image_and_its_commit() -> None:
    assert rollback.told(record(12)) == "#12 (wordpress:v1@sha256:aaaaaaaaaaaa, commit v1v1v1v1)"


def newest_first(*records: Record) -> list[Record]:
    return list(reversed(records))


# After a failure


def test_a_failed_release_goes_back_to_the_one_that_succeeded_last() -> None:
    bad = failed(4, "v3")
    records = newest_first(record(1, "v0"), record(2), failed(3), bad)
    assert rollback.of_failed(bad, records) == record(2)


def test_it_does_not_go_back_to_what_succeeded_after_it() -> None:
    bad = failed(2)
    records = newest_first(record(1), bad, record(3, "v3"))
    assert rollback.of_failed(bad, records) == record(1)


@pytest.mark.parametrize("before", [[], [failed(1, "v0")]], ids=["first", "none succeeded"])
def test_a_first_release_has_nothing_to_go_back_to(before: list[Record]) -> None:
    bad = failed(2)
    found = rollback.of_failed(bad, newest_first(*before, bad))
    assert found == "no deployment has succeeded before"


def test_what_succeeded_and_failed_the_second_time_has_nothing_to_go_back_to() -> None:
    bad = failed(2, "v1")
    found = rollback.of_failed(bad, newest_first(record(1), bad))
    assert found == "#1 succeeded with the same release and the same parameters"


def test_the_same_release_with_another_parameter_goes_back_to_the_old_one() -> None:
    bad = failed(2, "v1", config="site-3c4d", parameters={"password": password(4, LATER)})
    assert rollback.of_failed(bad, newest_first(record(1), bad)) == record(1)


# By hand


@pytest.mark.parametrize(
    ("records", "number", "chosen"),
    [
        ([record(1, "v0"), record(2), failed(3)], None, 2),
        ([record(1, "v0"), record(2)], None, 1),
        ([record(1, "v0"), record(2), failed(3), record(4, restores=2)], None, 1),
        ([record(1, "v0"), record(2), record(3, result=Result.APPLYING)], None, 2),
        ([record(1, "v0"), record(2), failed(3), failed(4, "v1", restores=2)], None, 2),
        ([record(1, "v0"), record(2), failed(3)], 1, 1),
        ([record(1, "v0"), record(2)], 2, 2),
    ],
    ids=[
        "after a failure",
        "from what succeeded",
        "from what was restored",
        "to what was interrupted the second time",
        "after a rollback that failed",
        "an older one",
        "what is there",
    ],
)
def test_by_hand_it_is_the_record_asked_for_or_the_last_other_one_that_succeeded(
    records: list[Record], number: int | None, chosen: int
) -> None:
    assert rollback.by_hand(newest_first(*records), number).number == chosen


@pytest.mark.parametrize(
    ("records", "number", "told"),
    [
        ([], None, "rollback: no other release has succeeded here"),
        ([record(1)], None, "rollback: no other release has succeeded here"),
        ([], 7, r"--to 7: there is no such record \(those that succeeded: none\)"),
        (
            [record(1), failed(2), record(3)],
            7,
            r"--to 7: there is no such record \(those that succeeded: 3, 1\)",
        ),
        (
            [record(1), failed(2)],
            2,
            r"--to 2: that deployment failed: it crashed \(those that succeeded: 1\)",
        ),
        (
            [record(1), record(2, result=Result.APPLYING)],
            2,
            r"--to 2: that deployment was not seen to succeed \(those that succeeded: 1\)",
        ),
    ],
)
def test_a_record_that_cannot_be_restored_is_refused_with_those_that_can(
    records: list[Record], number: int | None, told: str
) -> None:
    with pytest.raises(UsageError, match=f"^{told}"):
        rollback.by_hand(newest_first(*records), number)


# CodeDeploy's own


GOOD, BAD = record(1), failed(2)
OURS = record(3, deployment_id="d-2", restores=1)


@pytest.mark.parametrize(
    ("records", "tag"),
    [
        ([GOOD, BAD], "v1"),
        ([GOOD, record(2, "v2", result=Result.APPLYING)], "v1"),
        ([GOOD, BAD, OURS], "v1"),
        ([GOOD, BAD, failed(3, "v1", deployment_id="d-2", restores=1)], "v1"),
        ([GOOD, failed(2, "v1", config="site-3c4d"), OURS], "v1"),
    ],
    ids=[
        "after a failure",
        "after an interruption",
        "after our own rollback",
        "after our own rollback, which failed as well",
        "after our own rollback of a parameter alone",
    ],
)
def test_the_release_that_succeeded_last_after_another_failed_is_codedeploys_rollback(
    records: list[Record], tag: str
) -> None:
    found = rollback.of_codedeploy(newest_first(*records), release(tag))
    assert found
    assert (found[0], found[1].release) == (records[1], GOOD.release)


@pytest.mark.parametrize(
    ("records", "tag"),
    [
        ([], "v1"),
        ([GOOD], "v1"),
        ([BAD], "v2"),
        ([GOOD, BAD], "v2"),
        ([GOOD, BAD], "v3"),
        ([record(0, "v0"), GOOD, BAD], "v0"),
        ([GOOD, failed(2, "v1", config="site-3c4d")], "v1"),
        ([GOOD, BAD, OURS, record(4, "v3")], "v1"),
        ([GOOD, BAD, OURS, record(4, restores=3)], "v1"),
        ([GOOD, BAD, record(3, restores=1)], "v1"),
    ],
    ids=[
        "the first deployment",
        "nothing failed",
        "nothing succeeded",
        "the failed release again",
        "a new release",
        "an older release than the last good one",
        "the same release as failed",
        "another release has succeeded since",
        "CodeDeploy has rolled back already",
        "somebody has rolled back already",
    ],
)
def test_any_other_deployment_is_what_it_says(records: list[Record], tag: str) -> None:
    assert rollback.of_codedeploy(newest_first(*records), release(tag)) is None


@pytest.mark.parametrize(
    ("version", "modified", "changed"),
    [
        (3, MODIFIED, ()),
        (4, LATER, ()),
        (5, LATER, ("/blog/password",)),
        (3, LATER, ("/blog/password",)),
        (1, LATER, ("/blog/password",)),
    ],
    ids=["as it was", "as it failed", "mended since", "its date is another", "made anew"],
)
def test_a_parameter_was_changed_since_if_neither_deployment_had_that_version(
    version: int, modified: str, changed: tuple[str, ...]
) -> None:
    bad = failed(2, parameters={"password": password(4, LATER)})
    today = [StoredParameter("/blog/password", "", version, modified)]
    assert rollback.changed_since(bad, GOOD, today) == changed


# Secret and ConfigMap


HOST = RecordedParameter("WORDPRESS_DB_HOST", False, "/blog/host", 1, MODIFIED)  # noqa: FBT003  # see past_deployments.py


class Store:
    """A Parameter Store that knows each version by `name:version`."""

    def __init__(self, *parameters: StoredParameter) -> None:
        self._found = {f"{item.name}:{item.version}": item for item in parameters}
        self.asked: list[str] = []

    def get(self, names: Sequence[str]) -> Mapping[str, StoredParameter]:
        self.asked += names
        found = [self._found[name] for name in names if name in self._found]
        return {item.name: item for item in found}


def test_secret_and_config_map_are_remade_as_they_were() -> None:
    parameters = {"password": password(), "host": HOST}
    old = StoredParameter("/blog/password", "old", 3, MODIFIED)
    host = StoredParameter("/blog/host", "db:3306", 1, MODIFIED)
    made = site_config.make(
        [
            Parameter("password", ParameterSpec("WORDPRESS_DB_PASSWORD"), old),
            Parameter("host", ParameterSpec("WORDPRESS_DB_HOST", secret=False), host),
        ],
        {"WP_DEBUG": "1"},
        "site",
        labels("site"),
    )
    goal = record(1, config=made.name, env={"WP_DEBUG": "1"}, parameters=parameters)
    store = Store(old, host)
    assert rollback.remade(goal, store, "site") == (made.secret, made.config_map)
    assert store.asked == ["/blog/host:1", "/blog/password:3"]
    assert made.secret["data"] == {"WORDPRESS_DB_PASSWORD": base64.b64encode(b"old").decode()}


@pytest.mark.parametrize(
    "stored",
    [
        [],
        [StoredParameter("/blog/password", "new", 4, LATER)],
        [StoredParameter("/blog/password", "another", 3, LATER)],
    ],
    ids=["deleted", "too many versions since", "deleted and made anew"],
)
def test_a_version_that_is_gone_is_told(stored: list[StoredParameter]) -> None:
    with pytest.raises(ParameterError) as caught:
        rollback.remade(record(7), Store(*stored), "site")
    assert caught.value.problems == (
        f"version 3 of /blog/password ({MODIFIED}) is no longer there",
    )
    assert "nothing was changed" in caught.value.hint
