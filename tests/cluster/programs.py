"""The programs of a control plane, for tests that want them."""

import os
from pathlib import Path

import pytest

from tests.cluster import control_plane


def programs() -> Path:
    """The programs of a control plane, or the reason why there are none."""
    found = control_plane.find()
    if found is None:
        # In CI what is missing is a failure: a skipped test would look like a passed one.
        require = pytest.fail if os.environ.get("CI") else pytest.skip
        require(control_plane.how_to_get())
    return found
