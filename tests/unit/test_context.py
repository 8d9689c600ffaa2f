from collections.abc import Mapping
from pathlib import Path

import pytest

from wpdeploy import context
from wpdeploy.context import DeploymentContext
from wpdeploy.errors import ConfigurationError, UsageError

AGENT = {"DEPLOYMENT_ID": "d-A1B2C3D4E", "DEPLOYMENT_GROUP_NAME": "Test"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    environments = tmp_path / "k8s" / "environments"
    environments.mkdir(parents=True)
    for name in ("Test.yaml", "Production.yaml", "eu.west 1.yaml", "README.md"):
        (environments / name).touch()
    return tmp_path


def test_the_agent_says_it_all_by_its_environment(bundle: Path) -> None:
    assert context.from_environ(AGENT, bundle, None, None) == DeploymentContext(
        group="Test",
        deployment_id="d-A1B2C3D4E",
        bundle=bundle,
        root=Path("/"),
        release_file=bundle / "release.json",
    )


def test_an_operator_says_it_all_by_options(bundle: Path) -> None:
    found = context.from_environ({}, bundle, "Production", "builds/mine.json")
    assert found == DeploymentContext(
        group="Production",
        deployment_id="by-hand",
        bundle=bundle,
        root=Path("/"),
        release_file=Path("builds/mine.json"),
    )


def test_an_option_wins_over_the_environment(bundle: Path) -> None:
    assert context.from_environ(AGENT, bundle, "Production", None).group == "Production"


@pytest.mark.parametrize("environ", [{}, {"DEPLOYMENT_GROUP_NAME": ""}])
def test_without_a_group_nothing_can_be_done(bundle: Path, environ: Mapping[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        context.from_environ({**environ, "WPDEPLOY_ROOT": str(bundle)}, bundle, None, None)
    expected = "wpdeploy: no deployment group (pass --group, or set DEPLOYMENT_GROUP_NAME)"
    assert str(caught.value) == expected


def deployed(root: Path, *groups: str) -> dict[str, str]:
    """The environment of an operator on a host with deployments of these groups."""
    for group in groups:
        (root / "var/lib/wpdeploy" / group).mkdir(parents=True)
    return {"WPDEPLOY_ROOT": str(root)}


def test_on_a_host_of_one_group_nobody_must_name_it(bundle: Path, tmp_path: Path) -> None:
    environ = deployed(tmp_path / "host", "Production")
    assert context.from_environ(environ, bundle, None, None).group == "Production"


@pytest.mark.parametrize("groups", [(), ("Test", "Production")], ids=["none", "two"])
def test_on_a_host_of_any_other_number_of_groups_it_must_be_named(
    bundle: Path, tmp_path: Path, groups: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match="no deployment group"):
        context.from_environ(deployed(tmp_path / "host", *groups), bundle, None, None)


@pytest.mark.parametrize("group", ["Staging", "test", "README", "../environments/Test", "{{ x }}"])
def test_a_group_without_a_file_is_told_which_there_are(bundle: Path, group: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        context.from_environ({}, bundle, group, None)
    assert caught.value.where == "k8s/environments"
    assert caught.value.problems == (f'there is no environment for the deployment group "{group}"',)
    hint = f"there are Production, Test, eu.west 1; adding one is adding {group}.yaml"
    assert caught.value.hint == hint


def test_a_group_without_a_file_in_an_empty_bundle_is_told_that_there_are_none(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match="there are none; adding one is"):
        context.from_environ(AGENT, tmp_path, None, None)


def test_a_group_may_have_any_name_that_a_file_can_have(bundle: Path) -> None:
    found = context.from_environ({}, bundle, "eu.west 1", None)
    assert found.environment_file == bundle / "k8s" / "environments" / "eu.west 1.yaml"
    assert found.environment_file.exists()


@pytest.mark.parametrize("given", ["d-ABCDEF123", "9", "deploy_7", "a" * 100])
def test_an_id_of_a_deployment_names_its_directory(bundle: Path, given: str) -> None:
    environ = AGENT | {"DEPLOYMENT_ID": given, "WPDEPLOY_ROOT": "/srv"}
    found = context.from_environ(environ, bundle, None, None)
    assert found.group_directory == Path("/srv/var/lib/wpdeploy/Test")
    assert found.state_directory == Path("/srv/var/lib/wpdeploy/Test") / given


@pytest.mark.parametrize(
    "given", ["..", ".", "/", "../d-1", "d/1", "-d", "_d", "d 1", "d\n", "d\0", "\u00e9", "a" * 101]
)
def test_an_id_that_could_lead_out_of_its_directory_is_refused(bundle: Path, given: str) -> None:
    with pytest.raises(UsageError) as caught:
        context.from_environ(AGENT | {"DEPLOYMENT_ID": given}, bundle, None, None)
    assert str(caught.value) == f'DEPLOYMENT_ID: "{given[:80]}" is no id of a deployment'


@pytest.mark.parametrize("environ", [{}, {"WPDEPLOY_ROOT": ""}])
def test_without_another_root_the_state_is_in_var_lib(
    bundle: Path, environ: Mapping[str, str]
) -> None:
    found = context.from_environ(environ, bundle, "Test", None)
    assert found.state_directory == Path("/var/lib/wpdeploy/Test/by-hand")


def test_a_path_of_the_bundle_is_shown_as_seen_from_the_bundle(bundle: Path) -> None:
    found = context.from_environ(AGENT, bundle, None, None)
    assert found.shown(found.environment_file) == "k8s/environments/Test.yaml"
    assert found.shown(found.release_file) == "release.json"


def test_a_path_beside_the_bundle_is_shown_whole(bundle: Path) -> None:
    found = context.from_environ(AGENT, bundle, None, None)
    assert found.shown(Path("/etc/wpdeploy/kubeconfig")) == "/etc/wpdeploy/kubeconfig"
    beside = Path(f"{bundle}-2/release.json")
    assert found.shown(beside) == str(beside)
