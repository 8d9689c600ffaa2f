"""`render` of a revision that was deployed before: CodeDeploy's own rollback, or not."""

import dataclasses
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import MODIFIED, RELEASE, SECRET, Bundle
from tests.unit.past_deployments import failed, password, record
from tests.unit.wire import Server, answer, forget_surroundings
from wpdeploy import state
from wpdeploy.context import BY_HAND
from wpdeploy.record import Record, encode
from wpdeploy.steps import render

GOOD = record(1, release=RELEASE)
BAD = failed(2, parameters={"password": password(4)})
TOLD = "CodeDeploy's rollback after #2 failed: restores #1 (wordpress@sha256:aaaaaaaaaaaa, commit"


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def versions() -> dict[str, int]:
    """What the Parameter Store holds, in which version; the value tells the version."""
    return {"/blog/host": 1, "/blog/password": 4}


@pytest.fixture
def store(versions: Mapping[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")

    def current(handler: BaseHTTPRequestHandler) -> None:
        asked = server.received[-1].document["Names"]
        found = [parameter(*name.split(":"), versions=versions) for name in asked]
        answer({"Parameters": found, "InvalidParameters": []})(handler)

    with Server(*[current] * 3) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


def parameter(name: str, version: str = "", *, versions: Mapping[str, int]) -> dict[str, Any]:
    """A parameter as SSM answers it, in its newest version or another."""
    number = int(version or versions[name])
    value = {"Type": "SecureString", "Value": f"{SECRET} {number}", "Version": number}
    return {"Name": name, **value, "LastModifiedDate": 1795168800.0}


@pytest.fixture
def bundle(store: Server, api: ApplyServer, tmp_path: Path) -> Bundle:
    assert store.url
    made = Bundle(tmp_path, api.url)
    made.context = dataclasses.replace(made.context, deployment_id="d-9")
    return made


def remember(api: ApplyServer, *records: Record) -> None:
    for one in records:
        api.cluster.apply(encode(one, "blog", "site"))


def make_pair(api: ApplyServer) -> None:
    """The Secret and the ConfigMap of the good release."""
    for kind in ("Secret", "ConfigMap"):
        metadata = {"name": GOOD.config, "namespace": "blog"}
        api.cluster.apply({"apiVersion": "v1", "kind": kind, "metadata": metadata})


def test_codedeploys_rollback_restores_what_was_recorded(bundle: Bundle, api: ApplyServer) -> None:
    remember(api, GOOD, BAD)
    make_pair(api)
    report = bundle.run(render.run)
    left = state.required(bundle.context)
    assert (left.restores, left.config, left.parameters) == (1, GOOD.config, GOOD.parameters)
    assert (left.release, left.manifests) == (RELEASE, GOOD.manifests)
    assert report.data["config"] == GOOD.config
    assert [line for line in bundle.told if line.startswith(TOLD)]


def test_what_is_still_there_is_not_read_again(
    bundle: Bundle, api: ApplyServer, store: Server
) -> None:
    remember(api, GOOD, BAD)
    make_pair(api)
    bundle.run(render.run)
    (asked,) = store.received
    assert asked.document == {"Names": ["/blog/password"], "WithDecryption": False}
    assert "apply Secret site-1a2b" not in api.cluster.requests[4:]


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_what_is_gone_is_made_anew_of_the_recorded_versions(
    bundle: Bundle, api: ApplyServer, store: Server, kind: str
) -> None:
    remember(api, GOOD, BAD)
    make_pair(api)
    objects = api.cluster.objects
    gone = next(path for path in objects if path.endswith(f"/{kind.lower()}s/{GOOD.config}"))
    del objects[gone]
    bundle.run(render.run)
    asked = store.received[-1].document
    assert asked == {"Names": ["/blog/password:3"], "WithDecryption": True}
    assert gone in objects
    assert f"gone: {kind} site-1a2b; the recorded parameters are read again" in bundle.told


def test_a_parameter_that_was_mended_since_is_wanted(
    bundle: Bundle, api: ApplyServer, versions: dict[str, int]
) -> None:
    remember(api, GOOD, BAD)
    versions["/blog/password"] = 5
    bundle.run(render.run)
    left = state.required(bundle.context)
    assert (left.restores, left.parameters["password"].version) == (None, 5)
    why = "/blog/password was changed after #2 failed"
    assert f"no rollback to #1, today's parameters: {why}" in bundle.told


@pytest.mark.parametrize("deployment_id", [BY_HAND, "d-2"], ids=["by hand", "the same deployment"])
def test_other_deployments_are_what_they_say(
    bundle: Bundle, api: ApplyServer, deployment_id: str
) -> None:
    bundle.context = dataclasses.replace(bundle.context, deployment_id=deployment_id)
    remember(api, GOOD, BAD)
    bundle.run(render.run)
    left = state.required(bundle.context)
    assert (left.restores, left.parameters["password"].version) == (None, 4)
    assert left.parameters["password"].modified == MODIFIED
