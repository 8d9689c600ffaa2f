"""Points in time and durations, in the forms that Kubernetes writes."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


def seconds(moment: datetime) -> str:
    """Write a Time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def microseconds(moment: datetime) -> str:
    """Write a MicroTime; old API servers refuse one without its fraction."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def nanoseconds(moment: datetime) -> str:
    """Write the time of a log line."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def go_duration(total: int) -> str:
    """Write whole seconds as Go prints a duration: 10s, 1m20s."""
    minutes, rest = divmod(total, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
