"""tests/cluster/test_killed.py on the simulated API server, with a hundred kills."""

import pytest

from tests.cluster.test_killed import (
    Scale,
    test_a_deployment_after_a_killed_one_ends_like_an_undisturbed_one,
)

__all__ = ["test_a_deployment_after_a_killed_one_ends_like_an_undisturbed_one"]


@pytest.fixture
def scale() -> Scale:
    return Scale(sites=10, kills=10)
