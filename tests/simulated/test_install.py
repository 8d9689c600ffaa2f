"""tests/cluster/test_install.py on the simulated API server."""

from tests.cluster.test_install import *  # noqa: F403  # its tests and fixtures are all there is
