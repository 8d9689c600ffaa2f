"""The API server killed and started again: the deployment still ends right.

On a control plane of its own: after a kill its controllers are slow for half a minute.
"""

from collections.abc import Iterator

import pytest

from sandbox.kubelet import Player
from tests.cluster.conftest import boot_own, play
from tests.cluster.control_plane import ControlPlane
from tests.cluster.site import Site, running, until


@pytest.fixture
def access() -> None:
    """Its control plane has no webhook that would know the tokens of EKS."""


@pytest.fixture
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    yield from boot_own(tmp_path_factory)


@pytest.fixture
def player(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    yield from play(plane, tmp_path_factory)


def test_the_api_server_killed_in_mid_rollout(plane: ControlPlane, site: Site) -> None:
    site.deployed()
    site.release("slow", digest="b")
    assert site.deploy(["render", "apply"]).code == 0
    with running(site.start("validate", "-v")) as process:
        assert process.stdout is not None
        until(lambda: "watch=true" in process.stdout.readline())  # type: ignore[union-attr]
        plane.stop_apiserver()
        plane.start_apiserver()
        output, _ = process.communicate(timeout=90)
    assert process.returncode == 0, output
    assert "ready 3/3" in output.splitlines()[-1]


def test_the_api_server_killed_before_an_apply(plane: ControlPlane, site: Site) -> None:
    assert site.run("render").code == 0
    plane.stop_apiserver()
    with running(site.start("apply")) as process:
        assert process.stdout is not None
        until(lambda: "trying again" in process.stdout.readline())  # type: ignore[union-attr]
        plane.start_apiserver()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert site.run("validate").code == 0
