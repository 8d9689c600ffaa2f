"""How long something took, as people say it."""

from datetime import timedelta

import pytest

from wpdeploy import ages

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.9, "0 s"),
        (2 * MINUTE - 1, "119 s"),
        (2 * MINUTE, "2 min"),
        (2 * HOUR - 1, "119 min"),
        (2 * HOUR, "2 h"),
        (2 * DAY - 1, "47 h"),
        (2 * DAY, "2 d"),
        (400 * DAY, "400 d"),
    ],
)
def test_a_span_is_told_in_its_largest_unit_of_which_there_are_two(
    seconds: float, told: str
) -> None:
    assert ages.told(timedelta(seconds=seconds)) == told
