"""tests/cluster/test_bootstrap.py on the simulated API server."""

from tests.cluster.test_bootstrap import *  # noqa: F403  # its tests and fixtures are all there is
