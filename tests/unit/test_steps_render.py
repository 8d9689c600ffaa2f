"""`render` prepares all of a deployment, and changes nothing that runs."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import MODIFIED, RELEASE, SECRET, Bundle, store
from tests.unit.fake_cluster import conflict, refused
from tests.unit.wire import Server, forget_surroundings
from wpdeploy import state
from wpdeploy.errors import ClusterError, Exit, ManifestError, ParameterError
from wpdeploy.kinds import title
from wpdeploy.record import RecordedParameter
from wpdeploy.report import Report
from wpdeploy.steps import render


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def values() -> dict[str, str]:
    """What the Parameter Store holds."""
    return {"/blog/host": "db:3306", "/blog/password": SECRET}


@pytest.fixture
def bundle(
    api: ApplyServer, values: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bundle]:
    forget_surroundings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter22")

    def current(handler: BaseHTTPRequestHandler) -> None:
        store(values)(handler)

    with Server(current, current) as ssm:
        monkeypatch.setenv("AWS_ENDPOINT_URL", ssm.url)
        yield Bundle(tmp_path, api.url)


def test_the_report_names_what_was_rehearsed(bundle: Bundle) -> None:
    report = bundle.run(render.run)
    config = report.data["config"]
    assert report == Report(
        Exit.SUCCESS,
        f"2 objects rehearsed; Secret and ConfigMap {config} are there",
        data={"objects": ["Service site", "Deployment site"], "config": config},
    )


def test_each_phase_is_told(bundle: Bundle) -> None:
    bundle.run(render.run)
    assert bundle.told == [
        "Test: commit c0ffee",
        f"image: {RELEASE.image}",
        "parameters: 2 read from /blog",
        "manifests: Service site, Deployment site",
        "dry-run: the API server accepts all of them",
        (
            "warning: uploads: up to 3 pods, each with uploads of its own "
            "(set uploads.enabled, or keep uploads elsewhere by a plugin)"
        ),
    ]


def test_all_is_rehearsed_and_only_secret_and_config_map_are_made(
    bundle: Bundle, api: ApplyServer
) -> None:
    config = bundle.run(render.run).data["config"]
    own = [f"ConfigMap {config}", f"Secret {config}"]
    assert [request for request in api.cluster.requests if request != "time"] == [
        *[f"dry-run {name}" for name in (*own, "Service site", "Deployment site")],
        *[f"apply {name}" for name in own],
    ]
    assert sorted(map(title, api.cluster.objects.values())) == sorted(own)


def test_the_next_step_finds_what_it_needs(bundle: Bundle) -> None:
    config = bundle.run(render.run).data["config"]
    left = state.required(bundle.context)
    assert (left.group, left.deployment_id, left.release) == ("Test", "d-1", RELEASE)
    assert (left.target, left.config, left.applied) == (bundle.target, config, None)
    assert left.parameters == {
        "host": RecordedParameter("WORDPRESS_DB_HOST", False, "/blog/host", 3, MODIFIED),  # noqa: FBT003  # a dataclass's field
        "password": RecordedParameter("WORDPRESS_DB_PASSWORD", True, "/blog/password", 3, MODIFIED),  # noqa: FBT003  # the same
    }
    assert [title(manifest) for manifest in left.manifests] == ["Service site", "Deployment site"]
    [container] = left.manifests[1]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == RELEASE.image
    assert {one["name"]: one["valueFrom"] for one in container["env"]} == {
        "WORDPRESS_DB_HOST": {"configMapKeyRef": {"name": config, "key": "WORDPRESS_DB_HOST"}},
        "WORDPRESS_DB_PASSWORD": {"secretKeyRef": {"name": config, "key": "WORDPRESS_DB_PASSWORD"}},
    }


def test_each_object_is_the_environments_own(bundle: Bundle, api: ApplyServer) -> None:
    bundle.run(render.run)
    made = [*api.cluster.objects.values(), *state.required(bundle.context).manifests]
    assert len(made) == 4
    for manifest in made:
        metadata = manifest["metadata"]
        assert metadata["namespace"] == "blog"
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "wpdeploy"


def test_a_secret_value_is_neither_told_nor_left_on_disk(bundle: Bundle) -> None:
    report = bundle.run(render.run)
    written = [file for file in bundle.context.root.rglob("*") if file.is_file()]
    assert bundle.context.state_directory / "deployment.json" in written
    assert not [file for file in written if SECRET in file.read_text()]
    assert SECRET not in str(report) + str(bundle.told)


def nothing_is_left_by(bundle: Bundle, api: ApplyServer) -> bool:
    return not api.cluster.objects and state.read(bundle.context) is None


def test_a_parameter_that_is_missing_ends_it(
    bundle: Bundle, api: ApplyServer, values: dict[str, str]
) -> None:
    del values["/blog/password"]
    with pytest.raises(ParameterError, match="/blog/password does not exist"):
        bundle.run(render.run)
    assert nothing_is_left_by(bundle, api)
    assert api.cluster.requests == []


def test_templates_that_do_not_make_the_deployment_end_it(bundle: Bundle, api: ApplyServer) -> None:
    bundle.write("k8s/wordpress/deployment.yaml.j2", "{# for another day #}")
    with pytest.raises(ManifestError) as caught:
        bundle.run(render.run)
    assert str(caught.value) == "k8s/wordpress: no template makes the Deployment site"
    assert nothing_is_left_by(bundle, api)
    assert api.cluster.requests == []


def test_a_refusal_of_the_api_server_ends_it_before_anything_is_made(
    bundle: Bundle, api: ApplyServer
) -> None:
    error = refused("Service site", 403, "exceeded quota: services")
    api.cluster.refuse("dry-run Service site", error)
    with pytest.raises(ClusterError, match="exceeded quota: services"):
        bundle.run(render.run)
    assert nothing_is_left_by(bundle, api)


def test_a_field_of_somebody_else_is_taken_over_where_that_is_asked_for(
    bundle: Bundle, api: ApplyServer
) -> None:
    error = conflict("Service site", (".spec.selector", "an operator"))
    api.cluster.refuse("dry-run Service site", error, error)
    with pytest.raises(
        ClusterError,
        match=r'^API server, dry-run: Service site: \.spec\.selector is owned by "an operator"',
    ):
        bundle.run(render.run)
    assert bundle.run(render.run, force_conflicts=True).exit is Exit.SUCCESS
    assert "force dry-run Service site" in api.cluster.requests
