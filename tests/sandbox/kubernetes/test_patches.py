from typing import Any

import pytest

from sandbox.kubernetes.patches import json_patched, merge_patched, strategic_patched
from sandbox.kubernetes.schema import parse
from sandbox.kubernetes.statuses import StatusError

POD = parse("core.PodSpec")


def test_a_merge_patch_removes_by_null() -> None:
    assert merge_patched({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": [3]}}) == {
        "a": {"c": 2, "d": [3]}
    }


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/l/1", "value": 9}, {"l": [1, 9, 2], "m": {"x": 1}}),
        ({"op": "add", "path": "/l/-", "value": 9}, {"l": [1, 2, 9], "m": {"x": 1}}),
        ({"op": "replace", "path": "/m/x", "value": 9}, {"l": [1, 2], "m": {"x": 9}}),
        ({"op": "remove", "path": "/l/0"}, {"l": [2], "m": {"x": 1}}),
        ({"op": "move", "from": "/m/x", "path": "/m/y"}, {"l": [1, 2], "m": {"y": 1}}),
        ({"op": "copy", "from": "/m/x", "path": "/m/a~1b"}, {"l": [1, 2], "m": {"x": 1, "a/b": 1}}),
        ({"op": "test", "path": "/m/x", "value": 1}, {"l": [1, 2], "m": {"x": 1}}),
    ],
)
def test_json_patches(operation: Any, result: Any) -> None:
    assert json_patched({"l": [1, 2], "m": {"x": 1}}, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/b"},
        {"op": "add", "path": "/b/c", "value": 1},
    ],
)
def test_a_json_patch_that_cannot_be_done_is_refused(operation: Any) -> None:
    with pytest.raises(StatusError) as caught:
        json_patched({"a": 1}, [operation])
    assert caught.value.code == 422


def test_a_strategic_patch_merges_lists_by_key() -> None:
    live = {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]}
    change = {"containers": [{"name": "a", "image": "2"}, {"name": "b", "$patch": "delete"}]}
    found = strategic_patched(POD, live, change)
    assert found == {"containers": [{"name": "a", "image": "2"}]}
    new = strategic_patched(POD, live, {"containers": [{"name": "c"}]})
    assert [each["name"] for each in new["containers"]] == ["c", "a", "b"]
