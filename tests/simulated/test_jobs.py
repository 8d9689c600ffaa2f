"""tests/cluster/test_jobs.py on the simulated API server."""

from tests.cluster.test_jobs import *  # noqa: F403  # its tests and fixtures are all there is
