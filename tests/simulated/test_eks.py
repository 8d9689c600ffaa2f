"""tests/cluster/test_eks.py on the simulated API server."""

from tests.cluster.test_eks import *  # noqa: F403  # its tests and fixtures are all there is
