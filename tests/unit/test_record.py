"""A record as a ConfigMap: read as it was written, bounded, and never believed without a look."""

import dataclasses
import gzip
import json
import random
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.past_deployments import record
from wpdeploy import release
from wpdeploy.errors import ManifestError
from wpdeploy.kinds import Manifest, labels
from wpdeploy.record import (
    AppliedAt,
    Record,
    RecordedParameter,
    Result,
    decode,
    encode,
    number_of,
    stored_bytes,
)
from wpdeploy.release import Release

ODD = "quotes ' \" {{ x }} \n \0 😀 \u2028"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def noise(length: int) -> str:
    """A text that does not become much shorter."""
    return "".join(random.Random(17).choices("0123456789abcdef", k=length))


def large(characters: int) -> Record:
    first, *_ = record(12).manifests
    return record(12, manifests=({**first, "data": noise(characters)},))


def encoded(found: Record) -> Manifest:
    return encode(found, "blog", "site")


def config_map(content: bytes | str, name: str = "site-record-12", **data: Any) -> Manifest:
    """A ConfigMap with that content as its record."""
    text = content if isinstance(content, str) else content.decode("latin-1")
    return {"metadata": {"name": name}, "data": {"record.json": text}, **data}


def packed(content: bytes) -> Manifest:
    """A ConfigMap with that content in the place of a compressed record."""
    data = {"record.json.gz": b64encode(content).decode()}
    return {"metadata": {"name": "site-record-12"}, "binaryData": data}


def changed(**changes: object) -> str:
    document = json.loads(encoded(record(12))["data"]["record.json"])
    return json.dumps(document | changes)


def test_it_is_a_config_map_with_the_labels_of_its_environment_and_its_number() -> None:
    manifest = encoded(record(12))
    assert (manifest["apiVersion"], manifest["kind"]) == ("v1", "ConfigMap")
    assert manifest["metadata"] == {
        "name": "site-record-12",
        "namespace": "blog",
        "labels": labels("site") | {"wpdeploy/record": "12"},
    }
    assert number_of(manifest) == 12


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"result": Result.APPLYING, "ended": None, "applied": AppliedAt(NOW, 7)},
        {"result": Result.FAILED, "reason": ODD, "restores": 3},
        {"env": {"ODD": ODD}, "parameters": {}, "manifests": ()},
    ],
)
def test_what_is_written_is_read_again(changes: dict[str, Any]) -> None:
    assert decode(encoded(record(12, **changes))) == record(12, **changes)


whole_seconds = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))
manifests = st.fixed_dictionaries(
    {
        "apiVersion": st.text(),
        "kind": st.text(),
        "metadata": st.fixed_dictionaries({"name": st.text(), "namespace": st.text()}),
        "spec": st.dictionaries(st.text(), st.none() | st.integers() | st.text()),
    }
)


@given(
    found=st.builds(
        Record,
        number=st.integers(1),
        started=whole_seconds,
        ended=st.none() | whole_seconds,
        release=st.builds(
            Release,
            branch=st.text(),
            subject=st.text(),
            versions=st.dictionaries(st.text(), st.text()),
        ),
        env=st.dictionaries(st.text(), st.text()),
        parameters=st.dictionaries(st.text(), st.builds(RecordedParameter)),
        manifests=st.lists(manifests).map(tuple),
        applied=st.none() | st.builds(AppliedAt, since=whole_seconds),
    )
)
def test_any_record_is_read_as_it_was_written(found: Record) -> None:
    assert decode(encoded(found)) == found


RECORDED_BEFORE: dict[str, Any] = {"image": "x", "commit": "c", "build": "wp:1", "time": "now"}


@pytest.mark.parametrize("more", [{}, {"signature": "of a later version"}])
def test_the_release_of_another_version_of_wpdeploy_is_read(more: dict[str, str]) -> None:
    found = decode(config_map(changed(release=RECORDED_BEFORE | more)))
    assert found.release == Release(**RECORDED_BEFORE)


def test_a_release_is_no_more_than_a_small_part_of_a_record() -> None:
    longest = Release("i" * 500, "c" * 500, "b" * 500, "t", "b" * 500, "\u2713" * 200, "l" * 500)
    assert release.problems(vars(longest) | {"image": f"x@sha256:{'a' * 64}", "link": ""}) == []
    assert stored_bytes(encoded(record(12, release=longest))) < 6_000


def test_a_small_record_can_be_read_by_people_and_a_large_one_is_compressed() -> None:
    assert encoded(record(12)).keys() - {"data"} == {"apiVersion", "kind", "metadata"}
    small, many = encoded(record(12)), encoded(large(20_000))
    assert "binaryData" not in small
    assert "data" not in many
    assert stored_bytes(many) < 15_000
    assert decode(many) == large(20_000)


