"""What both API servers say of the resources that the simulated one has."""

from collections.abc import Callable

import pytest

from tests.differential.api import Api, Json, differences
from tests.differential.conftest import Pair

pytestmark = pytest.mark.cluster

GROUPS = (
    "apps", "batch", "policy", "networking.k8s.io", "autoscaling", "discovery.k8s.io",
    "coordination.k8s.io", "rbac.authorization.k8s.io", "authorization.k8s.io",
    "storage.k8s.io",
)  # fmt: skip


def entries(api: Api, path: str) -> dict[str, Json]:
    """The resources at a path by their names, without the real server's own bookkeeping."""
    found = api.get(path)["resources"]
    return {
        each["name"]: {key: each[key] for key in each if key != "storageVersionHash"}
        for each in found
    }


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_resources_are_described_alike(
    group: str, pair: Pair, tally: Callable[[int, int], None]
) -> None:
    real, simulated = pair
    versions = simulated.get(f"/apis/{group}")["versions"] if group else [{"version": "v1"}]
    for version in versions:
        path = f"/apis/{version['groupVersion']}" if group else "/api/v1"
        wanted, given = entries(real, path), entries(simulated, path)
        tally(1, 0)
        assert differences({name: wanted.get(name) for name in given}, given) == []
