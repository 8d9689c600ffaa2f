"""tests/cluster/test_verdicts.py on the simulated API server."""

from tests.cluster.test_verdicts import *  # noqa: F403  # its tests and fixtures are all there is
