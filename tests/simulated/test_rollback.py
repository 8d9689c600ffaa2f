"""tests/cluster/test_rollback.py on the simulated API server."""

from tests.cluster.test_rollback import *  # noqa: F403  # its tests and fixtures are all there is
