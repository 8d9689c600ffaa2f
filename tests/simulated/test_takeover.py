"""tests/cluster/test_takeover.py on the simulated API server."""

from tests.cluster.test_takeover import *  # noqa: F403  # its tests and fixtures are all there is
