"""The steps on a cluster of EKS: `render` asks where it is, the later ones only sign."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws import BASTION, REGION, Aws, role_arn
from sandbox.certificates import Authority
from sandbox.eks import AccessEntry, Authenticator
from tests.unit.apply_server import ApplyServer
from tests.unit.bundle import ENVIRONMENT, Bundle
from tests.unit.eks_cluster import cluster_at
from tests.unit.scripted_api import ScriptedApi
from tests.unit.wire import Server, forget_surroundings
from wpdeploy import state
from wpdeploy.errors import ClusterError, ConfigurationError, Exit
from wpdeploy.steps import apply, render, validate


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS with the parameters of the bundle."""
    forget_surroundings(monkeypatch)
    with Aws() as started:
        for name, value in started.environ.items():
            monkeypatch.setenv(name, value)
        started.put_parameters("/blog", {"host": ("db", False), "password": ("hunter22", True)})
        yield started


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def api() -> Iterator[ApplyServer]:
    with ApplyServer() as started:
        yield started


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    made = Bundle(tmp_path, "http://127.0.0.1:1")
    environment = ENVIRONMENT.replace("kubeconfig: {kubeconfig}", "eks: blog")
    made.write("k8s/environments/Test.yaml", environment.format())
    return made


def _users(account: Aws, server: Server) -> set[str]:
    """Who asked the server, by their tokens; EKS must know all of them."""
    authenticator = Authenticator(account, "blog", [AccessEntry(role_arn(BASTION), ("wpdeploy",))])
    tokens = {seen.headers["authorization"].removeprefix("Bearer ") for seen in server.received}
    return {authenticator.review(token).name for token in tokens}


def test_render_finds_the_cluster_and_signs_in_as_the_bastion(
    bundle: Bundle, account: Aws, api: ApplyServer, authority: Authority
) -> None:
    account.put_cluster("blog", (api.url, authority.file))
    assert bundle.run(render.run).exit is Exit.SUCCESS

    assert state.required(bundle.context).target.cluster == cluster_at(api.url, authority)
    (user,) = _users(account, api)
    assert f":assumed-role/{BASTION}/" in user


def test_apply_asks_aws_nothing_any_more(
    bundle: Bundle,
    account: Aws,
    api: ApplyServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account.put_cluster("blog", (api.url, authority.file))
    bundle.run(render.run)
    with Server() as deserted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", deserted.url)
        assert bundle.run(apply.run).exit is Exit.SUCCESS

    assert deserted.received == []
    assert len(_users(account, api)) == 1


def test_validate_by_hand_finds_the_cluster_itself(
    bundle: Bundle, account: Aws, authority: Authority
) -> None:
    with ScriptedApi() as api:
        account.put_cluster("blog", (api.url, authority.file))
        assert bundle.run(validate.run).sentence == "Deployment site: ready 1/1"
        assert len(_users(account, api)) == 1


def test_a_cluster_that_is_still_being_made_ends_render_before_anything_is_made(
    bundle: Bundle, account: Aws
) -> None:
    account.put_cluster("blog")
    with pytest.raises(ClusterError, match="EKS cluster blog: does not serve"):
        bundle.run(render.run)
    assert state.read(bundle.context) is None


def test_without_a_region_no_cluster_is_looked_for(
    bundle: Bundle, account: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    account.put_cluster("blog")
    environment = bundle.context.environment_file
    environment.write_text(environment.read_text().replace(f"region: {REGION}\n", ""))
    with pytest.raises(ConfigurationError, match="region: neither the environment file nor"):
        bundle.run(validate.run)
