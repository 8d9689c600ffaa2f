"""deployment.json: written as a whole or not at all, for its owner alone, and read with care."""

import dataclasses
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wpdeploy import state
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError
from wpdeploy.record import AppliedAt, RecordedParameter
from wpdeploy.release import Release
from wpdeploy.smoke import Smoke
from wpdeploy.state import Deployment
from wpdeploy.target import EksCluster, KubeconfigCluster, Target

ODD = "quotes ' \" {{ x }} / & \n 😀"


@pytest.fixture
def context(tmp_path: Path) -> DeploymentContext:
    return DeploymentContext("Test", "d-1", tmp_path / "bundle", tmp_path, tmp_path / "release")


@pytest.fixture
def file(context: DeploymentContext) -> Path:
    context.state_directory.mkdir(parents=True)
    return context.state_directory / "deployment.json"


KUBECONFIG = KubeconfigCluster("/etc/kubeconfig", None)
EKS = EksCluster("blog", "eu-central-1", "https://eks.example", "LS0tLS1CRUdJTg==")


def deployment(applied: AppliedAt | None = None) -> Deployment:
    return Deployment(
        group="Test",
        deployment_id="d-1",
        release=Release(f"registry/wordpress@sha256:{'a' * 64}", "c0ffee", "build:1", "now"),
        target=Target(KUBECONFIG, "shop", "wordpress", 900, 10, smoke=Smoke(pattern=ODD)),
        config="wordpress-1a2b",
        env={"PHP_MEMORY_LIMIT": ODD},
        parameters={"host": parameter("WORDPRESS_DB_HOST")},
        manifests=({"kind": "Service", "metadata": {"annotations": {"odd": ODD}}},),
        number=12 if applied else None,
        applied=applied,
    )


def parameter(env: str) -> RecordedParameter:
    return RecordedParameter(env, secret=False, name="/wp/host", version=3, modified="then")


APPLIED = AppliedAt(datetime(2026, 11, 5, 3, 0, tzinfo=UTC), 7)


@pytest.mark.parametrize("applied", [None, APPLIED], ids=["after render", "after apply"])
def test_what_one_step_writes_the_next_one_reads(
    context: DeploymentContext, applied: AppliedAt | None
) -> None:
    state.write(context, deployment(applied))
    assert state.read(context) == deployment(applied)
    assert state.required(context) == deployment(applied)


@pytest.mark.parametrize("cluster", [KUBECONFIG, EKS], ids=["a kubeconfig's", "of EKS"])
def test_a_cluster_is_of_the_same_type_again(
    context: DeploymentContext, cluster: EksCluster | KubeconfigCluster
) -> None:
    written = deployment()
    target = dataclasses.replace(written.target, cluster=cluster)
    state.write(context, dataclasses.replace(written, target=target))
    assert state.required(context).target == target


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    found=st.builds(
        Deployment,
        env=st.dictionaries(st.text(), st.text()),
        parameters=st.dictionaries(st.text(), st.builds(RecordedParameter)),
        manifests=st.lists(st.dictionaries(st.text(), st.text())).map(tuple),
        applied=st.none() | st.builds(AppliedAt, since=st.datetimes(timezones=st.just(UTC))),
    )
)
def test_any_deployment_is_read_as_it_was_written(
    context: DeploymentContext, found: Deployment
) -> None:
    state.write(context, found)
    assert state.read(context) == found


def test_a_later_step_replaces_what_an_earlier_one_left(context: DeploymentContext) -> None:
    state.write(context, deployment())
    state.write(context, deployment(APPLIED))
    assert state.read(context) == deployment(APPLIED)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
def test_only_its_owner_may_read_it(context: DeploymentContext) -> None:
    state.write(context, deployment())
    directory = context.state_directory
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [directory, *directory.iterdir()]}
    assert modes == {directory: 0o700, directory / "deployment.json": 0o600}


def test_a_reader_meets_the_old_file_or_the_new_one(context: DeploymentContext, file: Path) -> None:
    state.write(context, deployment())
    with file.open() as reader:
        state.write(context, deployment(APPLIED))
        assert json.load(reader)["applied"] is None
    assert [path.name for path in file.parent.iterdir()] == ["deployment.json"]


def test_a_place_that_cannot_be_written_is_an_error(context: DeploymentContext) -> None:
    (context.root / "var").write_text("a file where a directory should be")
    with pytest.raises(ConfigurationError) as caught:
        state.write(context, deployment())
    assert str(caught.value) == (
        f"{context.state_directory}: cannot be written: Not a directory "
        "(the user of the CodeDeploy agent must be able to write there; see WPDEPLOY_ROOT)"
    )


def test_a_failed_write_leaves_nothing_behind(context: DeploymentContext, file: Path) -> None:
    file.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written: Is a directory"):
        state.write(context, deployment())
    assert list(file.parent.iterdir()) == [file]


def test_what_a_killed_step_left_does_not_stay(context: DeploymentContext, file: Path) -> None:
    (file.parent / ".deployment.json").write_text("{" * 100_000)
    state.write(context, deployment())
    assert state.read(context) == deployment()
    assert list(file.parent.iterdir()) == [file]


def test_where_no_step_ran_there_is_nothing(context: DeploymentContext) -> None:
    assert state.read(context) is None


def test_a_step_that_needs_render_says_so(context: DeploymentContext) -> None:
    with pytest.raises(ConfigurationError) as caught:
        state.required(context)
    assert str(caught.value) == (
        f"{context.state_directory}/deployment.json: there is no such file (run `render` first)"
    )


def changed(**changes: object) -> bytes:
    document = dataclasses.asdict(deployment())
    return json.dumps(document | changes).encode()


def with_cluster(cluster: object) -> bytes:
    return changed(target=dataclasses.asdict(deployment().target) | {"cluster": cluster})


BROKEN = {
    "empty": b"",
    "binary": b"\xff\xfe\0",
    "cut off": changed()[:100],
    "null": b"null",
    "a number": b"1",
    "a string": b'"text"',
    "a list": b"[]",
    "without keys": b"{}",
    "an unknown key": changed(more=1),
    "a release that is none": changed(release=[]),
    "a release of another version": changed(release={"image": "x"}),
    "a target that is none": changed(target="x"),
    "a cluster that is none": with_cluster("blog"),
    "a cluster without keys": with_cluster({}),
    "a cluster of two kinds": with_cluster(vars(EKS) | vars(KUBECONFIG)),
    "a cluster that lacks a key": with_cluster({"kubeconfig": "/etc/kubeconfig"}),
    "manifests that are none": changed(manifests=1),
    "parameters that are none": changed(parameters=[1]),
    "a parameter that is none": changed(parameters={"host": "localhost"}),
    "a parameter of another version": changed(parameters={"host": {"version": 3}}),
    "an apply without a time": changed(applied={"generation": 1}),
    "an apply at no time": changed(applied={"since": "soon", "generation": 1}),
    "an apply that is none": changed(applied=[1]),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_understood_is_an_error(
    context: DeploymentContext, file: Path, content: bytes
) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        state.read(context)
    assert caught.value.where == str(file)
    assert caught.value.problems[0].startswith("is not readable: ")
    assert caught.value.hint == (
        "run the deployment again from its first step, as the user of the CodeDeploy agent"
    )


def test_a_file_that_cannot_be_read_is_an_error(context: DeploymentContext, file: Path) -> None:
    file.mkdir()
    with pytest.raises(ConfigurationError, match="is not readable: IsADirectoryError"):
        state.read(context)
