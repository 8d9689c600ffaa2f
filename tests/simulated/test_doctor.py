"""tests/cluster/test_doctor.py on the simulated API server."""

from tests.cluster.test_doctor import *  # noqa: F403  # its tests are all there is
