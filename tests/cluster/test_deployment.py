"""A deployment from its first step to its last, on a real control plane, as a restricted user."""

from tests.cluster.site import Site


def test_a_healthy_deployment_succeeds(site: Site) -> None:
    result = site.deployed()
    assert "ready 3/3" in result.block[0]
    assert len(site.pods()) == 3
