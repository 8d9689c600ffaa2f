"""tests/cluster/test_smoke.py on the simulated API server."""

from tests.cluster.test_smoke import *  # noqa: F403  # its tests and fixtures are all there is
