"""`history` lists what the cluster remembers, the newest first, and needs no earlier step."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import Bundle
from tests.unit.fake_cluster import NOW
from tests.unit.past_deployments import failed, record
from tests.unit.wire import forget_surroundings
from wpdeploy.errors import Exit
from wpdeploy.record import Record, Result, encode
from wpdeploy.release import Release
from wpdeploy.steps import history

HEADINGS = "       age     release                  commit       result      took    who"


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def bundle(api: ApplyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    forget_surroundings(monkeypatch)
    return Bundle(tmp_path, api.url)


def ago(number: int, tag: str = "v1", **changes: object) -> Record:
    """A deployment that began two hours ago and took two minutes."""
    started = NOW - timedelta(hours=2)
    times = {"started": started, "ended": started + timedelta(minutes=2)}
    return record(number, tag, **times | changes)


def remember(api: ApplyServer, *records: Record) -> None:
    for item in records:
        api.cluster.apply(encode(item, "blog", "site"))


def test_without_a_record_it_says_so(bundle: Bundle) -> None:
    report = bundle.run(history.run)
    assert (report.exit, report.sentence) == (Exit.SUCCESS, "no record of site in blog yet")
    assert report.data == {"records": []}
    assert bundle.told == []


def test_it_only_looks(bundle: Bundle, api: ApplyServer) -> None:
    remember(api, ago(1))
    bundle.run(history.run)
    assert {request.method for request in api.received} == {"GET"}


def test_it_lists_the_records_of_the_environment(bundle: Bundle, api: ApplyServer) -> None:
    remember(api, ago(9), ago(10, "v2"))
    report = bundle.run(history.run)
    assert report.sentence == "2 deployments of site in blog"
    assert [item["number"] for item in report.data["records"]] == [10, 9]


def table(*records: Record, holder: str = "") -> list[str]:
    return list(history.lines(records, holder, NOW))


def test_a_deployment_is_a_row() -> None:
    assert table(ago(12)) == [
        HEADINGS,
        "#12    2 h     v1                       v1v1v1v1     succeeded   2 min   d-12",
    ]


def test_what_is_known_of_its_commit_is_told_below_its_row() -> None:
    known = Release("x@sha256:1", "c0ffee", "wp:1", "now", "main", "Gr\xf6\xdfer \U0001f600")
    assert table(ago(12, release=known))[2] == "      main: Gr\\xf6\\xdfer \\U0001f600"
    unnamed = dataclasses.replace(known, branch="")
    assert table(ago(12, release=unnamed))[2] == "      Gr\\xf6\\xdfer \\U0001f600"


def test_a_failed_one_tells_why_below_its_row() -> None:
    reason = "Deployment site: pod site-1: ErrImagePull"
    rows = table(ago(12, result=Result.FAILED, reason=reason), ago(11))
    assert "failed" in rows[1]
    assert rows[2] == f"      {reason}"
    assert rows[3].startswith("#11")


def test_a_rollback_tells_what_it_restored() -> None:
    assert table(ago(12, restores=10))[2] == "      rolled back to #10"


@pytest.mark.parametrize(
    ("holder", "result"), [("d-12", "applying"), ("", "interrupted"), ("d-13", "interrupted")]
)
def test_one_that_has_not_ended_is_told_by_who_holds_the_lock(holder: str, result: str) -> None:
    row = table(ago(12, result=Result.APPLYING, ended=None), holder=holder)[1]
    assert row.split()[5:] == [result, "d-12"]


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (f"localhost:5000/wordpress:v2@sha256:{'b' * 64}", "v2"),
        (f"localhost:5000/wordpress@sha256:{'b' * 64}", "b" * 12),
        (f"wordpress@sha256:{'b' * 64}", "b" * 12),
    ],
)
def test_a_release_is_told_by_its_tag_or_else_its_digest(image: str, shown: str) -> None:
    assert table(ago(12, release=Release(image, "c", "b", "t")))[1].split()[3] == shown


def test_no_line_is_wider_than_a_screen() -> None:
    long = "x" * 200
    image = f"registry/wordpress:{long}@sha256:{'b' * 64}"
    wide = ago(
        1234,
        release=Release(image, long, long, long, long, "\U0001f600" * 200),
        deployment_id=long,
        result=Result.FAILED,
        reason=long,
        started=NOW - timedelta(days=4000),
    )
    rows = table(wide)
    assert max(map(len, rows)) <= 100
    assert [row.count("...") for row in rows] == [0, 2, 1, 1]


def test_programs_are_told_times_and_all_that_a_row_has(bundle: Bundle, api: ApplyServer) -> None:
    remember(api, failed(3, started=NOW, ended=NOW + timedelta(seconds=90)))
    (document,) = bundle.run(history.run).data["records"]
    assert document == {
        "number": 3,
        "deployment_id": "d-3",
        "group": "Test",
        "result": "failed",
        "started": "2026-11-20T10:00:00+00:00",
        "ended": "2026-11-20T10:01:30+00:00",
        "seconds": 90,
        "reason": "it crashed",
        "restores": None,
        "release": vars(failed(3).release),
        "config": "site-1a2b",
        "generation": None,
    }
