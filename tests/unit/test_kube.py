"""Requests to the API server and what becomes of its answers, at the wire."""

import json
import logging
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.api_server import connect, connect_to, refusal, write_kubeconfig
from tests.unit.wire import Server, answer, forget_surroundings, text
from wpdeploy import __version__
from wpdeploy.api_status import ApiError
from wpdeploy.errors import ClusterError
from wpdeploy.kinds import Manifest
from wpdeploy.kube import Request

PATH = "/api/v1/namespaces/blog/configmaps/w"
CONFIG_MAP: Manifest = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "w", "namespace": "blog"},
    "data": {"MOTTO": "é 🔑 \"quoted\" 'n' {{ raw }}\n"},
}
# What the API server answers with; more than what was sent.
LIVE = {**CONFIG_MAP, "immutable": True}


def _secret(data: dict[str, str]) -> Manifest:
    return {**CONFIG_MAP, "kind": "Secret", "data": data}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_surroundings(monkeypatch)


# Asking


def test_a_get_gives_the_object(tmp_path: Path) -> None:
    with Server(answer(LIVE)) as server:
        assert connect_to(server, tmp_path).cluster.get(PATH, "ConfigMap w") == LIVE

    (seen,) = server.received
    assert (seen.method, seen.path, seen.query, seen.body) == ("GET", PATH, {}, b"")
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["user-agent"] == f"wpdeploy/{__version__}"
    assert "content-type" not in seen.headers


def test_a_query_reaches_the_server_as_it_was_given(tmp_path: Path) -> None:
    query = {"labelSelector": "app in (a,b),x!=é&y", "fieldSelector": "metadata.name=w"}
    with Server(answer(LIVE)) as server:
        connect_to(server, tmp_path).cluster.get(PATH, "ConfigMap w", query)

    assert server.received[0].query == query


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    with Server(refusal(404, "not found")) as server:
        assert connect_to(server, tmp_path).cluster.get(PATH, "ConfigMap w") is None


def test_what_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    with Server(refusal(403, "no")) as server, pytest.raises(ApiError) as caught:
        connect_to(server, tmp_path).cluster.get(PATH, "ConfigMap w")

    assert (caught.value.where, caught.value.code) == ("ConfigMap w", 403)


def test_an_api_server_below_a_path_is_asked_there(tmp_path: Path) -> None:
    with Server(answer(LIVE)) as server:
        kubeconfig = write_kubeconfig(tmp_path, f"{server.url}/k8s/clusters/c-1/")
        connect(kubeconfig).cluster.get(PATH, "ConfigMap w")

    assert server.received[0].path == f"/k8s/clusters/c-1{PATH}"


# Applying


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, {"fieldManager": "wpdeploy", "force": "false"}),
        ({"dry_run": True}, {"fieldManager": "wpdeploy", "force": "false", "dryRun": "All"}),
        ({"force": True}, {"fieldManager": "wpdeploy", "force": "true"}),
        ({"manager": "other"}, {"fieldManager": "other", "force": "false"}),
    ],
)
def test_an_apply_is_a_patch_in_the_name_of_a_field_manager(
    options: dict[str, Any], query: dict[str, str], tmp_path: Path
) -> None:
    with Server(answer(LIVE)) as server:
        assert connect_to(server, tmp_path).cluster.apply(CONFIG_MAP, **options) == LIVE

    (seen,) = server.received
    assert (seen.method, seen.path, seen.query) == ("PATCH", PATH, query)
    assert seen.headers["content-type"] == "application/apply-patch+yaml"


def test_an_apply_sends_json_that_every_yaml_parser_reads_alike(tmp_path: Path) -> None:
    with Server(answer(LIVE)) as server:
        connect_to(server, tmp_path).cluster.apply(CONFIG_MAP)

    assert yaml.safe_load(server.received[0].body) == CONFIG_MAP


def test_a_patch_sends_its_operations(tmp_path: Path) -> None:
    operations = [{"op": "replace", "path": "/metadata/labels", "value": {"a": "é"}}]
    with Server(answer(LIVE)) as server:
        assert connect_to(server, tmp_path).cluster.patch(CONFIG_MAP, operations) == LIVE

    (seen,) = server.received
    assert (seen.method, seen.path, seen.query) == ("PATCH", PATH, {})
    assert seen.headers["content-type"] == "application/json-patch+json"
    assert seen.document == operations


def test_a_refused_apply_says_why(tmp_path: Path) -> None:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "argocd"',
            "field": ".data.MOTTO",
        }
    ]
    with (
        Server(refusal(409, "1 conflict", {"causes": causes})) as server,
        pytest.raises(ApiError) as caught,
    ):
        connect_to(server, tmp_path).cluster.apply(CONFIG_MAP)

    assert str(caught.value) == "ConfigMap w: PATCH refused (409): 1 conflict"
    assert caught.value.conflicts == [("argocd", ".data.MOTTO")]


