"""Reading parameters from SSM, at the wire: AWS JSON 1.1 from a script, and moto's store."""

import dataclasses
from collections.abc import Iterator

import pytest

from sandbox.aws import REGION, Aws
from tests.unit.wire import Act, FakeClock, Server, answer, forget_surroundings
from wpdeploy import ssm
from wpdeploy.parameters import StoredParameter

MODIFIED = "2026-11-20T10:00:00.000+00:00"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")


def _names(count: int) -> list[str]:
    return [f"/blog/{number:02}" for number in range(count)]


def _stored(name: str) -> StoredParameter:
    return StoredParameter(name, f"value of {name}", 3, MODIFIED)


def _found(names: list[str], missing: list[str] | None = None) -> Act:
    """SSM's answer for parameters of version 3, last modified on 2026-11-20."""
    found = [
        {
            "Name": name,
            "Type": "SecureString",
            "Value": f"value of {name}",
            "Version": 3,
            "LastModifiedDate": 1795168800.0,
            "ARN": f"arn:aws:ssm:eu-central-1:111122223333:parameter{name}",
            "DataType": "text",
        }
        for name in names
    ]
    return answer({"Parameters": found, "InvalidParameters": missing or []})


def _read(
    server: Server, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, StoredParameter]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return dict(ssm.Ssm("eu-central-1", FakeClock(), pytest.fail).get(names))


def test_parameters_are_asked_for_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(_found(["/blog/00"])) as server:
        assert _read(server, ["/blog/00"], monkeypatch) == {"/blog/00": _stored("/blog/00")}

    (seen,) = server.received
    assert seen.headers["x-amz-target"] == "AmazonSSM.GetParameters"
    assert seen.headers["content-type"] == "application/x-amz-json-1.1"
    assert "/eu-central-1/ssm/aws4_request" in seen.headers["authorization"]
    assert seen.document == {"Names": ["/blog/00"], "WithDecryption": True}


@pytest.mark.parametrize(
    ("count", "batches"),
    [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])],
)
def test_ten_at_most_are_asked_for_in_one_call(
    count: int, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = _names(count)
    script = [_found(names[start : start + 10]) for start in range(0, count, 10)]
    with Server(*script) as server:
        found = _read(server, names, monkeypatch)

    assert [len(seen.document["Names"]) for seen in server.received] == batches
    assert [name for seen in server.received for name in seen.document["Names"]] == names
    assert found == {name: _stored(name) for name in names}


def test_what_does_not_exist_is_left_out_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    names = _names(12)
    first, second = _found(names[1:10], [names[0]]), _found([names[10]], [names[11]])
    with Server(first, second) as server:
        found = _read(server, names, monkeypatch)

    assert list(found) == names[1:11]


# A real store, as far as moto is one


@pytest.fixture(scope="module")
def store() -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patch:
        forget_surroundings(patch)
        with Aws() as started:
            yield started


def _ssm(store: Aws, monkeypatch: pytest.MonkeyPatch) -> ssm.Ssm:
    for name, value in store.environ.items():
        monkeypatch.setenv(name, value)
    return ssm.Ssm(REGION, FakeClock(), pytest.fail)


@pytest.mark.parametrize(
    "value",
    ["hunter22", 'é 🔑 "quoted" \'n\' \\ {"a": 1} & / $(X)', " two\nlines \t", "x" * 4096],
    ids=["plain", "odd", "blank", "the longest"],
)
@pytest.mark.parametrize("secret", [True, False], ids=["SecureString", "String"])
def test_a_value_arrives_as_it_was_stored(
    value: str, *, secret: bool, store: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_parameters("/as-stored", {"value": (value, secret)})

    found = _ssm(store, monkeypatch).get(["/as-stored/value"])

    assert found["/as-stored/value"].value == value


def test_what_is_not_decrypted_has_its_version_and_only_a_plain_value(
    store: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_parameters("/look", {"secret": ("hunter22", True), "plain": ("db", False)})
    reader = _ssm(store, monkeypatch)

    read = reader.get(["/look/secret", "/look/plain"])
    seen = ssm.Ssm(REGION, FakeClock(), pytest.fail, decrypts=False).get(list(read))

    assert seen["/look/plain"] == read["/look/plain"]
    assert seen["/look/secret"] == dataclasses.replace(read["/look/secret"], value="")


def test_the_newest_version_is_read_and_named(store: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("first", "second", "third"):
        store.put_parameters("/versions", {"value": (value, True)})

    found = _ssm(store, monkeypatch).get(["/versions/value"])["/versions/value"]

    assert (found.name, found.value, found.version) == ("/versions/value", "third", 3)


def test_an_older_version_is_read_with_its_own_value_and_date(
    store: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssm_store = _ssm(store, monkeypatch)
    seen = []
    for value in ("first", "second"):
        store.put_parameters("/older", {"value": (value, True)})
        seen.append(ssm_store.get(["/older/value"])["/older/value"])

    assert ssm_store.get(["/older/value:1"]) == {"/older/value": seen[0]}
    assert seen[0].modified < seen[1].modified


def test_a_version_that_is_no_longer_there_is_left_out(
    store: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_parameters("/gone", {"value": ("first", True)})

    assert _ssm(store, monkeypatch).get(["/gone/value:7", "/nowhere/value:1"]) == {}


def test_a_parameter_of_another_path_does_not_exist(
    store: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_parameters("/here", {"value": ("hunter22", True)})

    found = _ssm(store, monkeypatch).get(["/there/value", "/here/value", "value"])

    assert list(found) == ["/here/value"]
