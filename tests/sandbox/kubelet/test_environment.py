import base64
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.kubelet.environment import ConfigError, decode, expand, resolve

Json = dict[str, Any]

POD = {
    "metadata": {
        "name": "web-0",
        "namespace": "blog",
        "labels": {"app.kubernetes.io/name": "wordpress"},
    },
    "spec": {"nodeName": "node-1"},
    "status": {"podIP": "10.244.0.9"},
}
OBJECTS: dict[tuple[str, str], dict[str, str]] = {
    ("Secret", "db"): {"password": "pa$(HOST)ss", "not a name": "x"},
    ("ConfigMap", "site"): {"HOST": "db.internal", "DEBUG": "0"},
}


def lookup(kind: str, name: str) -> Mapping[str, str] | None:
    return OBJECTS.get((kind, name))


def resolved(**container: Any) -> dict[str, str]:
    return resolve(container, POD, lookup)


def secret_ref(name: str, key: str, **more: Any) -> Json:
    return {"secretKeyRef": {"name": name, "key": key, **more}}


def field(path: str) -> Json:
    return {"fieldRef": {"fieldPath": path}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$(A)", "1"),
        ("x$(A)$(B)y", "x12y"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
    ],
)
def test_expansion(value: str, expected: str) -> None:
    assert expand(value, {"A": "1", "B": "2"}) == expected


def test_values_expand_what_stands_before_them() -> None:
    env = [
        {"name": "EARLY", "value": "$(LATE)"},
        {"name": "LATE", "value": "x"},
        {"name": "TWICE", "value": "$(LATE)$(LATE)"},
        {"name": "EMPTY"},
    ]
    assert resolved(env=env) == {"EARLY": "$(LATE)", "LATE": "x", "TWICE": "xx", "EMPTY": ""}


def test_referenced_values_are_not_expanded_but_can_be_referred_to() -> None:
    env = [
        {"name": "PASSWORD", "valueFrom": secret_ref("db", "password")},
        {"name": "DSN", "value": "mysql://$(PASSWORD)"},
    ]
    assert resolved(env=env) == {"PASSWORD": "pa$(HOST)ss", "DSN": "mysql://pa$(HOST)ss"}


def test_env_from_comes_first_and_env_overrides_it() -> None:
    environment = resolved(
        envFrom=[{"configMapRef": {"name": "site"}}],
        env=[{"name": "DEBUG", "value": "1"}, {"name": "URL", "value": "http://$(HOST)"}],
    )
    assert environment == {"HOST": "db.internal", "DEBUG": "1", "URL": "http://db.internal"}


def test_env_from_takes_a_prefix_and_skips_what_is_no_name() -> None:
    assert resolved(envFrom=[{"prefix": "DB_", "secretRef": {"name": "db"}}]) == {
        "DB_password": "pa$(HOST)ss"
    }


def test_fields() -> None:
    paths = {
        "NAME": "metadata.name",
        "NAMESPACE": "metadata.namespace",
        "IP": "status.podIP",
        "NODE": "spec.nodeName",
        "LABEL": "metadata.labels['app.kubernetes.io/name']",
        "NO_LABEL": "metadata.labels['none']",
    }
    env = [{"name": name, "valueFrom": field(path)} for name, path in paths.items()]
    assert resolved(env=env) == {
        "NAME": "web-0",
        "NAMESPACE": "blog",
        "IP": "10.244.0.9",
        "NODE": "node-1",
        "LABEL": "wordpress",
        "NO_LABEL": "",
    }


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"envFrom": [{"secretRef": {"name": "x"}}]}, 'secret "x" not found'),
        ({"envFrom": [{"configMapRef": {"name": "x"}}]}, 'configmap "x" not found'),
        ({"env": [{"name": "A", "valueFrom": secret_ref("x", "k")}]}, 'secret "x" not found'),
        (
            {"env": [{"name": "A", "valueFrom": secret_ref("db", "k")}]},
            "couldn't find key k in Secret blog/db",
        ),
        (
            {
                "env": [
                    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "site", "key": "k"}}}
                ]
            },
            "couldn't find key k in ConfigMap blog/site",
        ),
        (
            {"env": [{"name": "A", "valueFrom": field("metadata.nothing")}]},
            "unsupported fieldPath: metadata.nothing",
        ),
    ],
)
def test_what_is_missing_is_told_in_the_words_of_the_kubelet(container: Json, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolved(**container)
    assert str(caught.value) == message


def test_what_is_missing_and_optional_leaves_the_earlier_value() -> None:
    environment = resolved(
        envFrom=[
            {"configMapRef": {"name": "site"}},
            {"secretRef": {"name": "x", "optional": True}},
        ],
        env=[
            {"name": "DEBUG", "valueFrom": secret_ref("db", "k", optional=True)},
            {"name": "OTHER", "valueFrom": secret_ref("x", "k", optional=True)},
        ],
    )
    assert environment == {"HOST": "db.internal", "DEBUG": "0"}


def test_each_object_is_read_once() -> None:
    asked = []

    def counting(kind: str, name: str) -> Mapping[str, str] | None:
        asked.append((kind, name))
        return lookup(kind, name)

    env = [{"name": name, "valueFrom": secret_ref("db", "password")} for name in "ABC"]
    resolve({"env": env}, POD, counting)
    assert asked == [("Secret", "db")]


def test_the_data_of_a_secret_is_base64() -> None:
    assert decode("Secret", {"data": {"a": base64.b64encode(b"\xc3\xa9").decode()}}) == {"a": "é"}
    assert decode("ConfigMap", {"data": {"a": "b"}}) == {"a": "b"}
    assert decode("Secret", {}) == {}
