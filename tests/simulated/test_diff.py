"""tests/cluster/test_diff.py on the simulated API server."""

from tests.cluster.test_diff import *  # noqa: F403  # its tests and fixtures are all there is