def test_the_same_record_is_the_same_object() -> None:
    assert encoded(large(20_000)) == encoded(large(20_000))


def test_the_largest_record_is_read_again() -> None:
    found = large(1_600_000)
    assert 700_000 < stored_bytes(encoded(found)) < 1_000_000
    assert decode(encoded(found)) == found


def test_what_no_config_map_can_hold_is_an_error_with_its_size() -> None:
    with pytest.raises(ManifestError) as caught:
        encoded(large(3_000_000))
    assert caught.value.exit_code == 5
    assert str(caught.value).startswith("deployment #12 (d-12): its manifests make a record of 16")
    assert "nothing was changed; make the templates smaller" in caught.value.hint


BROKEN = {
    "nothing": {"metadata": {"name": "site-record-12"}},
    "no data": {"metadata": {"name": "site-record-12"}, "data": None, "binaryData": None},
    "data that is none": {"metadata": {"name": "site-record-12"}, "data": [1]},
    "empty": config_map(""),
    "null": config_map("null"),
    "a list": config_map("[]"),
    "cut off": config_map(changed()[:200]),
    "without keys": config_map("{}"),
    "nested too deeply": config_map("[" * 100_000),
    "another one's name": config_map(changed(), "site-record-2"),
    "an unknown result": config_map(changed(result="great")),
    "a number that is none": config_map(changed(number="12")),
    "a time that is none": config_map(changed(started="soon")),
    "a time out of range": config_map(changed(started="0001-01-01T00:00:00+23:00")),
    "a time as a number": config_map(changed(ended=17)),
    "a release that is none": config_map(changed(release=[])),
    "a release that lacks a key": config_map(changed(release={"image": "x"})),
    "versions that are none": config_map(changed(release={**RECORDED_BEFORE, "versions": ["1"]})),
    "a version that is none": config_map(changed(release={**RECORDED_BEFORE, "versions": {"": 1}})),
    "variables that are none": config_map(changed(env=["X"])),
    "a variable that is none": config_map(changed(env={"X": 1})),
    "parameters that are none": config_map(changed(parameters=[1])),
    "a parameter that lacks a key": config_map(changed(parameters={"x": {}})),
    "manifests that are none": config_map(changed(manifests=1)),
    "a manifest that is none": config_map(changed(manifests=["x"])),
    "a manifest without a name": config_map(changed(manifests=[{"metadata": {}}])),
    "an apply that is none": config_map(changed(applied=[1])),
    "an apply at no time": config_map(changed(applied={"since": None, "generation": 1})),
    "no base64": {"metadata": {"name": "x"}, "binaryData": {"record.json.gz": "?"}},
    "not compressed": packed(changed().encode()),
    "compressed, but cut off": packed(gzip.compress(changed().encode())[:-9]),
    "compressed, but no text": packed(gzip.compress(b"\xff\xfe")),
    "more than any memory holds": packed(gzip.compress(b" " * 65 * 1024 * 1024)),
}


@pytest.mark.parametrize("manifest", BROKEN.values(), ids=BROKEN)
def test_what_is_no_record_is_a_value_error(manifest: Manifest) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(manifest)


def test_a_key_of_a_later_version_is_left_out() -> None:
    assert decode(config_map(changed(smoke={"passed": 3}))) == record(12)


@pytest.mark.parametrize("label", ["", "twelve", "-1", "²"])
def test_a_label_that_is_no_number_counts_as_none(label: str) -> None:
    assert number_of({"metadata": {"labels": {"wpdeploy/record": label}}}) == 0


def test_a_settled_record_says_when_and_why_in_bounds() -> None:
    before = record(12, result=Result.APPLYING, ended=None)
    after = before.settled(Result.FAILED, NOW + timedelta(milliseconds=700), "x" * 2000)
    assert after.result is Result.FAILED
    assert after.ended == NOW
    assert after.reason == "x" * 997 + "..."
    same = ("number", "started", "release", "parameters", "manifests", "applied")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


@pytest.mark.parametrize(
    ("result", "holder", "standing"),
    [
        (Result.APPLYING, "d-12", "applying"),
        (Result.APPLYING, "d-13", "interrupted"),
        (Result.APPLYING, "", "interrupted"),
        (Result.SUCCEEDED, "d-13", "succeeded"),
        (Result.FAILED, "d-12", "failed"),
    ],
)
def test_who_does_not_hold_the_lock_is_not_at_work(
    result: Result, holder: str, standing: str
) -> None:
    assert record(12, result=result).standing(holder) == standing


def test_the_deployment_is_told_by_its_number_and_its_id() -> None:
    assert dataclasses.replace(record(12), deployment_id="d-X").told == "deployment #12 (d-X)"
