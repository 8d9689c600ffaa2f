"""tests/cluster/test_interruptions.py on the simulated API server."""

from tests.cluster.test_interruptions import *  # noqa: F403  # its tests and fixtures are all there is
