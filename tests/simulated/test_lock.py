"""tests/cluster/test_lock.py on the simulated API server."""

from tests.cluster.test_lock import *  # noqa: F403  # its tests and fixtures are all there is
