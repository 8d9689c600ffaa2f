"""tests/cluster/test_deployment.py on the simulated API server."""

from tests.cluster.test_deployment import *  # noqa: F403  # its tests and fixtures are all there is