# Answers that are none


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b"<html>captive portal</html>", "<html>captive portal</html>"),
        (b"\x1f\x8b\xff" + b"x" * 200, "\x1f\ufffd\ufffd" + "x" * 77),
        (b"null", "null"),
        (b'["a list"]', '["a list"]'),
        pytest.param(b"[" * 100_000, "[" * 80, id="nested too deep"),
    ],
)
def test_an_answer_that_is_no_object_is_shown(body: bytes, shown: str, tmp_path: Path) -> None:
    with Server(text(body)) as server, pytest.raises(ClusterError) as caught:
        connect_to(server, tmp_path).cluster.get(PATH, "ConfigMap w")

    assert str(caught.value) == (
        f"{server.url}: answers {PATH} with something other than a JSON object: {shown}"
    )


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with (
        Server(text("moved", 302, Location="/login")) as server,
        pytest.raises(ClusterError, match="something other than a JSON object: moved"),
    ):
        connect_to(server, tmp_path).cluster.get(PATH, "ConfigMap w")

    assert len(server.received) == 1


# What must not be seen

# Passwords as generators make them, and as people do.
PASSWORDS = ["hunter22", "p&s<w>rd", "pa\"ss'w\\rd", "pässwörd 🔑", "line\nline", "message"]


def _cited(value: str) -> bytes:
    """A Status that cites the value as Go writes it: quoted in the text, the text as JSON."""
    quoted = json.dumps(value, ensure_ascii=False)
    message = f"Secret w: data.PASSWORD: Invalid value: {quoted}: no"
    status = json.dumps({"message": message, "details": {"causes": [{"message": message}]}})
    for character in "&<>":
        status = status.replace(character, f"\\u{ord(character):04x}")
    return status.encode()


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("encoded", [False, True], ids=["in the clear", "in base64"])
def test_a_refusal_that_cites_a_secrets_value_is_redacted(
    password: str, *, encoded: bool, tmp_path: Path
) -> None:
    in_base64 = b64encode(password.encode()).decode()
    body = _cited(in_base64 if encoded else password)
    with Server(text(body, 422)) as server, pytest.raises(ApiError) as caught:
        connect_to(server, tmp_path).cluster.apply(_secret({"PASSWORD": in_base64}))

    told = 'Secret w: data.PASSWORD: Invalid value: "[redacted]": no'
    assert caught.value.problems == (f"invalid: {told}",)
    assert caught.value.status == {"message": told, "details": {"causes": [{"message": told}]}}


def test_what_is_told_before_a_retry_is_redacted_as_well(tmp_path: Path) -> None:
    secret = _secret({"PASSWORD": b64encode(b"hunter22").decode()})
    with Server(text(_cited("hunter22"), 503), answer(secret)) as server:
        cluster, _, notices = connect_to(server, tmp_path)
        cluster.apply(secret)

    (notice,) = notices
    assert notice == (
        "trying again (1 of 8): Secret w: PATCH refused (503): "
        'Secret w: data.PASSWORD: Invalid value: "[redacted]": no'
    )


def test_an_answer_that_is_cut_cuts_no_value_in_two(tmp_path: Path) -> None:
    secret = _secret({"PASSWORD": b64encode(b"hunter22").decode()})
    lead = "x" * 196
    with Server(text(f"{lead}hunter22", 400)) as server, pytest.raises(ApiError) as caught:
        connect_to(server, tmp_path).cluster.apply(secret)

    assert caught.value.problems == (f"PATCH refused (400): {lead}[red",)


def test_an_answer_that_is_no_object_is_redacted_as_well(tmp_path: Path) -> None:
    secret = _secret({"PASSWORD": b64encode(b"hunter22").decode()})
    with (
        Server(text('{"PASSWORD": "hunter22')) as server,
        pytest.raises(ClusterError, match=r'other than a JSON object: {"PASSWORD": "\[redacted\]$'),
    ):
        connect_to(server, tmp_path).cluster.apply(secret)


def test_a_config_map_may_be_cited(tmp_path: Path) -> None:
    with Server(refusal(422, "MOTTO: hunter22")) as server, pytest.raises(ApiError) as caught:
        connect_to(server, tmp_path).cluster.apply({**CONFIG_MAP, "data": {"MOTTO": "hunter22"}})

    assert caught.value.problems == ("invalid: MOTTO: hunter22",)


def test_a_request_does_not_show_its_body_nor_its_secrets() -> None:
    request = Request("PATCH", PATH, "Secret w", body=b"hunter22", secrets=("hunter22",))

    assert "hunter22" not in repr(request)


def test_each_request_can_be_followed_without_its_credentials(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO, "wpdeploy")
    with Server(answer(LIVE)) as server:
        kubeconfig = write_kubeconfig(tmp_path, server.url, {"token": "hunter22"})
        connect(kubeconfig).cluster.get(PATH, "ConfigMap w", {"a": "b"})

    assert caplog.messages == [f"GET {server.url}{PATH}?a=b: 200, 0 ms"]
