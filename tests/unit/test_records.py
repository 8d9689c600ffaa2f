"""The records of an environment: one for each deployment, numbered, settled, and bounded."""

from typing import Any

import pytest

from tests.unit.fake_cluster import NOW, FakeCluster, refused
from tests.unit.past_deployments import failed, record
from wpdeploy.errors import ClusterError, ManifestError
from wpdeploy.kinds import path_of
from wpdeploy.record import Record, Result, encode
from wpdeploy.records import (
    NEVER_ENDED,
    Records,
    last_succeeded,
    of_deployment,
    superfluous,
)


class Environment:
    """An environment with these records; `told` is what was told of them."""

    def __init__(self, *found: Record, instance: str = "site") -> None:
        self.cluster = FakeCluster()
        self.told: list[str] = []
        self.records = Records(self.cluster, "blog", instance, self.told.append)
        for item in found:
            self.records.write(item)
        self.cluster.requests.clear()

    @property
    def numbers(self) -> list[int]:
        return [item.number for item in self.records.all()]


def new(tag: str = "v9", **changes: Any) -> Record:
    """A deployment before it has a number."""
    own = {"deployment_id": "d-new", "result": Result.APPLYING, "ended": None}
    return record(0, tag, **own | changes)


def test_where_nothing_was_deployed_there_is_none() -> None:
    assert Environment().records.all() == ()


def test_all_are_read_the_newest_first_by_number_and_not_by_name() -> None:
    environment = Environment(record(9), record(10), record(2))
    assert environment.records.all() == (record(10), record(9), record(2))
    assert environment.cluster.requests == ["get records"]


def test_records_of_another_environment_and_other_config_maps_are_not_among_them() -> None:
    environment = Environment(record(1))
    other = Records(environment.cluster, "blog", "shop", environment.told.append)
    other.write(record(7))
    config = encode(record(3), "blog", "site")
    del config["metadata"]["labels"]["wpdeploy/record"]
    environment.cluster.apply(config)
    assert environment.records.all() == (record(1),)
    assert other.all() == (record(7),)


def test_what_cannot_be_read_is_told_and_left_out() -> None:
    environment = Environment(record(1), record(2))
    path = path_of(encode(record(2), "blog", "site"))
    environment.cluster.objects[path]["data"]["record.json"] = "{}"
    assert environment.records.all() == (record(1),)
    assert environment.told == [
        "ConfigMap site-record-2 is left out: no record that can be read: KeyError: 'applied'"
    ]


@pytest.mark.parametrize("earlier", [(), (record(1),), (failed(3), record(2))])
def test_a_deployment_begins_with_the_next_number(earlier: tuple[Record, ...]) -> None:
    environment = Environment(*earlier)
    begun = environment.records.begin(new())
    assert begun.number == max([item.number for item in earlier], default=0) + 1
    assert environment.records.all() == (begun, *earlier)


def test_it_takes_two_requests_to_begin() -> None:
    environment = Environment(record(1))
    environment.records.begin(new())
    assert environment.cluster.requests == ["get records", "force apply ConfigMap site-record-2"]


def test_a_record_that_cannot_be_read_keeps_its_number() -> None:
    environment = Environment(record(1), record(2))
    environment.cluster.objects[path_of(encode(record(2), "blog", "site"))]["data"] = {}
    assert environment.records.begin(new()).number == 3


@pytest.mark.parametrize("result", Result)
def test_a_deployment_that_is_run_again_has_one_record(result: Result) -> None:
    environment = Environment(record(1), record(2, deployment_id="d-new", result=result))
    again = new("v1", started=NOW)
    assert environment.records.begin(again).number == 2
    assert environment.records.all()[0].result is Result.APPLYING
    assert environment.numbers == [2, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"deployment_id": "d-2"},
        {"config": "site-2b3c"},
        {"restores": 1},
        {"manifests": ()},
        {"release": record(1, "v2").release},
    ],
)
def test_what_differs_in_anything_is_another_deployment(changes: dict[str, Any]) -> None:
    environment = Environment(record(1, deployment_id="d-new"))
    assert environment.records.begin(new("v1", **changes)).number == 2


def test_a_deployment_after_which_others_came_has_a_new_record() -> None:
    environment = Environment(record(1, deployment_id="d-new"), record(2, "v2"))
    assert environment.records.begin(new("v1")).number == 3


def test_one_that_never_ended_has_failed_when_the_next_begins() -> None:
    environment = Environment(record(1, result=Result.APPLYING, ended=None))
    environment.records.begin(new())
    left = environment.records.all()[1]
    assert (left.result, left.ended, left.reason) == (Result.FAILED, None, NEVER_ENDED)


