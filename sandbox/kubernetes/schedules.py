"""A CronJob's schedule: the times that five fields of text name. Pure."""

from datetime import datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# No schedule is silent for longer: it may name the 29th of February.
_LONGEST = timedelta(days=366 * 8)


class ScheduleError(ValueError):
    """It is no schedule."""


class Schedule:
    """The minutes, hours, days, months and weekdays of a schedule."""

    def __init__(self, text: str) -> None:
        fields = _MACROS.get(text, text).split()
        if len(fields) != len(_RANGES):
            raise ScheduleError(f"Expected exactly 5 fields, found {len(fields)}: {text}")
        pairs = zip(fields, _RANGES, strict=True)
        self._sets = [_numbers(field, *bounds) for field, bounds in pairs]
        self._any_day = [field.startswith(("*", "?")) for field in (fields[2], fields[4])]

    def after(self, moment: datetime) -> datetime | None:
        """The first time after a moment; None where there is none."""
        found = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = moment + _LONGEST
        minutes, hours, _, months, _ = self._sets
        while found < end:
            if found.month not in months or not self._is_day(found):
                found = found.replace(hour=0, minute=0) + timedelta(days=1)
            elif found.hour not in hours:
                found = found.replace(minute=0) + timedelta(hours=1)
            elif found.minute not in minutes:
                found += timedelta(minutes=1)
            else:
                return found
        return None

    def _is_day(self, moment: datetime) -> bool:
        """Of days of the month and of the week, either will do where both are named."""
        hits = [moment.day in self._sets[2], moment.isoweekday() % 7 in self._sets[4]]
        return all(hits) if any(self._any_day) else any(hits)


def _numbers(field: str, least: int, most: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        low, dash, high = span.partition("-")
        try:
            first = least if low in ("*", "?") else int(low)
            last = int(high) if dash else most if slash or low in ("*", "?") else first
            stride = int(step) if slash else 1
        except ValueError as error:
            raise ScheduleError(f"Failed to parse int from {part}") from error
        if first < least or last > most or first > last or stride < 1:
            raise ScheduleError(f"{part} is not between {least} and {most}")
        found |= set(range(first, last + 1, stride))
    return found
