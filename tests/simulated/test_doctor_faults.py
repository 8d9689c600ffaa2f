"""tests/cluster/test_doctor_faults.py on the simulated API server."""

from tests.cluster.test_doctor_faults import *  # noqa: F403  # its tests and fixtures are all there is
