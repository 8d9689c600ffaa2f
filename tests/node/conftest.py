"""A world with one real node, for a module: registry, control plane, node, AWS, sites in it."""

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.aws import Aws
from sandbox.netns import NetworkNamespaceError, enter_network_namespace
from tests.cluster.control_plane import ControlPlane
from tests.cluster.programs import programs
from tests.cluster.site import PlaneSite
from tests.node import node as real_node
from tests.node.images import BUSYBOX, Images
from tests.node.node import Node
from tests.node.registry import PROGRAM, Registry

_NUMBERS = itertools.count(1)


class World(NamedTuple):
    """What the tests of a module share."""

    plane: ControlPlane
    node: Node
    aws: Aws
    images: Images


class NodeSite(PlaneSite):
    """A site on the real node, of images that are really built and pulled."""

    def __init__(self, world: World, namespace: str, directory: Path) -> None:
        self.world = world
        super().__init__(world.plane, world.aws, namespace, directory)

    def image(self, tag: str, digest: str) -> str:  # noqa: ARG002  # the registry tells it
        """The reference of the image of that name."""
        return self.world.images.reference(tag)


def _required(missing: list[str]) -> None:
    """Skip where a program is missing; in CI that is a failure: a skip would look like a pass."""
    if missing:
        require = pytest.fail if os.environ.get("CI") else pytest.skip
        require(f"a real node needs {', '.join(missing)}: CONTRIBUTING.md says how to get them")


def _missing(binaries: Path) -> list[str]:
    found = [name for name in ("podman",) if not shutil.which(name)]
    files = [path for path in (PROGRAM, BUSYBOX) if not Path(path).exists()]
    return real_node.missing(binaries) + found + files


@pytest.fixture(scope="module")
def alone() -> Iterator[None]:
    """One kubelet at a time on the machine: each ends the containers of pods it does not know."""
    with (Path(tempfile.gettempdir()) / "wpdeploy-kubelet.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def world(alone: None) -> Iterator[World]:  # noqa: ARG001
    binaries = programs()
    _required(_missing(binaries))
    with ExitStack() as stack:
        # Short: the paths of sockets have a limit of a hundred bytes or so.
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="node-")))
        try:
            stack.enter_context(enter_network_namespace(None))
        except NetworkNamespaceError as error:
            _required([f"a network namespace ({error})"])
        registry = stack.enter_context(Registry(directory / "registry"))
        images = stack.enter_context(Images(directory / "podman", registry.address))
        pause = images.reference("pause").partition("@")[0]
        plane = stack.enter_context(ControlPlane.start(binaries, directory / "plane"))
        aws = stack.enter_context(Aws())
        node = Node(plane, binaries, directory / "node", registry.address, pause)
        yield World(plane, stack.enter_context(node), aws, images)


@pytest.fixture
def site(world: World, tmp_path: Path) -> Iterator[NodeSite]:
    made = NodeSite(world, f"site-{next(_NUMBERS)}", tmp_path / "site")
    made.found()
    yield made
    world.plane.admin.request("DELETE", f"{world.plane.url}/api/v1/namespaces/{made.namespace}")
