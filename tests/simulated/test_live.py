"""tests/cluster/test_live.py on the simulated API server."""

from tests.cluster.test_live import *  # noqa: F403  # its tests and fixtures are all there is
