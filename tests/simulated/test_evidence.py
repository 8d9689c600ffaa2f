"""tests/cluster/test_evidence.py on the simulated API server."""

from tests.cluster.test_evidence import *  # noqa: F403  # its tests and fixtures are all there is
