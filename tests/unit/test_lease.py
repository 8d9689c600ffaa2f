"""What a Lease says, how it stands to somebody who wants it, and what is written in its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wpdeploy import lease
from wpdeploy.lease import DURATION, Holder, Lease, Place, Standing

NOW = datetime(2026, 11, 20, 10, 0, 0, 250000, tzinfo=UTC)
PLACE = Place("Test", "blog", "site")
ME = Holder("d-1", "Test, apply, bastion")
LEASE = Lease("u-1", "7", Holder("d-2", "Test, render, host"), NOW - timedelta(minutes=3), 120, 4)
METADATA = {"name": "wpdeploy-site", "uid": "u-1", "resourceVersion": "7"}
SPEC = {
    "holderIdentity": "d-2",
    "leaseDurationSeconds": 120,
    "acquireTime": "2026-11-20T09:57:00.250000Z",
    "renewTime": "2026-11-20T09:59:00.000000Z",
    "leaseTransitions": 4,
}
FOUND = {
    "metadata": METADATA | {"annotations": {"wpdeploy/holder": "Test, render, host"}},
    "spec": SPEC,
}


@pytest.mark.parametrize(
    ("found", "seen", "seconds", "expected"),
    [
        (None, None, 0, Standing.FREE),
        (replace(LEASE, holder=Holder("", "")), None, 0, Standing.FREE),
        (replace(LEASE, holder=ME), None, 0, Standing.OWN),
        (replace(LEASE, holder=ME), LEASE, 999, Standing.OWN),
        (LEASE, None, 0, Standing.HELD),
        (LEASE, None, 999, Standing.HELD),
        (LEASE, LEASE, 119.9, Standing.HELD),
        (LEASE, LEASE, 120, Standing.EXPIRED),
        (replace(LEASE, duration=3), LEASE, 3, Standing.EXPIRED),
        (replace(LEASE, version="8"), LEASE, 2, Standing.RENEWED),
        (replace(LEASE, version="8"), LEASE, 999, Standing.RENEWED),
        (None, LEASE, 2, Standing.FREE),
    ],
)
def test_how_a_lease_stands(
    found: Lease | None, seen: Lease | None, seconds: float, expected: Standing
) -> None:
    assert lease.standing(found, "d-1", seen, seconds) is expected


def test_a_lease_is_read_as_it_was_written() -> None:
    assert lease.read(FOUND) == LEASE


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (None, Lease("u-1", "7", Holder("", ""), None, DURATION, 0)),
        ("held", Lease("u-1", "7", Holder("", ""), None, DURATION, 0)),
        ({}, Lease("u-1", "7", Holder("", ""), None, DURATION, 0)),
        ({"holderIdentity": None}, Lease("u-1", "7", Holder("", ""), None, DURATION, 0)),
        ({"holderIdentity": 7}, Lease("u-1", "7", Holder("", ""), None, DURATION, 0)),
        ({"holderIdentity": "x"}, Lease("u-1", "7", Holder("x", ""), None, DURATION, 0)),
    ],
)
def test_a_lease_that_says_nothing_is_held_by_nobody(spec: Any, expected: Lease) -> None:
    assert lease.read({"metadata": METADATA, "spec": spec}) == expected


@pytest.mark.parametrize("seconds", [None, 0, -5, 121, 2**31 - 1, "120", 3.5, [], {}])
def test_an_absurd_duration_is_not_waited_for(seconds: Any) -> None:
    spec = SPEC | {"leaseDurationSeconds": seconds}
    assert lease.read(FOUND | {"spec": spec}).duration == DURATION


@pytest.mark.parametrize("transitions", [None, -1, "4", []])
def test_absurd_transitions_are_none(transitions: Any) -> None:
    spec = SPEC | {"leaseTransitions": transitions}
    assert lease.read(FOUND | {"spec": spec}).transitions == 0


@pytest.mark.parametrize(
    "time", [None, "", "yesterday", 1, {}, "0001-01-01T00:00:00+05:00", "2026-13-01T00:00:00Z"]
)
def test_an_absurd_time_is_nobodys(time: Any) -> None:
    found = lease.read(FOUND | {"spec": SPEC | {"acquireTime": time}})
    assert found.since is None
    told = "held by d-2 (Test, render, host), nobody knows since when"
    assert found.told(NOW) == told
    assert lease.locked(PLACE, found, NOW).data["since"] is None


@pytest.mark.parametrize("annotations", [None, "x", {}, {"wpdeploy/holder": 7}])
def test_without_its_annotation_the_holder_is_an_identity(annotations: Any) -> None:
    found = lease.read(FOUND | {"metadata": METADATA | {"annotations": annotations}})
    assert found.told(NOW) == "held by d-2 since 2026-11-20T09:57:00+00:00, for 0:03:00"


def test_a_lease_of_this_very_second_is_not_from_the_future() -> None:
    found = replace(LEASE, since=NOW + timedelta(seconds=0.9))
    assert found.told(NOW).endswith(" since 2026-11-20T10:00:01+00:00, for 0:00:00")


def test_a_lease_that_is_not_there_is_written_whole() -> None:
    assert lease.held(PLACE, None, ME, NOW) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "wpdeploy-site",
            "namespace": "blog",
            "labels": {
                "app.kubernetes.io/name": "wordpress",
                "app.kubernetes.io/instance": "site",
                "app.kubernetes.io/part-of": "wordpress",
                "app.kubernetes.io/managed-by": "wpdeploy",
            },
            "annotations": {"wpdeploy/holder": "Test, apply, bastion"},
        },
        "spec": {
            "holderIdentity": "d-1",
            "leaseDurationSeconds": 120,
            "acquireTime": "2026-11-20T10:00:00.250000Z",
            "renewTime": "2026-11-20T10:00:00.250000Z",
            "leaseTransitions": 0,
        },
    }


def test_a_lease_that_is_there_is_written_only_as_it_was_found() -> None:
    for document in (lease.held(PLACE, LEASE, ME, NOW), lease.freed(PLACE, LEASE)):
        metadata = document["metadata"]
        assert (metadata["uid"], metadata["resourceVersion"]) == ("u-1", "7")


def test_a_new_holder_begins_anew() -> None:
    spec = lease.held(PLACE, LEASE, ME, NOW)["spec"]
    assert spec["acquireTime"] == spec["renewTime"] == "2026-11-20T10:00:00.250000Z"
    assert spec["leaseTransitions"] == 5


def test_the_same_holder_goes_on() -> None:
    spec = lease.held(PLACE, replace(LEASE, holder=ME), ME, NOW)["spec"]
    assert spec["acquireTime"] == "2026-11-20T09:57:00.250000Z"
    assert spec["renewTime"] == "2026-11-20T10:00:00.250000Z"
    assert spec["leaseTransitions"] == 4


def test_the_same_holder_of_an_unknown_time_holds_it_since_now() -> None:
    spec = lease.held(PLACE, replace(LEASE, holder=ME, since=None), ME, NOW)["spec"]
    assert spec["acquireTime"] == spec["renewTime"]


def test_times_are_written_in_utc_with_six_digits() -> None:
    east = NOW.replace(microsecond=0).astimezone(tz=None)
    spec = lease.held(PLACE, None, ME, east)["spec"]
    assert spec["renewTime"] == "2026-11-20T10:00:00.000000Z"


def test_a_freed_lease_has_no_holder_and_keeps_its_transitions() -> None:
    freed = lease.freed(PLACE, LEASE)
    assert freed["spec"] == {"leaseTransitions": 4}
    assert freed["metadata"]["annotations"] == {}
    assert lease.standing(lease.read(freed), "d-1", None, 0) is Standing.FREE


def test_the_error_names_the_holder_since_when_and_what_to_do() -> None:
    error = lease.locked(PLACE, LEASE, NOW, "lost: ")
    assert error.exit_code == 9
    assert error.data == {
        "where": "Lease wpdeploy-site",
        "problems": (
            "lost: held by d-2 (Test, render, host) since 2026-11-20T09:57:00+00:00, for 0:03:00",
        ),
        "hint": "deploy again when that deployment has ended; if it hangs: "
        "python -m wpdeploy unlock --group Test",
        "holder": "d-2",
        "since": "2026-11-20T09:57:00.250000+00:00",
    }
