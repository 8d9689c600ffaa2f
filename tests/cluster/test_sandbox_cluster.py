"""`python -m sandbox --kubeconfig FILE`: the same deployment on a real control plane."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox.site import ROOT
from tests.cluster.conftest import boot_own
from tests.cluster.control_plane import ControlPlane


@pytest.fixture
def own_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Without nodes: the sandbox brings them."""
    yield from boot_own(tmp_path_factory)


def test_a_failing_release_follows_a_healthy_one(own_plane: ControlPlane) -> None:
    kubeconfig = str(own_plane.admin_kubeconfig)
    command = [sys.executable, "-m", "sandbox", "--kubeconfig", kubeconfig, "--tag", "badpull"]
    found = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 7, found.stdout + found.stderr
    healthy, failing = found.stdout.split("image tag badpull")
    assert "ready 3/3" in healthy
    assert "ErrImagePull" in failing
