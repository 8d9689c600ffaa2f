"""tests/cluster/test_eks_refusals.py on the simulated API server."""

from tests.cluster.test_eks_refusals import *  # noqa: F403  # its tests and fixtures are all there is
