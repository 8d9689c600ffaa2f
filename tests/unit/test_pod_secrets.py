"""Which Secrets a pod knows, and what is to be looked for in what it says."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from wpdeploy import pod_secrets

Json = dict[str, Any]


def env_from(name: str) -> Json:
    return {"envFrom": [{"configMapRef": {"name": "plain"}}, {"secretRef": {"name": name}}]}


def env(name: str) -> Json:
    key = {"secretKeyRef": {"name": name, "key": "k", "optional": True}}
    return {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": key}]}


def volumes(*found: Json) -> Json:
    return {"containers": [], "volumes": [{"emptyDir": {}}, *found]}


PROJECTED = {"sources": [{"configMap": {"name": "plain"}}, {"secret": {"name": "db"}}]}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"containers": [env_from("db")]}, id="as all variables"),
        pytest.param({"containers": [{}, env("db")]}, id="as a variable"),
        pytest.param({"initContainers": [env("db")], "containers": [{}]}, id="before it starts"),
        pytest.param({"ephemeralContainers": [env("db")]}, id="of who debugs it"),
        pytest.param(volumes({"secret": {"secretName": "db"}}), id="as files"),
        pytest.param(volumes({"projected": PROJECTED}), id="as files among others"),
    ],
)
def test_a_secret_is_found_wherever_a_pod_refers_to_it(spec: Json) -> None:
    assert pod_secrets.names(spec) == ["db"]


def test_each_secret_is_named_once() -> None:
    spec = {"containers": [env_from("b"), env("a"), env("b")]}
    assert pod_secrets.names(spec) == ["a", "b"]


def encoded(value: bytes) -> str:
    return b64encode(value).decode()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(b"hunter22", {"hunter22"}, id="a word"),
        pytest.param(b"hunter22\n", {"hunter22\n", "hunter22"}, id="with the end of its line"),
        pytest.param(b"one1\n two2\r\n", {"one1\n two2\r\n", "one1", "two2"}, id="line by line"),
        pytest.param(b"\xff\x00abc", {"\\xff\x00abc"}, id="that is no text"),
        pytest.param(b"", {""}, id="empty"),
    ],
)
def test_a_value_is_looked_for_in_whole_by_lines_and_as_the_secret_has_it(
    value: bytes, found: set[str]
) -> None:
    secret = {"type": "Opaque", "data": {"k": encoded(value)}}
    assert set(pod_secrets.values(secret)) == found | {encoded(value)}


def test_a_secret_without_data_has_no_values() -> None:
    assert list(pod_secrets.values({"type": "Opaque"})) == []


def test_of_a_service_account_only_the_token_is_secret() -> None:
    data = {key: encoded(key.encode()) for key in ("ca.crt", "namespace", "token")}
    secret = {"type": "kubernetes.io/service-account-token", "data": data}
    assert set(pod_secrets.values(secret)) == {"token", encoded(b"token")}


MADE, CHANGED = "2026-11-05T02:00:00Z", "2026-11-05T03:00:00Z"


@pytest.mark.parametrize(
    ("fields", "immutable", "hour"),
    [
        pytest.param([], False, 2, id="never since it was made"),
        pytest.param([{"time": MADE}, {}, {"time": CHANGED}], False, 3, id="by some manager"),
        pytest.param([{"time": CHANGED}], True, 2, id="never, its labels aside"),
    ],
)
def test_when_a_secret_was_changed(fields: list[Json], hour: int, *, immutable: bool) -> None:
    metadata = {"creationTimestamp": MADE, "managedFields": fields}
    secret = {"metadata": metadata, "immutable": immutable}
    assert pod_secrets.changed(secret) == datetime(2026, 11, 5, hour, tzinfo=UTC)
