"""Time, from outside: the one place where wpdeploy waits."""

import time


class Clock:
    """The machine's monotonic clock; tests bring one of their own."""

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(seconds)
