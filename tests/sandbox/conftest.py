"""What the tests of the stand-ins for AWS share."""

from collections.abc import Iterator

import pytest

from sandbox.aws import Aws


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with Aws() as started:
        yield started
