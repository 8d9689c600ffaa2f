"""An object's fields by path, each known by what it is and not by where it stands."""

import json
from typing import Any

import pytest

from wpdeploy import fields

NAME = {"name": "w", "namespace": "blog"}


def of(**rest: Any) -> dict[str, Any]:
    """The values by path of an object that has this beside its name."""
    found = fields.of({"apiVersion": "v1", "kind": "Any", "metadata": NAME} | rest)
    return {path: json.loads(text) for path, text in found.items()}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"replicas": 3}, {"spec.replicas": 3}),
        ({"a": {"b": {"c": None}}}, {"spec.a.b.c": None}),
        ({"emptyDir": {}, "items": []}, {"spec.emptyDir": {}, "spec.items": []}),
        ({"example.com/key": "x"}, {"spec[example.com/key]": "x"}),
        ({"args": ["a", "b"]}, {"spec.args": ["a", "b"]}),
        ({"deep": [["a"], []]}, {"spec.deep[0]": ["a"], "spec.deep[1]": []}),
        ({"env": [{"name": "A", "value": "1"}]}, {"spec.env[A].value": "1"}),
        ({"env": [{"name": "A"}]}, {"spec.env[A].name": "A"}),
        (
            {"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            {"spec.m[/a].name": "v", "spec.m[/b].name": "v"},
        ),
        (
            {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
            {
                "spec.ports[0].port": 53,
                "spec.ports[0].protocol": "UDP",
                "spec.ports[1].port": 53,
                "spec.ports[1].protocol": "TCP",
            },
        ),
        (
            {"ports": [{"name": "http", "port": 80}, {"port": 443}]},
            {"spec.ports[80].name": "http", "spec.ports[443].port": 443},
        ),
        ({"mixed": [{"name": "a"}, "b"]}, {"spec.mixed[0].name": "a", "spec.mixed[1]": "b"}),
    ],
)
def test_each_value_has_a_path(spec: Any, found: Any) -> None:
    assert of(spec=spec) == found


def test_what_the_server_writes_is_no_field() -> None:
    servers = {
        "uid": "u",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "now",
        "managedFields": [{"manager": "wpdeploy"}],
        "selfLink": "/api",
    }
    assert of(metadata=NAME | servers, status={"replicas": 3}) == {}


def test_what_kubectl_remembers_is_no_field() -> None:
    annotations = {fields.LAST_APPLIED: '{"password": "hunter2"}'}
    assert of(metadata=NAME | {"annotations": annotations}) == {}
    assert of(metadata=NAME | {"annotations": annotations | {"a": "b"}}) == {
        "metadata.annotations.a": "b"
    }


def kubectls(text: str) -> Any:
    return {"metadata": {"annotations": {fields.LAST_APPLIED: text}}}


def test_what_kubectl_applied_last_is_read_where_it_is_needed() -> None:
    document = {"kind": "Service", "metadata": {"name": "w"}, "spec": {"type": "NodePort"}}
    assert fields.last_applied(kubectls(json.dumps(document))) == {"spec.type": '"NodePort"'}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"metadata": 1}', "[" * 100_000])
def test_what_kubectl_did_not_write_says_nothing(text: str) -> None:
    assert fields.last_applied(kubectls(text)) == {}


def test_an_object_without_annotations_says_nothing() -> None:
    assert fields.last_applied({"metadata": {}}) == {}
