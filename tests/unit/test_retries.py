"""Which failures are tried again, how often, and how long in between."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.unit.wire import FakeClock
from wpdeploy.errors import ClusterError
from wpdeploy.retries import ATTEMPTS, Transient, backoff, retrying


class Failing:
    """Fails in the ways given, one a call, and then answers; counts its calls."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = iter(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        for failure in self._failures:
            raise failure
        return "done"


def _run(call: Callable[[], str]) -> tuple[str, list[float], list[str]]:
    """What the call came to, what was slept, what was told."""
    clock, notices = FakeClock(), list[str]()
    return retrying(clock, notices.append)(call), clock.slept, notices


def _busy(retry_after: float | None = None) -> Transient:
    return Transient(ClusterError("API server", "is busy"), retry_after)


def test_what_succeeds_at_once_neither_waits_nor_says_anything() -> None:
    assert _run(Failing()) == ("done", [], [])


def test_a_transient_failure_is_tried_again_and_told() -> None:
    assert _run(Failing(_busy(), _busy())) == (
        "done",
        [0.25, 0.5],
        [
            "trying again (1 of 8): API server: is busy",
            "trying again (2 of 8): API server: is busy",
        ],
    )


def test_the_last_failure_is_raised_as_what_it_is() -> None:
    clock, causes = FakeClock(), [ClusterError("API server", f"no {n}") for n in range(ATTEMPTS)]
    call = Failing(*map(Transient, causes))

    with pytest.raises(ClusterError) as caught:
        retrying(clock, lambda _: None)(call)

    assert caught.value is causes[-1]
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


@pytest.mark.parametrize("failure", [ValueError("odd"), ClusterError("API server", "refuses")])
def test_any_other_failure_is_raised_at_once(failure: Exception) -> None:
    call = Failing(failure)

    with pytest.raises(type(failure)) as caught:
        _run(call)

    assert (caught.value, call.calls) == (failure, 1)


@pytest.mark.parametrize(
    ("asked", "slept"),
    [(None, 0.25), (0.0, 0.0), (3.0, 3.0), (30.0, 30.0), (86400.0, 30.0)],
)
def test_a_retry_after_is_obeyed_up_to_half_a_minute(asked: float | None, slept: float) -> None:
    assert _run(Failing(_busy(asked)))[1] == [slept]


def test_after_a_retry_after_the_backoff_goes_on_where_it_would_be() -> None:
    assert _run(Failing(_busy(), _busy(3.0), _busy()))[1] == [0.25, 3.0, 1.0]


def test_the_backoff_doubles_up_to_eight_seconds_however_long_it_goes_on() -> None:
    attempts = zip(range(9), map(backoff, count(1)), strict=False)

    assert [wait for _, wait in attempts] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


def test_a_transient_failure_reads_like_its_cause() -> None:
    assert str(_busy()) == "API server: is busy"
