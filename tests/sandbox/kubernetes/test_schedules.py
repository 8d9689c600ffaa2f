from datetime import UTC, datetime

import pytest

from sandbox.kubernetes.schedules import Schedule, ScheduleError

SUNDAY = datetime(2026, 11, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("* * * * *", "2026-11-01T12:01"),
        ("*/5 * * * *", "2026-11-01T12:05"),
        ("0 * * * *", "2026-11-01T13:00"),
        ("@hourly", "2026-11-01T13:00"),
        ("@daily", "2026-11-02T00:00"),
        ("30 4 * * *", "2026-11-02T04:30"),
        ("0 12 * * 1-5", "2026-11-02T12:00"),
        ("0 12 * * 0", "2026-11-08T12:00"),
        ("15,45 12-13 * * *", "2026-11-01T12:15"),
        ("0 0 31 * *", "2026-12-31T00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        # Of a day of the month and a day of the week either will do.
        ("0 0 10 * 3", "2026-11-04T00:00"),
    ],
)
def test_the_next_time(text: str, following: str) -> None:
    expected = datetime.fromisoformat(following).replace(tzinfo=UTC)
    assert Schedule(text).after(SUNDAY) == expected


def test_a_day_that_never_comes() -> None:
    assert Schedule("0 0 30 2 *").after(SUNDAY) is None


@pytest.mark.parametrize("text", ["", "x", "* * * *", "60 * * * *", "a * * * *", "5-1 * * * *"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule(text)
