"""When a call to AWS or to the API server is tried again: one policy for both.

Eight attempts, 0.25 s doubling to 8 s between them, about 24 s in all: enough for an API server
that restarts or a throttled account. A Retry-After is obeyed, up to half a minute.
"""

from collections.abc import Callable
from typing import cast

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from wpdeploy.clock import Clock

ATTEMPTS = 8
_FIRST, _LONGEST = 0.25, 8.0
_LONGEST_ASKED_FOR = 30.0


class Transient(Exception):
    """A failure that may pass; `cause` is what to raise when it does not."""

    def __init__(self, cause: Exception, retry_after: float | None = None) -> None:
        self.cause = cause
        self.retry_after = retry_after
        super().__init__(str(cause))


def backoff(attempt: int) -> float:
    """Seconds to wait after the attempt of that number (from 1)."""
    return float(min(_LONGEST, _FIRST * 2 ** (attempt - 1)))


def retrying(clock: Clock, notice: Callable[[str], None], attempts: int = ATTEMPTS) -> Retrying:
    """A tenacity loop over Transient errors; the last one's `cause` is raised as it is."""

    def tell(state: RetryCallState) -> None:
        notice(f"trying again ({state.attempt_number} of {attempts}): {_transient(state)}")

    def give_up(state: RetryCallState) -> None:
        raise _transient(state).cause

    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, Transient)),
        stop=stop_after_attempt(attempts),
        wait=_wait,
        sleep=clock.sleep,
        before_sleep=tell,
        retry_error_callback=give_up,
    )


def _wait(state: RetryCallState) -> float:
    asked = _transient(state).retry_after
    return backoff(state.attempt_number) if asked is None else min(asked, _LONGEST_ASKED_FOR)


def _transient(state: RetryCallState) -> Transient:
    # `retry` lets nothing else come here.
    return cast("Transient", state.outcome and state.outcome.exception())
