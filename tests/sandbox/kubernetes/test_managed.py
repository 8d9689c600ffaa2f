from typing import Any

import pytest

from sandbox.kubernetes import managed
from sandbox.kubernetes.fieldsets import to_fields
from sandbox.kubernetes.managed import Manager, Writer
from sandbox.kubernetes.schema import parse
from sandbox.kubernetes.statuses import StatusError

KIND = parse("core.ConfigMap")
FIRST, SECOND = "2026-11-01T12:00:00Z", "2026-11-01T12:00:01Z"
Found = tuple[Any, managed.Managed]


def data(**entries: str) -> dict[str, Any]:
    return {"data": entries}


def writer(name: str, now: str = FIRST) -> Writer:
    return Writer(name, "v1", now)


def applied(live: Any, patch: Any, owners: managed.Managed, name: str, **how: bool) -> Found:
    force = how.get("force", False)
    merged, after = managed.apply(KIND, live, patch, owners, writer(name, SECOND), force=force)
    return (live if merged is None else merged), after


@pytest.fixture
def ours() -> Found:
    return applied({}, data(a="1", b="2"), managed.Managed(), "ours")


def fields(owners: managed.Managed, name: str, operation: str = managed.APPLY) -> Any:
    version = "" if operation == managed.APPLY else "v1"
    return to_fields(owners.sets.get(Manager(operation, name, version), frozenset()))


def test_an_apply_owns_what_it_says(ours: Found) -> None:
    assert ours[0] == data(a="1", b="2")
    assert fields(ours[1], "ours") == {"f:data": {"f:a": {}, "f:b": {}}}


def test_what_is_no_longer_applied_goes(ours: Found) -> None:
    live, owners = applied(ours[0], data(a="1"), ours[1], "ours")
    assert live == data(a="1")
    assert fields(owners, "ours") == {"f:data": {"f:a": {}}}


def test_what_somebody_else_has_too_stays(ours: Found) -> None:
    live, owners = applied(ours[0], data(b="2"), ours[1], "theirs")
    live, owners = applied(live, data(a="1"), owners, "ours")
    assert live == data(a="1", b="2")


def test_applying_the_same_again_changes_nothing(ours: Found) -> None:
    merged, owners = managed.apply(
        KIND, ours[0], data(a="1", b="2"), ours[1], writer("ours", "later"), force=False
    )
    assert merged is None
    assert owners == ours[1]


def test_another_value_is_a_conflict(ours: Found) -> None:
    with pytest.raises(StatusError) as caught:
        applied(ours[0], data(a="9"), ours[1], "theirs")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "ours": .data.a'
    (cause,) = caught.value.status["details"]["causes"]
    assert cause == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "ours"',
        "field": ".data.a",
    }


def test_force_takes_the_field(ours: Found) -> None:
    live, owners = applied(ours[0], data(a="9"), ours[1], "theirs", force=True)
    assert live["data"]["a"] == "9"
    assert fields(owners, "ours") == {"f:data": {"f:b": {}}}


def test_an_update_takes_what_it_changes(ours: Found) -> None:
    after = managed.update(KIND, ours[0], data(a="5", b="2"), ours[1], writer("editor", SECOND))
    assert fields(after, "editor", managed.UPDATE) == {"f:data": {"f:a": {}}}
    assert fields(after, "ours") == {"f:data": {"f:b": {}}}
    with pytest.raises(StatusError, match=r'conflict with "editor" using v1: \.data\.a'):
        applied(data(a="5", b="2"), data(a="1", b="2"), after, "ours")


def test_entries_are_in_the_order_of_the_server(ours: Found) -> None:
    after = managed.update(KIND, ours[0], data(a="5", b="2"), ours[1], writer("editor"))
    entries = managed.encoded(after)
    assert [each["operation"] for each in entries] == ["Apply", "Update"]
    assert managed.encoded(managed.decoded(entries)) == entries


def test_the_oldest_of_many_updaters_become_one() -> None:
    owners, live = managed.Managed(), data()
    for number in range(12):
        new = data(**live["data"], **{f"k{number}": "1"})
        now = f"2026-11-01T12:00:{number:02}Z"
        owners = managed.update(KIND, live, new, owners, writer(f"w{number}", now))
        live = new
    assert len(owners.sets) == 10
    assert fields(owners, "ancient-changes", managed.UPDATE)
