"""tests/cluster/test_records.py on the simulated API server."""

from tests.cluster.test_records import *  # noqa: F403  # its tests and fixtures are all there is