def test_all_that_never_ended_have_failed_when_the_next_begins() -> None:
    never_ended = [record(number, result=Result.APPLYING, ended=None) for number in (2, 3)]
    environment = Environment(record(1), *never_ended)
    environment.records.begin(new())
    results = [item.result for item in environment.records.all()]
    assert results == [Result.APPLYING, Result.FAILED, Result.FAILED, Result.SUCCEEDED]


def test_twelve_deployments_leave_ten_records() -> None:
    environment = Environment()
    for number in range(1, 13):
        begun = environment.records.begin(new(deployment_id=f"d-{number}"))
        environment.records.settle(begun.number, Result.SUCCEEDED, NOW)
    assert environment.numbers == list(range(12, 2, -1))


def test_the_last_that_succeeded_is_kept_however_many_failed_since() -> None:
    environment = Environment(record(1), record(2))
    for number in range(3, 16):
        begun = environment.records.begin(new(deployment_id=f"d-{number}"))
        environment.records.settle(begun.number, Result.FAILED, NOW, "it crashed")
    assert environment.numbers == [*range(15, 6, -1), 2]
    assert last_succeeded(environment.records.all()) == record(2)


@pytest.mark.parametrize(
    ("there", "superfluous_ones"),
    [
        ([record(1)], []),
        ([record(number) for number in range(10, 0, -1)], []),
        ([record(number) for number in range(12, 0, -1)], [2, 1]),
        ([failed(number) for number in range(12, 0, -1)], [2, 1]),
        ([*(failed(number) for number in range(12, 1, -1)), record(1)], [3, 2]),
        ([*(failed(number) for number in range(12, 3, -1)), record(3), record(2)], [2]),
    ],
)
def test_ten_are_kept_and_the_last_that_succeeded_is_one_of_them(
    there: list[Record], superfluous_ones: list[int]
) -> None:
    assert [item.number for item in superfluous(there)] == superfluous_ones


def test_a_record_that_cannot_be_deleted_stops_nobody() -> None:
    environment = Environment(*(record(number) for number in range(1, 11)))
    error = refused("ConfigMap site-record-1", 403, "not today")
    environment.cluster.refuse("delete ConfigMap site-record-1", error)
    assert environment.records.begin(new()).number == 11
    assert environment.numbers == list(range(11, 0, -1))
    (told,) = environment.told
    assert told.startswith("record #1 is not deleted, the next deployment tries: ConfigMap site-")
    assert told.endswith("not today")
    environment.records.begin(new(deployment_id="d-12"))
    assert environment.numbers == list(range(12, 2, -1))


def test_the_newest_is_settled() -> None:
    environment = Environment(record(1), record(2, result=Result.APPLYING, ended=None))
    known = environment.records.settle(2, Result.FAILED, NOW, "it crashed")
    assert known == environment.records.all()
    assert (known[0].result, known[0].ended, known[0].reason) == (Result.FAILED, NOW, "it crashed")
    assert known[1] == record(1)


def test_what_is_not_the_newest_is_not_settled() -> None:
    environment = Environment(record(1, result=Result.APPLYING), record(2))
    before = environment.records.all()
    with pytest.raises(ClusterError, match=r"record #1: deployment #2 \(d-2\) has begun since"):
        environment.records.settle(1, Result.SUCCEEDED, NOW)
    assert environment.records.all() == before


def test_what_is_gone_is_not_settled() -> None:
    environment = Environment()
    assert environment.records.settle(1, Result.SUCCEEDED, NOW) == ()
    assert environment.told == ["record #1 is gone: it does not tell how this ended"]


def test_a_refusal_is_an_error() -> None:
    environment = Environment()
    error = refused("ConfigMap site-record-1", 403, "configmaps is forbidden")
    environment.cluster.refuse("force apply ConfigMap site-record-1", error)
    with pytest.raises(ClusterError, match="configmaps is forbidden"):
        environment.records.begin(new())


def with_text(length: int) -> Record:
    manifest = {**record(1).manifests[0], "data": "".join(map(str, range(length)))}
    return new(manifests=(manifest,))


def test_a_record_that_grows_too_large_is_told_long_before_it_is() -> None:
    environment = Environment()
    environment.records.begin(with_text(250_000))
    (told,) = environment.told
    assert told.startswith("the record takes ")
    assert told.endswith(" KiB of the 976 KiB that there are for it: make the templates smaller")


def test_a_record_that_is_too_large_changes_nothing() -> None:
    environment = Environment(record(1, result=Result.APPLYING))
    with pytest.raises(ManifestError):
        environment.records.begin(with_text(1_000_000))
    assert environment.cluster.requests == ["get records"]


def test_of_a_deployment_its_newest_record_is_found() -> None:
    again = record(3, deployment_id="d-1", restores=1)
    assert of_deployment([again, record(2), record(1)], "d-1") == again
    assert of_deployment([record(2)], "d-1") is None
