"""The machine's clock."""

import time

from wpdeploy.clock import Clock


def test_it_is_the_monotonic_clock() -> None:
    before, now, after = time.monotonic(), Clock().monotonic(), time.monotonic()

    assert before <= now <= after


def test_sleeping_takes_the_time_it_should() -> None:
    clock = Clock()
    start = clock.monotonic()

    clock.sleep(0.001)

    assert clock.monotonic() - start >= 0.001
