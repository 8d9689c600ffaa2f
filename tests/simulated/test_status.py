"""tests/cluster/test_status.py on the simulated API server."""

from tests.cluster.test_status import *  # noqa: F403  # its tests and fixtures are all there is
